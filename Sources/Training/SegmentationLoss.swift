import CKernels
import UMamba2
import Volume

/// The loss of a segmentation: soft Dice and cross-entropy, at several resolutions.
///
/// Dice (Milletari et al., arXiv:1606.04797) is taken over the classes but the background, 1 for none in common; the
/// loss of one resolution is cross-entropy minus the mean Dice, and resolutions count 1, 1/2, 1/4, …, the lowest not at
/// all, divided by their sum, as in nnU-Net.
public struct SegmentationLoss: Sendable, Equatable {
  /// The weight of a voxel in the cross-entropy by its true class, background first.
  public var classWeights: [Float]
  /// The share of the cross-entropy's target that is spread over related classes, 0 to 1.
  public var labelSmoothing: Float
  /// For each class the classes that share its smoothed target evenly; a class without any keeps its target.
  public var relatedClasses: [[Int]]
  /// Added to numerator and denominator of Dice, in voxels of the full resolution (a coarser one adds as much less as it
  /// has fewer); 0 as published. Without it a false piece is only seen by the cross-entropy where its canal is not in
  /// the crop.
  public var diceSmoothing: Double
  /// How much Dice counts; 0 leaves it out.
  public var diceWeight: Double
  /// How much the cross-entropy counts; 0 leaves it out.
  public var crossEntropyWeight: Double
  /// Whether coarser resolutions are supervised too.
  public var hasDeepSupervision: Bool

  /// Creates a loss; without arguments plain Dice and cross-entropy with deep supervision over three classes.
  public init(
    classWeights: [Float] = [1, 1, 1], labelSmoothing: Float = 0, relatedClasses: [[Int]] = [[], [], []],
    diceSmoothing: Double = 0, diceWeight: Double = 1, crossEntropyWeight: Double = 1,
    hasDeepSupervision: Bool = true
  ) {
    self.classWeights = classWeights
    self.labelSmoothing = labelSmoothing
    self.relatedClasses = relatedClasses
    self.diceSmoothing = diceSmoothing
    self.diceWeight = diceWeight
    self.crossEntropyWeight = crossEntropyWeight
    self.hasDeepSupervision = hasDeepSupervision
  }

  /// The published loss: canals weigh 10, a tenth of a canal's target goes to the other canal.
  public static let published = SegmentationLoss(
    classWeights: [1, 10, 10], labelSmoothing: 0.1, relatedClasses: [[], [2], [1]])

  /// The weights of the resolutions, the full one first.
  ///
  /// - Parameter stages: Decoder stages, at least 1.
  /// - Returns: As many weights as resolutions count, at least one, summing to 1.
  public func levelWeights(stages: Int) -> [Double] {
    guard hasDeepSupervision, stages > 1 else { return [1] }
    let weights = (0..<stages - 1).map { 1 / Double(1 << $0) }
    let sum = weights.reduce(0, +)
    return weights.map { $0 / sum }
  }

  /// Labels on a coarser grid: each cell has the label of the voxel at its centre (behind it, if there is none).
  ///
  /// - Parameters:
  ///   - labels: Labels of the full resolution.
  ///   - patch: Its voxels.
  ///   - size: Cells, divisors of the patch.
  /// - Returns: A label for each cell.
  public static func coarsened(_ labels: [UInt8], patch: Axes3<Int>, size: Axes3<Int>) -> [UInt8] {
    if patch == size { return labels }
    let stride = Axes3(0, 1, 2).map { patch[$0] / size[$0] }
    var result: [UInt8] = []
    result.reserveCapacity(size.product)
    for index0 in 0..<size.axis0 {
      for index1 in 0..<size.axis1 {
        for index2 in 0..<size.axis2 {
          let voxel = Axes3(
            index0 * stride.axis0 + stride.axis0 / 2, index1 * stride.axis1 + stride.axis1 / 2,
            index2 * stride.axis2 + stride.axis2 / 2)
          result.append(labels[patch.offset(of: voxel)])
        }
      }
    }
    return result
  }

  /// The soft target of each true class, `[classes, classes]`.
  var targets: [Float] {
    let classes = classWeights.count
    var table = [Float](repeating: 0, count: classes * classes)
    for label in 0..<classes {
      let related = relatedClasses[label]
      let share = related.isEmpty ? 0 : labelSmoothing
      table[label * classes + label] = 1 - share
      for other in related { table[label * classes + other] += share / Float(related.count) }
    }
    return table
  }

  /// Computes the loss and replaces scores by the loss's gradient with respect to them.
  ///
  /// - Parameters:
  ///   - scores: Class scores of each resolution, the full one first; as many as `levelWeights` has.
  ///   - labels: True labels of the full resolution.
  ///   - emphasis: How often each voxel counts; `nil` for once.
  ///   - classes: Classes.
  ///   - stages: Decoder stages of the network.
  ///   - factor: What the loss and its gradient are multiplied by.
  /// - Returns: The loss.
  func differentiate(
    _ scores: [TrainableNetwork.Scores], labels: [UInt8], emphasis: [UInt8]? = nil, classes: Int, stages: Int,
    factor: Double = 1
  ) -> Double {
    let patch = scores[0].size
    var loss = 0.0
    for (level, weight) in zip(scores, levelWeights(stages: stages)) {
      loss +=
        factor * weight
        * differentiate(
          level, labels: Self.coarsened(labels, patch: patch, size: level.size),
          emphasis: emphasis.map { Self.coarsened($0, patch: patch, size: level.size) }, classes: classes,
          weight: factor * weight, smoothing: diceSmoothing * Double(level.size.product) / Double(patch.product))
    }
    return loss
  }

  private func differentiate(
    _ scores: TrainableNetwork.Scores, labels: [UInt8], emphasis: [UInt8]?, classes: Int, weight: Double,
    smoothing: Double
  ) -> Double {
    let voxels = Int64(scores.size.product)
    let targets = targets
    var sums = CanalisLossSums()
    canalis_loss_forward(scores.values, labels, emphasis, Int64(classes), voxels, targets, classWeights, &sums)
    var loss = crossEntropyWeight * sums.cross_entropy / max(sums.weight, .leastNormalMagnitude)
    var diceTrue = [Float](repeating: 0, count: classes)
    var diceFalse = [Float](repeating: 0, count: classes)
    withUnsafeBytes(of: sums.common) { common in
      withUnsafeBytes(of: sums.predicted) { predicted in
        withUnsafeBytes(of: sums.expected) { expected in
          for label in 1..<classes {
            let common = common.assumingMemoryBound(to: Double.self)[label]
            let total =
              predicted.assumingMemoryBound(to: Double.self)[label]
              + expected.assumingMemoryBound(to: Double.self)[label] + smoothing
            let denominator = max(total, 1e-8)
            let dice = (2 * common + smoothing) / denominator
            let share = diceWeight / Double(classes - 1)
            loss -= share * dice
            // d dice / d p = 2 [true] / denominator - dice / denominator
            diceTrue[label] = Float(-weight * share * (2 - dice) / denominator)
            diceFalse[label] = Float(weight * share * dice / denominator)
          }
        }
      }
    }
    canalis_loss_backward(
      scores.values, labels, emphasis, Int64(classes), voxels, targets, classWeights,
      Float(weight * crossEntropyWeight / max(sums.weight, .leastNormalMagnitude)), diceTrue, diceFalse)
    return loss
  }
}
