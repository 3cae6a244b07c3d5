import Volume

/// Turns final logits on the padded grid into labels on the scan's grid, slice by slice along the network's axis 0:
/// padding undone, resampled back, largest class taken, turned back.
///
/// Nearly all of a scan is background. Where background is the largest class in all eight voxels round a place, so it is
/// between them: only places where it is not are resampled, with the values that resampling everything gives.
struct SliceLabeller: Sendable {
  /// The scan's way to the network's grid.
  let geometry: ScanGeometry
  /// The voxels of the crop box that are labelled.
  let box: VoxelBox
  /// Clicks that act on the logits, if any.
  let negativeClicks: NegativeClicks?
  /// From `source` to `box`.
  private let resampler: TrilinearResampler
  /// The voxels of the resampled grid that the box's labels depend on.
  private let source: VoxelBox

  /// By how much background must lead over another class, as a share of what both are, so that rounding cannot take the
  /// lead away: a value between eight others has some ten roundings of 6e-8.
  private static let roundingShare: Float = 1e-5

  /// Prepares to label a box.
  ///
  /// - Parameters:
  ///   - geometry: The scan's way to the network's grid.
  ///   - box: The voxels of the crop box that are labelled, at least one.
  ///   - negativeClicks: Clicks that act on the logits, if any.
  init(geometry: ScanGeometry, box: VoxelBox, negativeClicks: NegativeClicks?) {
    self.geometry = geometry
    self.box = box
    self.negativeClicks = negativeClicks
    (resampler, source) = TrilinearResampler(from: geometry.resampledShape, to: geometry.cropShape).part(box)
  }

  /// The voxels of the padded grid that the box's labels depend on.
  var region: VoxelBox { source.moved(by: geometry.padLow) }

  /// The last plane of the padded grid that a slice of the crop box lies on or under.
  func lastPlane(ofSlice slice: Int) -> Int {
    resampler.inputRange(ofSlab: slice - box.corner.axis0).upperBound - 1 + region.corner.axis0
  }

  /// Labels slices.
  ///
  /// - Parameters:
  ///   - slices: Slices of the crop box within `box`, all of whose planes are final and held.
  ///   - accumulator: The logits of `region`.
  ///   - labels: The labels of the whole stored scan; those of the slices' voxels in `box` are set.
  /// - Returns: The voxels that negative clicks may change.
  func label(
    slices: Range<Int>, from accumulator: LogitAccumulator, into labels: UnsafeMutablePointer<UInt8>
  ) -> [NegativeClicks.Candidate] {
    let slabs = slices.lowerBound - box.corner.axis0..<slices.upperBound - box.corner.axis0
    let planes =
      resampler.inputRange(ofSlab: slabs.lowerBound)
      .lowerBound..<resampler.inputRange(ofSlab: slabs.upperBound - 1).upperBound
    let undecided = UndecidedColumns(planes: planes, of: accumulator, roundingShare: Self.roundingShare)
    var found = [[NegativeClicks.Candidate]](repeating: [], count: slices.count)
    found.withUnsafeMutableBufferPointer { found in
      nonisolated(unsafe) let found = found
      nonisolated(unsafe) let labels = labels
      Parallel.forEach(slices.count) { place in
        found[place] = label(
          slab: slabs.lowerBound + place, from: accumulator, undecided: undecided, into: labels)
      }
    }
    return found.flatMap { $0 }
  }

  private func label(
    slab: Int, from accumulator: LogitAccumulator, undecided: UndecidedColumns,
    into labels: UnsafeMutablePointer<UInt8>
  ) -> [NegativeClicks.Candidate] {
    let layout = geometry.cropLayout
    let slice = box.corner.axis0 + slab
    let (columns, firstPlane) = (box.ranges.axis2, region.corner.axis0)
    let planes = resampler.inputRange(ofSlab: slab)
    var found: [NegativeClicks.Candidate] = []
    var best = LargestClass(columns: columns.count)
    // A row of each class, and room to resample one.
    let room = UnsafeMutablePointer<Float>.allocate(capacity: (accumulator.classes + 2) * columns.count)
    defer { room.deallocate() }
    for (place, row) in box.ranges.axis1.enumerated() {
      let clicked = negativeClicks?.columns(slice: slice, row: row, within: columns) ?? []
      var wanted = resampler.outputColumns(
        dependingOn: undecided.columns(planes: planes, rows: resampler.inputRange(ofRow: place)))
      for range in clicked {
        wanted = wanted.extended(by: range.lowerBound - columns.lowerBound..<range.upperBound - columns.lowerBound)
      }
      let rowLogits = (0..<accumulator.classes).map { label in
        let target = room + (label + 2) * columns.count
        if !wanted.isEmpty {
          resampler.resample(
            columns: wanted, ofRow: place, slab: slab, rowStride: accumulator.rowStride,
            slice: { UnsafePointer(accumulator.plane(firstPlane + $0, label: label)) }, room: room, into: target)
        }
        return UnsafePointer(target)
      }
      best.take(rowLogits, columns: wanted)
      let first =
        layout.start + slice * layout.strides.axis0 + row * layout.strides.axis1
        + columns.lowerBound * layout.strides.axis2
      best.write(to: labels + first, stride: layout.strides.axis2)
      guard let negativeClicks else { continue }
      for column in clicked.joined() {
        let logits = rowLogits.map { $0[column - columns.lowerBound - wanted.lowerBound] }
        if let candidate = negativeClicks.candidate(Axes3(slice, row, column), logits: logits) {
          found.append(candidate)
        }
      }
    }
    return found
  }
}

