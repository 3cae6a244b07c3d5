import Volume

/// The labelled voxels of a mask as runs: voxels of one label, one after the other in a row.
///
/// Masks are nearly empty, so that runs are few; when some rows of the mask change, only those are read again.
struct RowRuns: Sendable {
  /// Voxels of one label, one after the other in a row.
  struct Run: Sendable, Equatable {
    /// The first voxel's position in the mask.
    let start: Int
    /// Voxels.
    let count: Int32
    /// Their label.
    let label: UInt8

    /// The voxels' positions.
    var range: Range<Int> { start..<start + Int(count) }
  }

  /// The mask's shape; rows are counted through all slices.
  let shape: Axes3<Int>
  /// The runs in the order of their voxels.
  private(set) var runs: [Run] = []
  /// For each row the place of its first run; one more for the end.
  private(set) var firstOfRow: [Int]
  private let isWanted: [Bool]

  /// Finds the runs of a mask.
  ///
  /// - Parameters:
  ///   - labels: The mask.
  ///   - shape: Its shape.
  ///   - isWanted: For each label, whether its voxels are of interest; label 0 never is.
  init(labels: UnsafeBufferPointer<UInt8>, shape: Axes3<Int>, isWanted: [Bool]) {
    precondition(isWanted.count == 256, "256 labels")
    self.shape = shape
    self.isWanted = isWanted
    firstOfRow = [Int](repeating: 0, count: shape.axis0 * shape.axis1 + 1)
    update(labels: labels) { _ in true }
  }

  /// Reads some rows again.
  ///
  /// - Parameters:
  ///   - labels: The mask.
  ///   - hasChanged: Whether a row may have changed; it is called for every row in order.
  mutating func update(labels: UnsafeBufferPointer<UInt8>, hasChanged: (Int) -> Bool) {
    precondition(labels.count == shape.product, "a mask of the shape")
    var updated: [Run] = []
    updated.reserveCapacity(runs.count)
    var first = firstOfRow[0]
    for row in 0..<shape.axis0 * shape.axis1 {
      let end = firstOfRow[row + 1]
      firstOfRow[row] = updated.count
      if hasChanged(row) {
        appendRuns(of: labels, row: row, to: &updated)
      } else if first < end {
        updated += runs[first..<end]
      }
      first = end
    }
    firstOfRow[shape.axis0 * shape.axis1] = updated.count
    runs = updated
  }

  /// Finds the run that holds a voxel.
  ///
  /// - Parameter position: The voxel's position in the mask.
  /// - Returns: The run's place in `runs`, or `nil` for a voxel in none.
  func run(at position: Int) -> Int? {
    let row = position / shape.axis2
    return (firstOfRow[row]..<firstOfRow[row + 1]).first { runs[$0].range.contains(position) }
  }

  private func appendRuns(of labels: UnsafeBufferPointer<UInt8>, row: Int, to runs: inout [Run]) {
    guard let base = UnsafeRawPointer(labels.baseAddress) else { return }
    let start = row * shape.axis2
    let end = start + shape.axis2
    var position = start
    while position < end {
      // Eight voxels of background are passed at once.
      while position + 8 <= end, base.loadUnaligned(fromByteOffset: position, as: UInt64.self) == 0 { position += 8 }
      while position < end, labels[position] == 0 { position += 1 }
      if position == end { return }
      let label = labels[position]
      let first = position
      while position < end, labels[position] == label { position += 1 }
      if isWanted[Int(label)] {
        runs.append(Run(start: first, count: Int32(position - first), label: label))
      }
    }
  }
}
