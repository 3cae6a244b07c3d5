import Clicks
import Foundation
import Volume

@testable import Segmentation

/// Files that tests read.
enum Fixtures {
  static let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .appending(path: "Fixtures/pipeline")

  static func path(_ name: String) -> String {
    folder.appending(path: name).path(percentEncoded: false)
  }
}

/// The largest absolute difference of two arrays of one length; infinite for others.
func largestDifference(_ first: [Float], _ second: [Float]) -> Float {
  guard first.count == second.count else { return .infinity }
  var largest: Float = 0
  for index in first.indices {
    let difference = abs(first[index] - second[index])
    if !(difference <= largest) { largest = difference.isNaN ? .infinity : difference }
  }
  return largest
}

/// The number of voxels in which two masks differ.
func differingVoxels(_ first: [UInt8], _ second: [UInt8]) -> Int {
  guard first.count == second.count else { return .max }
  return zip(first, second).count { $0 != $1 }
}

/// A grid whose axes point where an orientation says.
func grid(shape: Axes3<Int>, spacing: Axes3<Double>, orientation: Orientation?) -> Grid {
  guard let orientation else { return Grid(shape: shape, spacing: spacing, affine: nil) }
  let steps = Axes3(0, 1, 2).map { axis -> SIMD3<Double> in
    switch orientation.directions[axis] {
    case .right: SIMD3(spacing[axis], 0, 0)
    case .left: SIMD3(-spacing[axis], 0, 0)
    case .anterior: SIMD3(0, spacing[axis], 0)
    case .posterior: SIMD3(0, -spacing[axis], 0)
    case .superior: SIMD3(0, 0, spacing[axis])
    case .inferior: SIMD3(0, 0, -spacing[axis])
    }
  }
  return Grid(shape: shape, spacing: spacing, affine: Affine(steps: steps, origin: SIMD3(7, -8, 9)))
}

/// A scan of smooth random values, zero outside a border.
func smoothScan(
  shape: Axes3<Int>, spacing: Axes3<Double> = Axes3(repeating: 0.3), orientation: Orientation? = .lps, border: Int = 0,
  seed: UInt64
) -> Volume {
  var generator = SeededGenerator(seed: seed)
  let waves = (0..<6).map { _ in
    (
      Axes3(0, 1, 2).map { _ in generator.uniform(-0.5...0.5) }, generator.uniform(0...6.28),
      generator.uniform(0.5...1)
    )
  }
  var voxels: [Float] = []
  for axis0 in 0..<shape.axis0 {
    for axis1 in 0..<shape.axis1 {
      for axis2 in 0..<shape.axis2 {
        let isInside =
          (border..<shape.axis0 - border).contains(axis0) && (border..<shape.axis1 - border).contains(axis1)
          && (border..<shape.axis2 - border).contains(axis2)
        let value = waves.reduce(0.0) { sum, wave in
          let (direction, phase, height) = wave
          let place =
            direction.axis0 * Double(axis0) + direction.axis1 * Double(axis1) + direction.axis2 * Double(axis2)
          return sum + height * sin(place + phase)
        }
        voxels.append(isInside ? Float(value + 0.2 * generator.normal()) : 0)
      }
    }
  }
  return Volume(grid: grid(shape: shape, spacing: spacing, orientation: orientation), voxels: voxels)
}

extension SegmentationResult.Extras {
  /// All extras.
  static let everything: SegmentationResult.Extras = [.logits, .maskBeforePostprocessing]
}

extension SegmentationResult {
  /// Labels before post-processing; empty if they were not asked for.
  var labelsBefore: [UInt8] { maskBeforePostprocessing?.labels ?? [] }
}
