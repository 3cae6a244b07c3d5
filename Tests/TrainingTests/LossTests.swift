import Foundation
import Testing
import Volume

@testable import Training

/// Scores of two voxels whose probabilities are easy to say, and the loss with gradients by hand.
@Suite struct LossTests {
  /// Voxel 0 is background with probabilities 1/2, 1/4, 1/4; voxel 1 is left with 1/8, 3/4, 1/8.
  private func evaluate(_ loss: SegmentationLoss) -> (value: Double, gradient: [Float]) {
    var scores: [Float] = [0.5, 0.125, 0.25, 0.75, 0.25, 0.125].map { log($0) }
    let value = scores.withUnsafeMutableBufferPointer { buffer -> Double in
      guard let base = buffer.baseAddress else { return .nan }
      return loss.differentiate(
        [TrainableNetwork.Scores(values: base, size: Axes3(1, 1, 2))], labels: [0, 1], classes: 3, stages: 1)
    }
    return (value, scores)
  }

  @Test("Cross-entropy is the weighted mean of the true classes' negative logarithms")
  func crossEntropy() {
    let (value, gradient) = evaluate(SegmentationLoss(classWeights: [1, 10, 10], diceWeight: 0))
    let expected = (log(2.0) + 10 * log(4.0 / 3)) / 11
    print("cross-entropy \(value), by hand \(expected)")
    #expect(abs(value - expected) < 1e-6)
    // (probability - target) * weight / sum of weights
    let byHand: [Double] = [-0.5, 1.25, 0.25, -2.5, 0.25, 1.25].map { $0 / 11 }
    for (got, expected) in zip(gradient, byHand) { #expect(abs(Double(got) - expected) < 1e-6) }
  }

  @Test("Label smoothing takes a share of a canal's target to the other canal and leaves the background's")
  func labelSmoothing() {
    let (value, _) = evaluate(
      SegmentationLoss(labelSmoothing: 0.1, relatedClasses: [[], [2], [1]], diceWeight: 0))
    let expected = (log(2.0) + 0.9 * log(4.0 / 3) + 0.1 * log(8.0)) / 2
    #expect(abs(value - expected) < 1e-6)
  }

  @Test("Dice is taken over the canals; one that is nowhere true counts 0 and pulls at nothing")
  func dice() {
    let (value, gradient) = evaluate(SegmentationLoss(crossEntropyWeight: 0))
    // left: 2 * 3/4 / (1 + 1); right: 0 / (3/8)
    #expect(abs(value + 0.75 / 2) < 1e-6)
    // d dice / d p(left): voxel 1 (2 - dice) / 2, voxel 0 -dice / 2; then through softmax, halved and negated.
    let direct = [0.75 / 2 / 2, -(2 - 0.75) / 2 / 2]
    let byHand = [
      0.5 * (0 - 0.25 * direct[0]), 0.125 * (0 - 0.75 * direct[1]), 0.25 * (direct[0] - 0.25 * direct[0]),
      0.75 * (direct[1] - 0.75 * direct[1]), 0.25 * (0 - 0.25 * direct[0]), 0.125 * (0 - 0.75 * direct[1]),
    ]
    for (got, expected) in zip(gradient, byHand) { #expect(abs(Double(got) - expected) < 1e-6) }
  }

  @Test("The loss is cross-entropy minus mean Dice, and smoothing enters numerator and denominator")
  func sum() {
    let entropy = evaluate(SegmentationLoss(diceWeight: 0)).value
    let dice = ((2 * 0.75 + 1) / (2 + 1) + 1 / (0.375 + 1)) / 2
    #expect(abs(evaluate(SegmentationLoss(diceSmoothing: 1)).value - (entropy - dice)) < 1e-6)
  }

  @Test("Resolutions count 1, 1/2, 1/4, the lowest not at all, divided by their sum")
  func levels() {
    let expected: [Double] = [4.0 / 7, 2.0 / 7, 1.0 / 7]
    #expect(SegmentationLoss().levelWeights(stages: 4) == expected)
    #expect(SegmentationLoss().levelWeights(stages: 1) == [1])
    #expect(SegmentationLoss(hasDeepSupervision: false).levelWeights(stages: 4) == [1])
  }

  @Test("Coarse labels are those of the voxels at the cells' centres")
  func coarseLabels() {
    let labels: [UInt8] = [0, 1, 0, 2, 0, 0, 0, 1]
    #expect(
      SegmentationLoss.coarsened(labels, patch: Axes3(1, 2, 4), size: Axes3(1, 2, 2)) == [1, 2, 0, 1])
    #expect(SegmentationLoss.coarsened(labels, patch: Axes3(2, 2, 2), size: Axes3(1, 1, 1)) == [1])
  }

  @Test("The published loss weighs canals 10 and smooths a tenth")
  func published() {
    let loss = SegmentationLoss.published
    #expect(loss.classWeights == [1, 10, 10])
    #expect(loss.targets == [1, 0, 0, 0, 0.9, 0.1, 0, 0.1, 0.9])
  }
}
