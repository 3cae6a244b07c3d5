/// A box of voxels: a half-open range along each axis.
public struct VoxelBox: Sendable, Equatable {
  /// The range along each axis, slowest first.
  public let ranges: Axes3<Range<Int>>

  /// Creates a box from its ranges.
  public init(_ ranges: Axes3<Range<Int>>) {
    self.ranges = ranges
  }

  /// Creates a box from its first voxel and its voxels along each axis.
  public init(corner: Axes3<Int>, shape: Axes3<Int>) {
    self.init(Axes3(0, 1, 2).map { corner[$0]..<corner[$0] + shape[$0] })
  }

  /// The whole of a grid.
  public init(wholeOf shape: Axes3<Int>) {
    self.init(shape.map { 0..<$0 })
  }

  /// Voxels along each axis.
  public var shape: Axes3<Int> { ranges.map(\.count) }

  /// The box's first voxel.
  public var corner: Axes3<Int> { ranges.map(\.lowerBound) }

  /// Whether a voxel lies inside.
  public func contains(_ voxel: Axes3<Int>) -> Bool {
    (0..<3).allSatisfy { ranges[$0].contains(voxel[$0]) }
  }

  /// Whether the boxes share a voxel.
  public func overlaps(_ other: VoxelBox) -> Bool {
    (0..<3).allSatisfy { ranges[$0].overlaps(other.ranges[$0]) }
  }

  /// The smallest box that holds both; neither is empty.
  public func union(_ other: VoxelBox) -> VoxelBox {
    VoxelBox(
      Axes3(0, 1, 2).map { axis in
        let (first, second) = (ranges[axis], other.ranges[axis])
        return min(first.lowerBound, second.lowerBound)..<max(first.upperBound, second.upperBound)
      })
  }

  /// The voxels of the box that lie in another, which may be none.
  public func clamped(to other: VoxelBox) -> VoxelBox {
    VoxelBox(Axes3(0, 1, 2).map { ranges[$0].clamped(to: other.ranges[$0]) })
  }

  /// The box moved by a number of voxels along each axis.
  public func moved(by offset: Axes3<Int>) -> VoxelBox {
    VoxelBox(
      Axes3(0, 1, 2).map { ranges[$0].lowerBound + offset[$0]..<ranges[$0].upperBound + offset[$0] })
  }

  /// Finds the smallest box around all voxels that are not zero.
  ///
  /// - Parameters:
  ///   - voxels: Grey values, axis 2 fastest.
  ///   - shape: Voxels along each axis.
  /// - Returns: The box, or `nil` when every voxel is zero.
  public static func aroundNonzero(_ voxels: [Float], shape: Axes3<Int>) -> VoxelBox? {
    precondition(voxels.count == shape.product, "one grey value for each voxel")
    var parts = [Bounds?](repeating: nil, count: shape.axis0)
    voxels.withUnsafeBufferPointer { all in
      parts.withUnsafeMutableBufferPointer { parts in
        nonisolated(unsafe) let parts = parts
        Parallel.forEach(shape.axis0) { slice in
          let size = shape.axis1 * shape.axis2
          parts[slice] = Bounds(
            UnsafeBufferPointer(rebasing: all[slice * size..<(slice + 1) * size]), rowLength: shape.axis2)
        }
      }
    }
    let filled = parts.indices.filter { parts[$0] != nil }
    guard let first = filled.first, let last = filled.last else { return nil }
    let bounds = parts.compactMap { $0 }.reduce(Bounds.none) { $0.union($1) }
    return VoxelBox(Axes3(first..<last + 1, bounds.rows, bounds.columns))
  }