extension Range<Int> {
  /// The smallest range with all of both.
  fileprivate func extended(by other: Range<Int>) -> Range<Int> {
    if isEmpty || other.isEmpty { return isEmpty ? other : self }
    return Swift.min(lowerBound, other.lowerBound)..<Swift.max(upperBound, other.upperBound)
  }
}

/// For rows of summed logits, between which columns some class is larger than background or nearly so.
private struct UndecidedColumns {
  private let planes: Range<Int>
  private let rows: Int
  /// `[planes, rows]`.
  private let columns: [Range<Int>]

  /// Looks at some planes of the accumulator's region, counted from the region's first.
  init(planes: Range<Int>, of accumulator: LogitAccumulator, roundingShare: Float) {
    let rows = accumulator.region.shape.axis1
    let width = accumulator.region.shape.axis2
    let stride = accumulator.rowStride
    let first = accumulator.region.corner.axis0
    let classes = accumulator.classes
    var columns = [Range<Int>](repeating: 0..<0, count: planes.count * rows)
    columns.withUnsafeMutableBufferPointer { columns in
      nonisolated(unsafe) let columns = columns
      Parallel.forEach(planes.count) { place in
        let logits = (0..<classes).map {
          UnsafePointer(accumulator.plane(first + planes.lowerBound + place, label: $0))
        }
        for row in 0..<rows {
          for label in 1..<classes {
            let found = Self.undecided(
              logits[0] + row * stride, logits[label] + row * stride, count: width, share: roundingShare)
            columns[place * rows + row] = columns[place * rows + row].extended(by: found)
          }
        }
      }
    }
    self.planes = planes
    self.rows = rows
    self.columns = columns
  }

  /// From the first to the last column of some planes' rows that is undecided; empty where none is.
  func columns(planes: Range<Int>, rows: Range<Int>) -> Range<Int> {
    var result = 0..<0
    for plane in planes {
      for row in rows {
        result = result.extended(by: columns[(plane - self.planes.lowerBound) * self.rows + row])
      }
    }
    return result
  }

  private static func undecided(
    _ background: UnsafePointer<Float>, _ other: UnsafePointer<Float>, count: Int, share: Float
  ) -> Range<Int> {
    func isUndecided(_ column: Int) -> Bool {
      let (low, high) = (other[column], background[column])
      // So also where one is no number.
      return !(low <= high - share * (abs(low) + abs(high)))
    }
    var any = false
    for column in 0..<count { any = any || isUndecided(column) }
    guard any, let first = (0..<count).first(where: isUndecided), let last = (0..<count).last(where: isUndecided) else {
      return 0..<0
    }
    return first..<last + 1
  }
}

/// The largest class of each column of a row.
private struct LargestClass {
  private var best: [Float]
  private var labels: [UInt8]

  init(columns: Int) {
    best = [Float](repeating: 0, count: columns)
    labels = [UInt8](repeating: 0, count: columns)
  }

  /// Finds each column's largest class; the first of equal ones. Something that is no number counts as the largest, as
  /// in NumPy and PyTorch.
  ///
  /// - Parameters:
  ///   - rows: The logits of each class in some columns.
  ///   - wanted: Those columns; the others are background.
  mutating func take(_ rows: [UnsafePointer<Float>], columns wanted: Range<Int>) {
    best.withUnsafeMutableBufferPointer { best in
      labels.withUnsafeMutableBufferPointer { all in
        all.update(repeating: 0)
        if wanted.isEmpty { return }
        let columns = wanted.count
        guard let best = best.baseAddress, let labels = all.baseAddress.map({ $0 + wanted.lowerBound }) else { return }
        best.update(from: rows[0], count: columns)
        for (label, row) in rows.enumerated().dropFirst() {
          let name = UInt8(label)
          for column in 0..<columns {
            let value = row[column]
            let current = best[column]
            let isLarger = !(value <= current) && current == current
            best[column] = isLarger ? value : current
            labels[column] = isLarger ? name : labels[column]
          }
        }
      }
    }
  }

  /// Writes the labels, one each `stride`.
  func write(to destination: UnsafeMutablePointer<UInt8>, stride: Int) {
    labels.withUnsafeBufferPointer { labels in
      if stride == 1, let source = labels.baseAddress {
        destination.update(from: source, count: labels.count)
      } else {
        for column in 0..<labels.count { destination[column &* stride] = labels[column] }
      }
    }
  }
}
