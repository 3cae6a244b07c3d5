import Foundation
import NetworkOracle
import UMamba2
import Volume

@testable import Training

/// The loss in double precision, from the same parameters as the network under test.
struct OracleLoss {
  var network: OracleNetwork
  let loss: SegmentationLoss

  init(network: TrainableNetwork, loss: SegmentationLoss) {
    self.loss = loss
    var parameters: [String: [Double]] = [:]
    for parameter in network.store.parameters {
      let values = UnsafeBufferPointer(start: network.store.pointer(parameter), count: parameter.count)
      parameters[parameter.name] = values.map(Double.init)
    }
    self.network = OracleNetwork(plan: network.plan, parameters: parameters)
  }

  func value(image: OracleMap, prompts: [PointPrompt], labels: [UInt8], emphasis: [UInt8]) -> Double {
    let plan = network.plan
    let stages = plan.decoderConvolutions.count
    var total = 0.0
    for (score, weight) in zip(network.scores(image: image, prompts: prompts), loss.levelWeights(stages: stages)) {
      let coarse = SegmentationLoss.coarsened(labels, patch: image.size, size: score.size)
      let times = SegmentationLoss.coarsened(emphasis, patch: image.size, size: score.size).map(Double.init)
      let smoothing = loss.diceSmoothing * Double(score.size.product) / Double(image.size.product)
      total += weight * levelLoss(score, labels: coarse, times: times, smoothing: smoothing)
    }
    return total
  }

  private func levelLoss(_ score: OracleMap, labels: [UInt8], times: [Double], smoothing: Double) -> Double {
    let (classes, voxels) = (score.channels, score.size.product)
    var entropy = 0.0
    var weights = 0.0
    var common = [Double](repeating: 0, count: classes)
    var sums = common
    for voxel in 0..<voxels {
      let exponentials = (0..<classes).map { exp(score.values[$0 * voxels + voxel]) }
      let total = exponentials.reduce(0, +)
      let label = Int(labels[voxel])
      let weight = times[voxel] * Double(loss.classWeights[label])
      weights += weight
      for other in 0..<classes {
        let probability = exponentials[other] / total
        entropy -= weight * Double(loss.targets[label * classes + other]) * log(probability)
        sums[other] += times[voxel] * (probability + (other == label ? 1 : 0))
        if other == label { common[other] += times[voxel] * probability }
      }
    }
    var dice = 0.0
    for label in 1..<classes {
      dice += (2 * common[label] + smoothing) / max(1e-8, sums[label] + smoothing)
    }
    return loss.crossEntropyWeight * entropy / weights - loss.diceWeight * dice / Double(classes - 1)
  }
}
