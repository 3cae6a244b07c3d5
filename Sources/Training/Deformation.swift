import Foundation
import Volume

/// Turns, scales and shears a crop while it is taken from its case: image and labels by the same matrix.
enum Deformation {
  /// The largest angle about each axis, 15 degrees.
  static let largestAngle = 0.26
  /// How many voxels of the case a voxel of the crop may be.
  static let scales = 0.85...1.2
  /// How much the scale along one axis may differ from that along the others.
  static let stretches = 0.95...1.05
  /// The largest shift along one axis for a voxel along another.
  static let largestShear = 0.1

  /// The matrix that changes nothing.
  static let identity: [Double] = [1, 0, 0, 0, 1, 0, 0, 0, 1]

  /// Draws a rotation about each axis, a scale and a shear; half of the time none.
  ///
  /// - Parameter random: What is drawn from.
  /// - Returns: Row-major, from crop offsets to case offsets.
  static func draw(_ random: inout SeededGenerator) -> [Double] {
    guard random.happens(0.5) else { return identity }
    var matrix = identity
    for axis in 0..<3 {
      let angle = random.uniform(-largestAngle...largestAngle)
      let (first, second) = ((axis + 1) % 3, (axis + 2) % 3)
      var rotation = identity
      rotation[4 * first] = cos(angle)
      rotation[4 * second] = cos(angle)
      rotation[3 * first + second] = -sin(angle)
      rotation[3 * second + first] = sin(angle)
      matrix = product(matrix, rotation)
    }
    var stretch = identity
    let scale = random.uniform(scales)
    for axis in 0..<3 { stretch[4 * axis] = scale * random.uniform(stretches) }
    stretch[1] = random.uniform(-largestShear...largestShear)
    stretch[5] = random.uniform(-largestShear...largestShear)
    return product(matrix, stretch)
  }

  private static func product(_ a: [Double], _ b: [Double]) -> [Double] {
    (0..<9).map { at -> Double in
      let (row, column) = (at / 3 * 3, at % 3)
      return a[row] * b[column] + a[row + 1] * b[3 + column] + a[row + 2] * b[6 + column]
    }
  }
}
