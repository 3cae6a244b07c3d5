import Foundation
import NetworkOracle
import Testing
import UMamba2
import Volume

@testable import Training

/// A network where nothing has its usual size: odd channels, uneven strides and kernels, several blocks and convolutions.
private let oddPlan = NetworkPlan(
  inputChannels: 2, classes: 4, features: [3, 5, 18],
  kernels: [Axes3(3, 3, 3), Axes3(1, 3, 3), Axes3(3, 3, 3)],
  strides: [Axes3(1, 1, 1), Axes3(1, 2, 2), Axes3(2, 2, 1)], blocksPerStage: [1, 2, 1], decoderConvolutions: [2, 1],
  patch: Axes3(4, 8, 6), mamba: .init(innerWidth: 12, heads: 3, stateSize: 5, convolutionWidth: 4),
  prompts: .init(
    clickKinds: 3, attentionBlocks: 2, attentionHeads: 2, mlpWidth: 7, selfAttentionWidth: 18, crossAttentionWidth: 8,
    dense: .init(sigmasInVoxels: [1.5, 4, 14])))

private struct Setup {
  let network: TrainableNetwork
  let image: [Float]
  let labels: [UInt8]
  let prompts: [PointPrompt]
  let emphasis: [UInt8]
  let loss: SegmentationLoss
  /// How much the answer without clicks counts beside the one with them.
  static let firstAnswerWeight = 0.5

  init(plan: NetworkPlan, clicks: Int, seed: UInt64) {
    network = TrainableNetwork(plan: plan)
    network.initialize(seed: seed)
    var random = SeededGenerator(seed: seed &+ 1)
    // Norms and biases away from 1 and 0, so that their gradients are seen.
    for parameter in network.store.parameters where parameter.shape.count == 1 {
      for index in 0..<parameter.count { network.store.pointer(parameter)[index] += Float(random.normal() * 0.2) }
    }
    image = (0..<plan.inputChannels * plan.patch.product).map { _ in Float(random.normal()) }
    labels = (0..<plan.patch.product).map { _ in UInt8(random.integer(0...plan.classes - 1)) }
    prompts = (0..<clicks).map { number in
      PointPrompt(
        voxel: Axes3(0, 1, 2).map { random.integer(0...plan.patch[$0] - 1) },
        kind: number % (plan.prompts?.clickKinds ?? 1))
    }
    emphasis = (0..<plan.patch.product).map { _ in UInt8(random.integer(1...3)) }
    let weights = (0..<plan.classes).map { 1 + Float($0) }
    loss = SegmentationLoss(
      classWeights: weights, labelSmoothing: 0.1,
      relatedClasses: (0..<plan.classes).map { $0 == 1 ? [2, 3] : [] }, diceSmoothing: 0.5)
  }

  /// The loss, with gradients in the store.
  func differentiate() throws -> Double {
    network.pool.releaseAll()
    network.store.clearGradients()
    let tape = network.tape(isRecording: true)
    let pixels = network.pool.take(image.count)
    pixels.update(from: image, count: image.count)
    let stages = network.plan.decoderConvolutions.count
    let encoding = try network.encode(pixels, patch: network.plan.patch, on: tape)
    let levels = loss.levelWeights(stages: stages).count
    let classes = network.plan.classes
    let first = prompts.isEmpty ? nil : try network.decode(encoding, prompts: [], levels: levels, on: tape)
    let scores = try network.decode(encoding, prompts: prompts, levels: levels, on: tape)
    var value = loss.differentiate(scores, labels: labels, emphasis: emphasis, classes: classes, stages: stages)
    if let first {
      value += loss.differentiate(
        first, labels: labels, classes: classes, stages: stages, factor: Self.firstAnswerWeight)
    }
    try tape.backward()
    return value
  }

  /// The same loss by the oracle.
  func value(_ oracle: OracleLoss, image: OracleMap) -> Double {
    let once = [UInt8](repeating: 1, count: labels.count)
    let value = oracle.value(image: image, prompts: prompts, labels: labels, emphasis: emphasis)
    if prompts.isEmpty { return value }
    return value + Self.firstAnswerWeight * oracle.value(image: image, prompts: [], labels: labels, emphasis: once)
  }
}

/// Compares the gradient of every parameter with central differences of the double-precision oracle along a random
/// direction; prints the relative errors.
private func checkGradients(_ setup: Setup, title: String) throws {
  let value = try setup.differentiate()
  var oracle = OracleLoss(network: setup.network, loss: setup.loss)
  let image = OracleMap(
    channels: setup.network.plan.inputChannels, size: setup.network.plan.patch, values: setup.image.map(Double.init))
  let expected = setup.value(oracle, image: image)
  print("\(title): loss \(value), oracle \(expected)")
  #expect(abs(value - expected) < 1e-5 * max(1, abs(expected)))
  var random = SeededGenerator(seed: 5)
  var largest = 0.0
  for parameter in setup.network.store.parameters where parameter.isTrained {
    let direction = (0..<parameter.count).map { _ in random.normal() }
    let base = try #require(oracle.network.parameters[parameter.name])
    let step = 1e-6
    oracle.network.parameters[parameter.name] = zip(base, direction).map { $0 + step * $1 }
    let above = setup.value(oracle, image: image)
    oracle.network.parameters[parameter.name] = zip(base, direction).map { $0 - step * $1 }
    let below = setup.value(oracle, image: image)
    oracle.network.parameters[parameter.name] = base
    let difference = (above - below) / (2 * step)
    let gradient = setup.network.store.gradient(parameter)
    var product = 0.0
    var norm = 0.0
    for index in 0..<parameter.count {
      product += Double(gradient[index]) * direction[index]
      norm += Double(gradient[index]) * Double(gradient[index])
    }
    // Relative to the gradient's own length, and never to less than rounding of the loss allows to see.
    let error = abs(product - difference) / max(abs(difference), norm.squareRoot(), 1e-5)
    largest = max(largest, error)
    print("\(title): \(parameter.name) \(difference) error \(error)")
    #expect(error < 1e-3, "\(parameter.name): \(product), expected \(difference)")
  }
  print("\(title): largest relative error \(largest)")
}

@Suite struct GradientTests {
  @Test("Every parameter's gradient agrees with differences of the double-precision oracle at an odd plan")
  func oddPlanGradients() throws {
    try checkGradients(Setup(plan: oddPlan, clicks: 4, seed: 1), title: "odd plan")
  }

  @Test("Gradients agree without clicks")
  func gradientsWithoutClicks() throws {
    try checkGradients(Setup(plan: oddPlan, clicks: 0, seed: 2), title: "no clicks")
  }

  @Test("Gradients agree in a network without the interactive branch and without biases")
  func gradientsWithoutPrompts() throws {
    var plan = oddPlan
    plan.prompts = nil
    plan.convolutionBias = false
    try checkGradients(Setup(plan: plan, clicks: 0, seed: 3), title: "no prompts")
  }
}
