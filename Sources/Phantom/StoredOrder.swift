import Volume

/// Rearranges an array made left-posterior-superior into another orientation, with the affine that says so.
struct StoredOrder {
  let shape: Axes3<Int>
  let spacing: Axes3<Double>
  let orientation: Orientation

  /// For each stored axis, the axis that it comes from: 0 up, 1 back, 2 left.
  private var sources: Axes3<Int> {
    orientation.directions.map { direction in
      switch direction {
      case .superior, .inferior: 0
      case .posterior, .anterior: 1
      case .left, .right: 2
      }
    }
  }

  private var isReversed: Axes3<Bool> {
    orientation.directions.map { $0 == .inferior || $0 == .anterior || $0 == .right }
  }

  /// The stored array's grid.
  ///
  /// - Parameter firstVoxel: the place of the first voxel before rearranging, (left, back, up) in millimetres.
  /// - Returns: the grid with its affine.
  func grid(firstVoxel: Vector) -> Grid {
    let (sources, isReversed) = (sources, isReversed)
    // Columns of the affine in (right... as RAS has it): left is -x, back -y, up z.
    var rows = [[Double]](repeating: [0, 0, 0, 0], count: 3)
    var place = firstVoxel
    for axis in 0..<3 {
      let source = sources[axis]
      let step = isReversed[axis] ? -spacing[source] : spacing[source]
      if isReversed[axis] { place[2 - source] += Double(shape[source] - 1) * spacing[source] }
      // Coordinate 2 - source: 0 left, 1 back, 2 up; column 2 - axis: axis 2 is i.
      rows[2 - source][2 - axis] = source == 0 ? step : -step
    }
    rows[0][3] = -place.x
    rows[1][3] = -place.y
    rows[2][3] = place.z
    return Grid(
      shape: sources.map { shape[$0] }, spacing: sources.map { spacing[$0] }, affine: Affine(rows: rows))
  }

  /// The array in stored order.
  func stored<Value>(_ values: [Value]) -> [Value] {
    guard orientation != .lps else { return values }
    let (sources, isReversed) = (sources, isReversed)
    let strides = Axes3(shape.axis1 * shape.axis2, shape.axis2, 1)
    var start = 0
    var steps = Axes3(0, 0, 0)
    for axis in 0..<3 {
      steps[axis] = strides[sources[axis]] * (isReversed[axis] ? -1 : 1)
      if isReversed[axis] { start += strides[sources[axis]] * (shape[sources[axis]] - 1) }
    }
    let stored = sources.map { shape[$0] }
    var result: [Value] = []
    result.reserveCapacity(values.count)
    for index0 in 0..<stored.axis0 {
      for index1 in 0..<stored.axis1 {
        var at = start + index0 * steps.axis0 + index1 * steps.axis1
        for _ in 0..<stored.axis2 {
          result.append(values[at])
          at += steps.axis2
        }
      }
    }
    return result
  }
}
