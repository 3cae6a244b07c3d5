import Volume

/// The signed distance to a tube's surface in a part of a box, and the nearest place along it.
struct TubeField {
  /// The first voxel of the part and its shape.
  let first: Axes3<Int>
  let shape: Axes3<Int>
  /// Distances in millimetres, negative in the lumen; large where the tube is far.
  private(set) var distances: [Float]
  /// Places along the tube: the number of the point before and the share of the way to the next.
  private(set) var places: [Float]

  /// How many slices are computed at once, so that a long tube in a fine scan needs little memory.
  private static let slabDepth = 16

  /// Calls a body for every part of a box that a tube comes near.
  ///
  /// - Parameters:
  ///   - box: the box.
  ///   - points: the tube's centre line in millimetres from the scan's first voxel.
  ///   - radii: its radius at each.
  ///   - reach: how far from the centre line the field is needed.
  ///   - up: the direction of one diameter.
  ///   - flattening: the ratio of that diameter to the one across it.
  ///   - body: receives each part's field.
  static func forEachPart(
    of box: RenderBox, points: [SIMD3<Float>], radii: [Float], reach: Float, up: SIMD3<Float>, flattening: Float,
    body: (TubeField) -> Void
  ) {
    var boxes: [(low: Axes3<Int>, high: Axes3<Int>)?] = []
    var (lowest, highest) = (Int.max, Int.min)
    for index in 0..<points.count - 1 {
      let low = pointwiseMin(points[index], points[index + 1]) - reach
      let high = pointwiseMax(points[index], points[index + 1]) + reach
      let voxels = box.voxels(from: low, to: high)
      boxes.append(voxels)
      if let voxels {
        lowest = min(lowest, voxels.low.axis0)
        highest = max(highest, voxels.high.axis0)
      }
    }
    guard lowest <= highest else { return }
    for slab in stride(from: lowest, through: highest, by: slabDepth) {
      let slabEnd = min(slab + slabDepth - 1, highest)
      var segments: [Int] = []
      var low = Axes3(slab, Int.max, Int.max)
      var high = Axes3(slabEnd, Int.min, Int.min)
      for (index, voxels) in boxes.enumerated() {
        guard let voxels, voxels.low.axis0 <= slabEnd, voxels.high.axis0 >= slab else { continue }
        segments.append(index)
        low = Axes3(slab, min(low.axis1, voxels.low.axis1), min(low.axis2, voxels.low.axis2))
        high = Axes3(slabEnd, max(high.axis1, voxels.high.axis1), max(high.axis2, voxels.high.axis2))
      }
      guard !segments.isEmpty else { continue }
      var field = TubeField(first: low, last: high)
      for segment in segments {
        guard let voxels = boxes[segment] else { continue }
        field.add(
          segment: segment, points: points, radii: radii, up: up, flattening: flattening, voxels: voxels,
          box: box)
      }
      body(field)
    }
  }

  private init(first: Axes3<Int>, last: Axes3<Int>) {
    self.first = first
    shape = Axes3(last.axis0 - first.axis0 + 1, last.axis1 - first.axis1 + 1, last.axis2 - first.axis2 + 1)
    distances = [Float](repeating: 1e6, count: shape.product)
    places = [Float](repeating: 0, count: shape.product)
  }

  private mutating func add(
    segment: Int, points: [SIMD3<Float>], radii: [Float], up: SIMD3<Float>, flattening: Float,
    voxels: (low: Axes3<Int>, high: Axes3<Int>), box: RenderBox
  ) {
    let start = points[segment]
    let axis = points[segment + 1] - start
    let perLength = 1 / max(axis.dot(axis), 1e-9)
    let direction = axis.normalized
    let upright = (up - direction * up.dot(direction)).normalized
    let stretch = flattening.squareRoot()
    let isRound = flattening == 1
    let (radius, growth) = (radii[segment], radii[segment + 1] - radii[segment])
    let (first, shape) = (first, shape)
    let low0 = max(voxels.low.axis0, first.axis0)
    let high0 = min(voxels.high.axis0, first.axis0 + shape.axis0 - 1)
    distances.withUnsafeMutableBufferPointer { distances in
      places.withUnsafeMutableBufferPointer { places in
        for index0 in low0...high0 {
          for index1 in voxels.low.axis1...voxels.high.axis1 {
            let row = ((index0 - first.axis0) * shape.axis1 + index1 - first.axis1) * shape.axis2 - first.axis2
            for index2 in voxels.low.axis2...voxels.high.axis2 {
              let point = box.place(index0, index1, index2) - start
              let share = clamp(point.dot(axis) * perLength, 0, 1)
              let apart = point - axis * share
              var square = apart.dot(apart)
              if !isRound {
                let height = apart.dot(upright)
                let rest = square - height * height
                square = height * height / (stretch * stretch) + rest * stretch * stretch
              }
              let distance = square.squareRoot() - (radius + growth * share)
              if distance < distances[row + index2] {
                distances[row + index2] = distance
                places[row + index2] = Float(segment) + share
              }
            }
          }
        }
      }
    }
  }

  /// Calls a body for each voxel nearer to the surface than a limit, with its position in the box's arrays.
  func forEachVoxel(
    nearerThan limit: Float, in boxShape: Axes3<Int>, body: (_ offset: Int, _ distance: Float, _ place: Float) -> Void
  ) {
    var at = 0
    for index0 in 0..<shape.axis0 {
      for index1 in 0..<shape.axis1 {
        let row = boxShape.offset(of: Axes3(first.axis0 + index0, first.axis1 + index1, first.axis2))
        for index2 in 0..<shape.axis2 {
          if distances[at] < limit { body(row + index2, distances[at], places[at]) }
          at += 1
        }
      }
    }
  }
}
