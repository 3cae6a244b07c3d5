import Foundation
import Testing
import UMamba2
import Volume

@testable import Training

@Suite struct OptimizerTests {
  @Test("The learning rate warms up, stays, and ends along a cosine")
  func adamRate() {
    let rule = OptimizerRule.adamW(peakRate: 1, weightDecay: 0, warmUpSteps: 10, decayShare: 0.5)
    #expect(rule.rate(step: 0, total: 100) == 0.1)
    #expect(rule.rate(step: 9, total: 100) == 1)
    #expect(rule.rate(step: 50, total: 100) == 1)
    #expect(abs(rule.rate(step: 75, total: 100) - 0.505) < 1e-12)
    #expect(abs(rule.rate(step: 100, total: 100) - 0.01) < 1e-12)
  }

  @Test("The published rule decays by a power of the share that is left")
  func polynomialRate() {
    #expect(OptimizerRule.published.rate(step: 0, total: 1000) == 0.01)
    #expect(abs(OptimizerRule.published.rate(step: 500, total: 1000) - 0.01 * pow(0.5, 0.9)) < 1e-15)
  }

  /// A store whose every gradient is a half, with the same first value everywhere.
  private func store() -> ParameterStore {
    let store = ParameterStore(plan: .tiny)
    store.values.update(repeating: 2, count: store.count)
    store.gradients.update(repeating: 0.5, count: store.count)
    return store
  }

  @Test("AdamW's first step has the size of the rate; only matrices decay; the positional code stays")
  func adamStep() {
    let store = store()
    let optimizer = Optimizer(
      store: store, rule: .adamW(peakRate: 0.1, weightDecay: 0.01, warmUpSteps: 0, decayShare: 0),
      clippingNorm: .infinity, averageDecay: 0.9)
    _ = optimizer.advance(store, total: 10)
    let matrix = store.parameter("encoder.stem.convs.0.conv.weight")
    let norm = store.parameter("encoder.stem.convs.0.norm.weight")
    let code = store.parameter("mamba_layer.point_encoder.pe_layer.positional_encoding_gaussian_matrix")
    #expect(abs(store.pointer(matrix)[0] - (2 * (1 - 0.001) - 0.1)) < 1e-6)
    #expect(abs(store.pointer(norm)[0] - 1.9) < 1e-6)
    #expect(store.pointer(code)[0] == 2)
    // The average moves 9/11 of the way at first.
    #expect(abs(optimizer.average[norm.offset] - (2 - 0.1 * 9 / 11)) < 1e-6)
  }

  @Test("Nesterov's step looks ahead along the momentum, and weight decay joins the gradient")
  func nesterovStep() {
    let store = store()
    let optimizer = Optimizer(
      store: store, rule: .nesterov(initialRate: 0.1, momentum: 0.9, weightDecay: 0.01, power: 0),
      clippingNorm: .infinity, averageDecay: 0.9)
    let norm = store.parameter("encoder.stem.convs.0.norm.weight")
    var (value, momentum) = (2.0, 0.0)
    for _ in 0..<2 {
      _ = optimizer.advance(store, total: 10)
      let gradient = 0.5 + 0.01 * value
      momentum = 0.9 * momentum + gradient
      value -= 0.1 * (gradient + 0.9 * momentum)
      #expect(abs(Double(store.pointer(norm)[0]) - value) < 1e-6)
    }
  }

  @Test("A long gradient is shortened to the clipping norm")
  func clipping() {
    let store = store()
    let optimizer = Optimizer(
      store: store, rule: .nesterov(initialRate: 1, momentum: 0, weightDecay: 0, power: 0), clippingNorm: 0.001,
      averageDecay: 0.9)
    let norm = optimizer.advance(store, total: 10)
    #expect(abs(norm - 0.5 * Double(store.count).squareRoot()) < 1e-3 * norm)
    let parameter = store.parameter("encoder.stem.convs.0.norm.weight")
    #expect(abs(Double(2 - store.pointer(parameter)[0]) - 0.0005 / norm) < 1e-6)
  }
}

extension NetworkPlan {
  /// A network that trains in seconds.
  static let tiny = NetworkPlan(
    inputChannels: 1, classes: 3, features: [16, 16, 16], kernels: [Axes3<Int>](repeating: Axes3(3, 3, 3), count: 3),
    strides: [Axes3(1, 1, 1), Axes3(2, 2, 2), Axes3(2, 2, 2)], blocksPerStage: [1, 1, 1], decoderConvolutions: [1, 1],
    patch: Axes3(16, 24, 24), mamba: .init(innerWidth: 32, heads: 4, stateSize: 8, convolutionWidth: 4),
    prompts: .init(
      clickKinds: 3, attentionBlocks: 2, attentionHeads: 2, mlpWidth: 32, selfAttentionWidth: 16,
      crossAttentionWidth: 8, dense: .init()))
}