  /// Finds the smallest box within another that leaves out only planes on its six sides that hardly show anything: with
  /// fewer voxels above a value than a share of the plane.
  ///
  /// - Parameters:
  ///   - voxels: Grey values, axis 2 fastest.
  ///   - shape: Voxels along each axis.
  ///   - box: The box to look at.
  ///   - value: The grey value.
  ///   - share: The share of a plane, 0 to 1.
  /// - Returns: The box, or `nil` when every plane along an axis is left out.
  public static func aroundBright(
    _ voxels: [Float], shape: Axes3<Int>, in box: VoxelBox, above value: Float, share: Double
  ) -> VoxelBox? {
    precondition(voxels.count == shape.product, "one grey value for each voxel")
    let size = box.shape
    let slices = Parallel.split(box.ranges.axis0, into: Parallel.width)
    // For each piece of the slices: how many voxels are bright in each slice, row and column.
    var counts = [Axes3<[Int32]>](repeating: size.map { [Int32](repeating: 0, count: $0) }, count: slices.count)
    voxels.withUnsafeBufferPointer { all in
      counts.withUnsafeMutableBufferPointer { counts in
        nonisolated(unsafe) let counts = counts
        Parallel.forEach(slices.count) { piece in
          var columns = counts[piece].axis2
          for slice in slices[piece] {
            var inSlice: Int32 = 0
            for row in box.ranges.axis1 {
              let first = shape.offset(of: Axes3(slice, row, box.corner.axis2))
              var inRow: Int32 = 0
              for column in columns.indices {
                let isBright: Int32 = all[first + column] > value ? 1 : 0
                columns[column] += isBright
                inRow += isBright
              }
              counts[piece].axis1[row - box.corner.axis1] += inRow
              inSlice += inRow
            }
            counts[piece].axis0[slice - box.corner.axis0] = inSlice
          }
          counts[piece].axis2 = columns
        }
      }
    }
    let ranges = Axes3(0, 1, 2).map { axis -> Range<Int> in
      let least = share * Double(size.product / size[axis])
      let shown = (0..<size[axis]).filter { place in
        Double(counts.reduce(0) { $0 + Int($1[axis][place]) }) >= max(least, 1)
      }
      guard let first = shown.first, let last = shown.last else { return 0..<0 }
      return box.corner[axis] + first..<box.corner[axis] + last + 1
    }
    return ranges.array.contains(where: \.isEmpty) ? nil : VoxelBox(ranges)
  }

  /// The box with a margin on each side.
  ///
  /// - Parameter margin: Voxels along each axis.
  /// - Returns: The larger box, which may reach beyond the grid.
  public func grown(by margin: Axes3<Int>) -> VoxelBox {
    VoxelBox(
      Axes3(0, 1, 2).map { ranges[$0].lowerBound - margin[$0]..<ranges[$0].upperBound + margin[$0] })
  }

  /// The rows and columns of a slice in which something is not zero.
  private struct Bounds {
    var rows: Range<Int>
    var columns: Range<Int>

    /// The neutral element of `union`.
    static var none: Bounds { Bounds(rows: .max..<Int.max, columns: .max..<Int.max) }

    init(rows: Range<Int>, columns: Range<Int>) {
      self.rows = rows
      self.columns = columns
    }

    init?(_ slice: UnsafeBufferPointer<Float>, rowLength: Int) {
      var (firstRow, lastRow, firstColumn, lastColumn) = (Int.max, -1, Int.max, -1)
      for row in 0..<slice.count / rowLength {
        let values = UnsafeBufferPointer(rebasing: slice[row * rowLength..<(row + 1) * rowLength])
        var column = 0
        while column < rowLength && values[column] == 0 { column += 1 }
        guard column < rowLength else { continue }
        firstRow = min(firstRow, row)
        lastRow = row
        firstColumn = min(firstColumn, column)
        var end = rowLength - 1
        while end > lastColumn && values[end] == 0 { end -= 1 }
        lastColumn = max(lastColumn, end)
      }
      guard lastRow >= 0 else { return nil }
      self.init(rows: firstRow..<lastRow + 1, columns: firstColumn..<lastColumn + 1)
    }

    func union(_ other: Bounds) -> Bounds {
      func joined(_ first: Range<Int>, _ second: Range<Int>) -> Range<Int> {
        if first.isEmpty { return second }
        return min(first.lowerBound, second.lowerBound)..<max(first.upperBound, second.upperBound)
      }
      return Bounds(rows: joined(rows, other.rows), columns: joined(columns, other.columns))
    }
  }
}
