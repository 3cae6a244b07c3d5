import Layers
import NetworkOracle
import Tensor
import Testing
import UMamba2
import Volume

/// Random parameters of a plan: every one drawn, norms and biases too.
private struct RandomParameters: ParameterSource {
  let plan: NetworkPlan
  let seed: UInt64

  func shape(of name: String) -> [Int]? { plan.parameters.first { $0.name == name }?.shape }

  func values(of name: String, shape: [Int]) throws -> [Float] {
    var values = try DrawnParameters(plan: plan, seed: seed).values(of: name, shape: shape)
    var generator = SeededGenerator(seed: seed).split(UInt64(name.utf8.count))
    if name.hasSuffix("bias") || name.hasSuffix("norm.weight") {
      for index in values.indices { values[index] += Float(generator.uniform(-0.5...0.5)) }
    }
    return values
  }
}

struct OracleTests {
  /// A plan drawn from a seed, small enough for the oracle.
  static func plan(_ seed: UInt64) -> NetworkPlan {
    var generator = SeededGenerator(seed: seed)
    let stages = generator.integer(2...4)
    var strides = [Axes3(repeating: 1)]
    var kernels = [Axes3(0, 0, 0).map { _ in 2 * generator.integer(0...1) + 1 }]
    for _ in 1..<stages {
      strides.append(
        generator.happens(0.3) ? Axes3(1, 2, 2) : generator.happens(0.2) ? Axes3(1, 1, 1) : Axes3(2, 2, 2))
      kernels.append(Axes3(0, 0, 0).map { _ in generator.happens(0.8) ? 3 : 2 * generator.integer(0...2) + 1 })
    }
    var features = (0..<stages).map { _ in generator.integer(1...6) }
    features[stages - 1] = 2 * generator.integer(2...4)
    if stages > 2, generator.happens(0.4) { features[1] = features[0] }
    let heads = generator.integer(1...3)
    // The widest is too wide for fine grids, and for some all.
    let widest = strides.dropFirst().reduce(8.0) { $0 * Double($1.axis2) }
    let dense = generator.happens(0.5) ? NetworkPlan.DensePromptPlan(sigmasInVoxels: [0.8, widest, 1.7]) : nil
    let prompts = NetworkPlan.PromptPlan(
      clickKinds: generator.integer(1...3), attentionBlocks: generator.integer(1...3), attentionHeads: 2,
      mlpWidth: generator.integer(3...9), selfAttentionWidth: 2 * generator.integer(1...4),
      crossAttentionWidth: 2 * generator.integer(1...3), dense: dense)
    var plan = NetworkPlan(
      inputChannels: generator.integer(1...3), classes: generator.integer(2...5), features: features,
      kernels: kernels, strides: strides, blocksPerStage: (0..<stages).map { _ in generator.integer(1...2) },
      decoderConvolutions: (1..<stages).map { _ in generator.integer(1...3) }, patch: Axes3(repeating: 1),
      convolutionBias: generator.happens(0.7), leakySlope: Float(generator.uniform(0...0.3)),
      mamba: NetworkPlan.MambaPlan(
        innerWidth: heads * generator.integer(1...5), heads: heads, stateSize: generator.integer(1...20),
        convolutionWidth: generator.integer(1...5)),
      prompts: generator.happens(0.8) ? prompts : nil)
    // Odd multiples of the stride, an axis of length 1 at the bottleneck now and then.
    let total = plan.totalStride
    plan.patch = Axes3(0, 1, 2).map { total[$0] * [1, 2, 3][generator.integer(0...2)] }
    plan.patch.axis2 = total.axis2 * generator.integer(2...3)
    return plan
  }

  @Test("random plans give the oracle's logits, from one encoding with and without clicks", arguments: 1...24)
  func randomPlans(seed: UInt64) throws {
    let plan = Self.plan(seed)
    try plan.validate()
    var generator = SeededGenerator(seed: seed + 1000)
    let parameters = RandomParameters(plan: plan, seed: seed)
    let image = (0..<plan.inputChannels * plan.patch.product).map { _ in Float(generator.normal()) }
    let kinds = plan.prompts?.clickKinds ?? 0
    let clicks = (0..<(kinds == 0 ? 0 : 5)).map { _ in
      PointPrompt(voxel: plan.patch.map { generator.integer(0...($0 - 1)) }, kind: generator.integer(-1...(kinds - 1)))
    }
    let oracle = try OracleNetwork(plan: plan, source: parameters)
    let map = OracleMap(channels: plan.inputChannels, size: plan.patch, values: image.map(Double.init))
    let expected = try [[], clicks].map { prompts in
      try #require(oracle.scores(image: map, prompts: prompts).first).values
    }
    for set in InstructionSet.available {
      let network = try UMamba2Network(plan: plan, parameters: parameters, instructionSet: set)
      let encoding = try image.withUnsafeBufferPointer { try network.encode(image: $0) { _ in } }
      for (prompts, values) in zip([[], clicks, []], expected + [expected[0]]) {
        let logits = try network.logits(encoding: encoding, prompts: prompts)
        let difference = largestDifference(logits, values.map { Float($0) })
        let scale = values.reduce(1) { max($0, abs($1)) }
        print("plan \(seed), \(set), \(prompts.count) clicks: largest relative difference \(difference / scale)")
        #expect(difference / scale < 2e-5)
      }
    }
  }
}
