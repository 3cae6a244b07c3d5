import Volume

/// Distances between the surfaces of two voxel sets, as medpy's `hd95` has them.
enum SurfaceDistance {
  /// Returns the 95th percentile of the distances from each surface to the other, both ways pooled.
  ///
  /// The surface is the set minus its erosion with 6-connectivity; what lies outside the array counts as background, so
  /// that set voxels at its edge are surface. Both sets must have at least one voxel.
  ///
  /// - Parameters:
  ///   - first: the first set inside `box`, axis 2 fastest.
  ///   - second: the second set inside `box`.
  ///   - shape: the box's shape; both sets lie in it whole.
  ///   - spacing: the distance between voxel centres along each axis, in the unit of the result.
  /// - Returns: the percentile, at least 0.
  static func hausdorff95(
    first: [Bool], second: [Bool], shape: Axes3<Int>, spacing: Axes3<Double>
  ) -> Double {
    let firstSurface = surface(of: first, shape: shape)
    let secondSurface = surface(of: second, shape: shape)
    var distances = distances(from: firstSurface, to: secondSurface, shape: shape, spacing: spacing)
    distances += self.distances(from: secondSurface, to: firstSurface, shape: shape, spacing: spacing)
    return percentile(95, of: distances)
  }

  /// Returns which voxels of a set have at least one of their six neighbours outside it.
  static func surface(of set: [Bool], shape: Axes3<Int>) -> [Bool] {
    let (stride0, stride1) = (shape.axis1 * shape.axis2, shape.axis2)
    var result = [Bool](repeating: false, count: set.count)
    var offset = 0
    for index0 in 0..<shape.axis0 {
      for index1 in 0..<shape.axis1 {
        for index2 in 0..<shape.axis2 {
          if set[offset] {
            let isInterior =
              index0 > 0 && index0 + 1 < shape.axis0 && index1 > 0 && index1 + 1 < shape.axis1 && index2 > 0
              && index2 + 1 < shape.axis2 && set[offset - stride0] && set[offset + stride0] && set[offset - stride1]
              && set[offset + stride1] && set[offset - 1] && set[offset + 1]
            result[offset] = !isInterior
          }
          offset += 1
        }
      }
    }
    return result
  }

  private static func distances(
    from surface: [Bool], to other: [Bool], shape: Axes3<Int>, spacing: Axes3<Double>
  ) -> [Double] {
    let squares = DistanceTransform.squaredDistances(sites: other, shape: shape, spacing: spacing)
    return surface.indices.filter { surface[$0] }.map { squares[$0].squareRoot() }
  }

  /// Returns a percentile with linear interpolation between the two nearest values, as NumPy's default has it.
  static func percentile(_ percent: Double, of values: [Double]) -> Double {
    let sorted = values.sorted()
    let position = Double(sorted.count - 1) * (percent / 100)
    let lower = Int(position)
    let upper = min(lower + 1, sorted.count - 1)
    let fraction = position - Double(lower)
    let difference = sorted[upper] - sorted[lower]
    return fraction >= 0.5 ? sorted[upper] - difference * (1 - fraction) : sorted[lower] + difference * fraction
  }
}
