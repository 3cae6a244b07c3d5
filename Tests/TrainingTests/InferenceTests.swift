import Foundation
import Testing
import UMamba2
import Volume

@testable import Training

@Suite struct InferenceTests {
  /// The largest difference between the trainer's forward pass and the inference network's, from the same parameters.
  private func largestDifference(
    _ trained: TrainableNetwork, _ network: UMamba2Network, prompts: [PointPrompt], encoding: PatchEncoding,
    image: [Float]
  ) throws -> (difference: Float, logits: [Float]) {
    let plan = trained.plan
    let count = plan.classes * plan.patch.product
    trained.pool.releaseAll()
    let tape = trained.tape(isRecording: false)
    let pixels = trained.pool.take(image.count)
    pixels.update(from: image, count: image.count)
    let scores = try trained.decode(
      try trained.encode(pixels, patch: plan.patch, on: tape), prompts: prompts, levels: 1, on: tape)
    var logits = [Float](repeating: 0, count: count)
    try logits.withUnsafeMutableBufferPointer { try network.decode(encoding, prompts: prompts, into: $0) { _ in } }
    var difference: Float = 0
    for index in 0..<count { difference = max(difference, abs(logits[index] - scores[0].values[index])) }
    return (difference, logits)
  }

  @Test("Training's forward pass and the inference network's agree, clicks and dense prompts included")
  func forwardPassesAgree() throws {
    let plan = NetworkPlan.tiny
    let trained = TrainableNetwork(plan: plan)
    trained.initialize(seed: 8)
    let network = try UMamba2Network(plan: plan, parameters: trained.store)
    var random = SeededGenerator(seed: 1)
    let image = (0..<plan.patch.product).map { _ in Float(random.normal()) }
    let encoding = try image.withUnsafeBufferPointer { try network.encode(image: $0) { _ in } }
    let clicks = [
      PointPrompt(voxel: Axes3(3, 4, 5), kind: 0), PointPrompt(voxel: Axes3(15, 0, 23), kind: 2),
      PointPrompt(voxel: Axes3(8, 20, 10), kind: 1), PointPrompt(voxel: Axes3(4, 6, 5), kind: 0),
    ]
    let none = try largestDifference(trained, network, prompts: [], encoding: encoding, image: image)
    let some = try largestDifference(trained, network, prompts: clicks, encoding: encoding, image: image)
    let again = try largestDifference(trained, network, prompts: [], encoding: encoding, image: image)
    print("largest differences: no clicks \(none.difference), four clicks \(some.difference)")
    #expect(none.difference < 1e-4 && some.difference < 1e-4)
    // Clicks change the answer, and leave nothing behind in the encoding.
    #expect(some.logits != none.logits)
    #expect(again.logits == none.logits)
  }
}
