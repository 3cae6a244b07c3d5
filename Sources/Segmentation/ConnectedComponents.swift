import Volume

/// The 26-connected components of a mask, each of one label.
///
/// Runs of neighbouring rows that touch, corners included, are joined in a union-find forest (He, Chao, Suzuki 2008).
/// Time is linear in rows and runs.
struct ConnectedComponents {
  /// For each run, a run that stands for its component: the component's first.
  let component: [Int]
  /// For each run that stands for a component, the component's voxels; 0 for others.
  let voxelCounts: [Int]

  /// Finds the components of a mask's runs.
  init(_ rows: RowRuns) {
    let (runs, shape, first) = (rows.runs, rows.shape, rows.firstOfRow)
    var forest = Forest(count: runs.count)
    for slice in 0..<shape.axis0 {
      for row in 0..<shape.axis1 {
        let here = slice * shape.axis1 + row
        if first[here] == first[here + 1] { continue }
        var neighbours = row > 0 ? [here - 1] : []
        if slice > 0 {
          let above = here - shape.axis1
          if row > 0 { neighbours.append(above - 1) }
          neighbours.append(above)
          if row + 1 < shape.axis1 { neighbours.append(above + 1) }
        }
        for other in neighbours {
          Self.join(
            runs, first[here]..<first[here + 1], first[other]..<first[other + 1],
            shift: (here - other) * shape.axis2, in: &forest)
        }
      }
    }
    let component = runs.indices.map { forest.root(of: $0) }
    var counts = [Int](repeating: 0, count: runs.count)
    for (index, run) in runs.enumerated() { counts[component[index]] += Int(run.count) }
    self.component = component
    voxelCounts = counts
  }

  /// Joins the runs of two neighbouring rows that touch; `shift` is what has to be added to a position in the second row
  /// to be the same column's in the first.
  private static func join(
    _ runs: [RowRuns.Run], _ row: Range<Int>, _ otherRow: Range<Int>, shift: Int, in forest: inout Forest
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
