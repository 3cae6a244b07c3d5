import Volume

/// The 26-connected components of a mask, each of one label.
///
/// Rows are cut into runs of one label; runs of neighbouring rows that touch, corners included, are joined in a
/// union-find forest (He, Chao, Suzuki 2008). Time is linear in voxels, memory in runs.
struct ConnectedComponents {
  /// Voxels of one label, one after the other in a row.
  struct Run {
    /// The first voxel's position in the mask.
    let start: Int
    /// Voxels.
    let count: Int32
    /// Their label.
    let label: UInt8
  }

  /// The runs in the order of their voxels.
  let runs: [Run]
  /// For each run, a run that stands for its component: the component's first.
  let component: [Int]
  /// For each run that stands for a component, the component's voxels; 0 for others.
  let voxelCounts: [Int]

  /// Finds the components.
  ///
  /// - Parameters:
  ///   - labels: The mask.
  ///   - shape: Its shape.
  ///   - isWanted: For each label, whether its components are of interest; label 0 never is.
  init(labels: UnsafeBufferPointer<UInt8>, shape: Axes3<Int>, isWanted: [Bool]) {
    precondition(labels.count == shape.product && isWanted.count == 256, "a mask of the shape, and 256 labels")
    var runs: [Run] = []
    var firstRunOfRow = [0]
    firstRunOfRow.reserveCapacity(shape.axis0 * shape.axis1 + 1)
    for row in 0..<shape.axis0 * shape.axis1 {
      Self.appendRuns(of: labels, row: row, length: shape.axis2, isWanted: isWanted, to: &runs)
      firstRunOfRow.append(runs.count)
    }
    var forest = Forest(count: runs.count)
    for slice in 0..<shape.axis0 {
      for row in 0..<shape.axis1 {
        let here = slice * shape.axis1 + row
        if firstRunOfRow[here] == firstRunOfRow[here + 1] { continue }
        var neighbours = row > 0 ? [here - 1] : []
        if slice > 0 {
          let above = here - shape.axis1
          if row > 0 { neighbours.append(above - 1) }
          neighbours.append(above)
          if row + 1 < shape.axis1 { neighbours.append(above + 1) }
        }
        for other in neighbours {
          Self.join(
            runs, firstRunOfRow[here]..<firstRunOfRow[here + 1], firstRunOfRow[other]..<firstRunOfRow[other + 1],
            shift: (here - other) * shape.axis2, in: &forest)
        }
      }
    }
    let component = runs.indices.map { forest.root(of: $0) }
    var counts = [Int](repeating: 0, count: runs.count)
    for (index, run) in runs.enumerated() { counts[component[index]] += Int(run.count) }
    self.runs = runs
    self.component = component
    voxelCounts = counts
  }

  /// The run that holds a voxel, if any.
  ///
  /// - Parameter position: The voxel's position in the mask.
  /// - Returns: The run's place in `runs`.
  func run(at position: Int) -> Int? {
    var low = 0
    var high = runs.count
    while low < high {
      let middle = (low + high) / 2
      if runs[middle].start <= position { low = middle + 1 } else { high = middle }
    }
    guard low > 0, position < runs[low - 1].start + Int(runs[low - 1].count) else { return nil }
    return low - 1
  }

  private static func appendRuns(
    of labels: UnsafeBufferPointer<UInt8>, row: Int, length: Int, isWanted: [Bool], to runs: inout [Run]
  ) {
    guard let base = UnsafeRawPointer(labels.baseAddress) else { return }
    let start = row * length
    let end = start + length
    var position = start
    while position < end {
      // Masks are nearly empty: eight voxels of background are passed at once.
      while position + 8 <= end, base.loadUnaligned(fromByteOffset: position, as: UInt64.self) == 0 { position += 8 }
      while position < end, labels[position] == 0 { position += 1 }
      if position == end { return }
      let label = labels[position]
      let first = position
      while position < end, labels[position] == label { position += 1 }
      if label != 0, isWanted[Int(label)] {
        runs.append(Run(start: first, count: Int32(position - first), label: label))
      }
    }
  }

  /// Joins the runs of two neighbouring rows that touch; `shift` is what has to be added to a position in the second row
  /// to be the same column's in the first.
  private static func join(
    _ runs: [Run], _ row: Range<Int>, _ otherRow: Range<Int>, shift: Int, in forest: inout Forest
  ) {
    var first = otherRow.lowerBound
    for index in row {
      let start = runs[index].start
      let end = start + Int(runs[index].count)
      while first < otherRow.upperBound, runs[first].start + Int(runs[first].count) + shift < start { first += 1 }
      var other = first
      while other < otherRow.upperBound, runs[other].start + shift <= end {
        if runs[other].label == runs[index].label { forest.join(index, other) }
        other += 1
      }
    }
  }

  /// A union-find forest in which a tree's root is its smallest member.
  private struct Forest {
    private var parents: [Int]

    init(count: Int) { parents = Array(0..<count) }

    mutating func root(of index: Int) -> Int {
      var index = index
      while parents[index] != index {
        parents[index] = parents[parents[index]]
        index = parents[index]
      }
      return index
    }

    mutating func join(_ first: Int, _ second: Int) {
      let (first, second) = (root(of: first), root(of: second))
      if first < second { parents[second] = first } else { parents[first] = second }
    }
  }
}
