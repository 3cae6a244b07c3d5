import Volume

/// The padded grid in cells of a few voxels, and each window's weight at their centres.
struct CellGrid {
  /// Cells along each axis.
  let shape: Axes3<Int>
  private let size: Axes3<Int>
  private let patch: Axes3<Int>
  /// For each axis and place of a window along it: the first cell whose centre the window sees, and the window's share
  /// of all windows' weights at the centres from there on.
  private let shares: Axes3<[(first: Int, values: [Float])]>

  /// The most cells along an axis.
  static let limit = 48

  /// Divides a grid.
  ///
  /// - Parameters:
  ///   - plan: Where the windows are.
  ///   - size: Voxels of the padded grid.
  init(plan: WindowPlan, size: Axes3<Int>) {
    self.size = size
    patch = plan.patch
    let shape = size.map { min($0, Self.limit) }
    self.shape = shape
    let weights = GaussianWeights(patch: plan.patch)
    let sums = weights.sums(over: plan)
    shares = Axes3(0, 1, 2).map { axis in
      let peak = Double(weights.factors[axis].max() ?? 1)
      return plan.starts[axis].map { start in
        let seen = (0..<shape[axis]).filter {
          (start..<start + plan.patch[axis]).contains(Self.centre($0, of: shape[axis], size: size[axis]))
        }
        let values = seen.map { cell in
          let voxel = Self.centre(cell, of: shape[axis], size: size[axis])
          let factor = Double(weights.factors[axis][voxel - start])
          // Where windows hardly overlap, one alone has the whole weight at its very border too; it knows less there.
          return Float(factor / max(sums[axis][voxel], peak * 0.1))
        }
        return (seen.first ?? 0, values)
      }
    }
  }

  /// The number of cells.
  var count: Int { shape.product }

  /// The voxel in the middle of a cell.
  func centre(of cell: Int) -> Axes3<Int> {
    let place = shape.index(at: cell)
    return Axes3(0, 1, 2).map { Self.centre(place[$0], of: shape[$0], size: size[$0]) }
  }

  private static func centre(_ cell: Int, of count: Int, size: Int) -> Int { (2 * cell + 1) * size / (2 * count) }

  /// What a window would add to what is known.
  ///
  /// - Parameters:
  ///   - known: For each cell the largest share of a window that is done.
  ///   - importance: How much each cell counts.
  ///   - places: The window's place along each axis.
  /// - Returns: The sum over cells.
  func gain(known: [Float], importance: [Float], places: Axes3<Int>) -> Float {
    var sum: Float = 0
    known.withUnsafeBufferPointer { known in
      importance.withUnsafeBufferPointer { importance in
        forEachCell(of: places) { cell, share in
          let more = share - known[cell]
          if more > 0 { sum += more * importance[cell] }
        }
      }
    }
    return sum
  }

  /// Counts a window as done.
  ///
  /// - Parameters:
  ///   - known: For each cell the largest share of a window that is done.
  ///   - places: The window's place along each axis.
  func raise(_ known: inout [Float], by places: Axes3<Int>) {
    known.withUnsafeMutableBufferPointer { known in
      forEachCell(of: places) { cell, share in
        if share > known[cell] { known[cell] = share }
      }
    }
  }

  /// Calls a function with each cell whose centre a window sees, and the window's share there.
  private func forEachCell(of places: Axes3<Int>, _ body: (Int, Float) -> Void) {
    let (slices, rows, columns) = (shares.axis0[places.axis0], shares.axis1[places.axis1], shares.axis2[places.axis2])
    columns.values.withUnsafeBufferPointer { columnShares in
      for (slice, sliceShare) in slices.values.enumerated() {
        for (row, rowShare) in rows.values.enumerated() {
          let first = ((slices.first + slice) * shape.axis1 + rows.first + row) * shape.axis2 + columns.first
          for column in columnShares.indices { body(first + column, sliceShare * rowShare * columnShares[column]) }
        }
      }
    }
  }

  /// Finds the cells in which a window's logits show a canal.
  ///
  /// - Parameters:
  ///   - logits: `[classes, axis0, axis1, axis2]` of the patch; classes 1 and 2 are the canals.
  ///   - start: The window's first voxel.
  /// - Returns: The cells, ascending.
  func canalCells(of logits: [Float], start: Axes3<Int>) -> [Int] {
    let voxels = patch.product
    let classes = logits.count / voxels
    guard classes > 1 else { return [] }
    var isFound = [Bool](repeating: false, count: count)
    var isCanal = [Bool](repeating: false, count: patch.axis2)
    var best = [Float](repeating: 0, count: patch.axis2)
    logits.withUnsafeBufferPointer { logits in
      for slice in 0..<patch.axis0 {
        let sliceCell = cell(start.axis0 + slice, axis: 0) * shape.axis1
        for row in 0..<patch.axis1 {
          let first = (slice * patch.axis1 + row) * patch.axis2
          for column in 0..<patch.axis2 {
            best[column] = logits[first + column]
            isCanal[column] = false
          }
          for label in 1..<classes {
            let isCanalLabel = label <= 2
            for column in 0..<patch.axis2 where logits[label * voxels + first + column] > best[column] {
              best[column] = logits[label * voxels + first + column]
              isCanal[column] = isCanalLabel
            }
          }
          let rowCell = (sliceCell + cell(start.axis1 + row, axis: 1)) * shape.axis2
          for column in 0..<patch.axis2 where isCanal[column] {
            isFound[rowCell + cell(start.axis2 + column, axis: 2)] = true
          }
        }
      }
    }
    return isFound.indices.filter { isFound[$0] }
  }

  private func cell(_ voxel: Int, axis: Int) -> Int { min(voxel * shape[axis] / size[axis], shape[axis] - 1) }
}
