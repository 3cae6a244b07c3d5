import Volume

/// How well one canal of a prediction agrees with the truth.
public struct CanalMetrics: Sendable, Equatable {
  /// Twice the common voxels over the sum of both, 0 to 1; 1 when both are empty.
  public let dice: Double
  /// The 95th percentile of the surface distances in voxels; 0 when both are empty, and the norm of the array's shape
  /// when one is.
  public let hausdorff95InVoxels: Double
  /// The same in millimetres; the norm of the array's extent when one is empty.
  public let hausdorff95InMillimeters: Double
  /// The volume of the predicted canal in cubic millimetres.
  public let volumeInCubicMillimeters: Double
  /// The volume of the true canal in cubic millimetres.
  public let truthVolumeInCubicMillimeters: Double
}

/// How well a prediction agrees with the truth: each canal and their means, which is what the challenge ranks by.
public struct MaskMetrics: Sendable, Equatable {
  /// The patient's left canal, label 1.
  public let left: CanalMetrics
  /// The patient's right canal, label 2.
  public let right: CanalMetrics

  /// The mean Dice of left and right.
  public var meanDice: Double { (left.dice + right.dice) / 2 }
  /// The mean 95th percentile distance of left and right, in voxels.
  public var meanHausdorff95InVoxels: Double { (left.hausdorff95InVoxels + right.hausdorff95InVoxels) / 2 }
  /// The mean 95th percentile distance of left and right, in millimetres.
  public var meanHausdorff95InMillimeters: Double {
    (left.hausdorff95InMillimeters + right.hausdorff95InMillimeters) / 2
  }

  /// Compares two masks of one scan.
  ///
  /// - Parameters:
  ///   - prediction: the mask to be scored; labels 0, 1 and 2.
  ///   - truth: the mask that it should be; labels 0, 1 and 2.
  /// - Throws: `EvaluationError` when shapes or voxel sizes differ, or a label is neither 0, 1 nor 2.
  public init(prediction: Mask, truth: Mask) throws {
    try Self.checkComparable(prediction: prediction, truth: truth)
    left = Self.metrics(label: 1, prediction: prediction, truth: truth)
    right = Self.metrics(label: 2, prediction: prediction, truth: truth)
  }

  static func checkComparable(prediction: Mask, truth: Mask) throws {
    guard prediction.grid.shape == truth.grid.shape else {
      throw EvaluationError.shapesDiffer(
        prediction: prediction.grid.shape.array, truth: truth.grid.shape.array)
    }
    // Files keep spacings as 32-bit numbers, and tools recompute them from the affine.
    let spacings = zip(prediction.grid.spacing.array, truth.grid.spacing.array)
    guard spacings.allSatisfy({ abs($0 - $1) <= 1e-3 * max($0, $1) }) else {
      throw EvaluationError.spacingsDiffer(
        prediction: prediction.grid.spacing.array, truth: truth.grid.spacing.array)
    }
    if let label = prediction.labels.first(where: { $0 > 2 }) {
      throw EvaluationError.unexpectedLabel(label, mask: "prediction")
    }
    if let label = truth.labels.first(where: { $0 > 2 }) {
      throw EvaluationError.unexpectedLabel(label, mask: "truth")
    }
  }

  private static func metrics(label: UInt8, prediction: Mask, truth: Mask) -> CanalMetrics {
    let shape = truth.grid.shape
    let spacing = truth.grid.spacing
    let voxelVolume = spacing.axis0 * spacing.axis1 * spacing.axis2
    let predictedBox = VoxelBox(around: shape) { prediction.labels[$0] == label }
    let trueBox = VoxelBox(around: shape) { truth.labels[$0] == label }
    guard let predictedBox, let trueBox else {
      let isPredicted = predictedBox != nil
      let agrees = !isPredicted && trueBox == nil
      let count = (isPredicted ? prediction : truth).labels.reduce(0) { $0 + ($1 == label ? 1 : 0) }
      let volume = Double(count) * voxelVolume
      return CanalMetrics(
        dice: agrees ? 1 : 0,
        hausdorff95InVoxels: agrees ? 0 : norm(shape.map { Double($0) }),
        hausdorff95InMillimeters: agrees
          ? 0
          : norm(
            Axes3(
              Double(shape.axis0) * spacing.axis0, Double(shape.axis1) * spacing.axis1,
              Double(shape.axis2) * spacing.axis2)),
        volumeInCubicMillimeters: isPredicted ? volume : 0,
        truthVolumeInCubicMillimeters: isPredicted ? 0 : volume)
    }
    let box = predictedBox.union(trueBox)
    let predicted = prediction.voxels(in: box, labelled: label)
    let expected = truth.voxels(in: box, labelled: label)
    var (predictedCount, expectedCount, commonCount) = (0, 0, 0)
    for (isPredicted, isExpected) in zip(predicted, expected) {
      predictedCount += isPredicted ? 1 : 0
      expectedCount += isExpected ? 1 : 0
      commonCount += isPredicted && isExpected ? 1 : 0
    }
    return CanalMetrics(
      dice: 2 * Double(commonCount) / Double(predictedCount + expectedCount),
      hausdorff95InVoxels: SurfaceDistance.hausdorff95(
        first: predicted, second: expected, shape: box.shape, spacing: Axes3(repeating: 1)),
      hausdorff95InMillimeters: SurfaceDistance.hausdorff95(
        first: predicted, second: expected, shape: box.shape, spacing: spacing),
      volumeInCubicMillimeters: Double(predictedCount) * voxelVolume,
      truthVolumeInCubicMillimeters: Double(expectedCount) * voxelVolume)
  }

  private static func norm(_ values: Axes3<Double>) -> Double {
    (values.axis0 * values.axis0 + values.axis1 * values.axis1 + values.axis2 * values.axis2).squareRoot()
  }
}

extension Mask {
  /// Which voxels of a box carry a label, axis 2 fastest.
  func voxels(in box: VoxelBox, labelled label: UInt8) -> [Bool] {
    var result: [Bool] = []
    result.reserveCapacity(box.shape.product)
    let (corner, shape) = (box.corner, box.shape)
    for index0 in 0..<shape.axis0 {
      for index1 in 0..<shape.axis1 {
        let start = grid.shape.offset(
          of: Axes3(corner.axis0 + index0, corner.axis1 + index1, corner.axis2))
        for offset in start..<start + shape.axis2 { result.append(labels[offset] == label) }
      }
    }
    return result
  }
}
