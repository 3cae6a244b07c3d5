import Foundation
import Tensor
import Testing
import UMamba2
import Volume

struct NetworkTests {
  static let plan = NetworkPlan(
    inputChannels: 1, classes: 3, features: [8, 16, 24], kernels: Array(repeating: Axes3(repeating: 3), count: 3),
    strides: [Axes3(1, 1, 1), Axes3(2, 2, 2), Axes3(2, 2, 2)], blocksPerStage: [1, 1, 1], decoderConvolutions: [1, 1],
    patch: Axes3(32, 40, 48),
    mamba: NetworkPlan.MambaPlan(innerWidth: 48, heads: 4, stateSize: 16, convolutionWidth: 4),
    prompts: NetworkPlan.PromptPlan(
      clickKinds: 2, attentionBlocks: 2, attentionHeads: 4, mlpWidth: 32, selfAttentionWidth: 24,
      crossAttentionWidth: 12, dense: NetworkPlan.DensePromptPlan()))

  static let image: [Float] = {
    var generator = SeededGenerator(seed: 4)
    return (0..<plan.patch.product).map { _ in Float(generator.normal()) }
  }()

  static let clicks = [PointPrompt(voxel: Axes3(3, 30, 40), kind: 0), PointPrompt(voxel: Axes3(20, 9, 11), kind: 1)]

  func network(_ plan: NetworkPlan = plan) throws -> UMamba2Network {
    try UMamba2Network(plan: plan, parameters: DrawnParameters(plan: plan, seed: 3))
  }

  @Test("two runs, and two networks, give the same bytes")
  func repeatable() throws {
    let network = try network()
    let first = try network.logits(image: Self.image, prompts: Self.clicks)
    #expect(try network.logits(image: Self.image, prompts: Self.clicks) == first)
    #expect(try self.network().logits(image: Self.image, prompts: Self.clicks) == first)
    #expect(!first.contains { !$0.isFinite })
  }

  @Test("an encoding is untouched by clicks and by other encodings")
  func encodings() throws {
    let network = try network()
    let other = Self.image.map { -$0 }
    let encoding = try Self.image.withUnsafeBufferPointer { try network.encode(image: $0) { _ in } }
    let plain = try network.logits(encoding: encoding, prompts: [])
    let clicked = try network.logits(encoding: encoding, prompts: Self.clicks)
    #expect(plain != clicked)
    let second = try other.withUnsafeBufferPointer { try network.encode(image: $0) { _ in } }
    #expect(try network.logits(encoding: second, prompts: []) != plain)
    #expect(try network.logits(encoding: encoding, prompts: []) == plain)
    #expect(try network.logits(encoding: encoding, prompts: Self.clicks) == clicked)
  }

  @Test("a pass that its observer ends, at any report, leaves the network usable")
  func cancellation() throws {
    let network = try network()
    let expected = try network.logits(image: Self.image, prompts: Self.clicks)
    var reports = 0
    var last = 0.0
    _ = try network.logits(image: Self.image, prompts: Self.clicks) { report in
      #expect((0...1).contains(report.fraction))
      reports += 1
      last = report.fraction
    }
    #expect(reports > 20)
    #expect(last > 0.9)
    for stop in stride(from: 1, through: reports, by: 3) {
      var count = 0
      #expect(throws: CancellationError.self) {
        _ = try network.logits(image: Self.image, prompts: Self.clicks) { _ in
          count += 1
          if count == stop { throw CancellationError() }
        }
      }
    }
    #expect(try network.logits(image: Self.image, prompts: Self.clicks) == expected)
  }

  @Test("plans, patches, images and clicks that do not fit are refused with what was expected")
  func refusals() throws {
    let parameters = DrawnParameters(plan: Self.plan, seed: 1)
    for patch in [Axes3(32, 40, 46), Axes3(4, 4, 4), Axes3(0, 4, 4), Axes3(-4, 4, 4), Axes3(8192, 4, 4)] {
      #expect(throws: NetworkError.self) {
        _ = try UMamba2Network(plan: Self.plan, patch: patch, parameters: parameters)
      }
    }
    var broken = Self.plan
    broken.kernels[1] = Axes3(3, 2, 3)
    #expect(throws: NetworkError.self) { try broken.validate() }
    #expect(throws: NetworkError.self) { _ = try UMamba2Network(plan: broken, parameters: parameters) }
    // A Gaussian of more than 8 cells acts on no grid.
    let widest = 8 * Double(Self.plan.totalStride.array.reduce(0, max))
    for (sigma, isSound) in [(widest, true), (widest + 1, false), (0, false)] {
      var far = Self.plan
      far.prompts?.dense = .init(sigmasInVoxels: [2.5, sigma])
      #expect((far.problem == nil) == isSound)
    }
    var wider = Self.plan
    wider.features[1] = 17
    #expect(throws: NetworkError.self) { _ = try UMamba2Network(plan: wider, parameters: parameters) }

    let network = try network()
    #expect(throws: NetworkError.wrongCount(what: "the image", expected: 61440, actual: 61439)) {
      _ = try network.logits(image: Array(Self.image.dropLast()), prompts: [])
    }
    for kind in [2, -2] {
      #expect(throws: NetworkError.unknownClickKind(kind: kind, kinds: 2)) {
        _ = try network.logits(image: Self.image, prompts: [PointPrompt(voxel: Axes3(0, 0, 0), kind: kind)])
      }
    }
    var silent = Self.plan
    silent.prompts = nil
    #expect(throws: NetworkError.noClicks(count: 2)) {
      _ = try self.network(silent).logits(image: Self.image, prompts: Self.clicks)
    }
  }

  @Test("the cost is known before anything is built, and is what a pass does")
  func cost() throws {
    let cost = try ForwardCost(plan: Self.plan)
    let network = try network()
    #expect(network.cost == cost)
    _ = try network.logits(image: Self.image, prompts: [])
    #expect(network.lastEncode.map(\.name) == cost.encode.map(\.stage))
    #expect(network.lastDecode.map(\.name) == cost.decode.map(\.stage))
    #expect(network.lastEncode.map(\.multiplyAccumulates) == cost.encode.map(\.multiplyAccumulates))
    #expect(network.lastDecode.map(\.multiplyAccumulates) == cost.decode.map(\.multiplyAccumulates))
    #expect(network.encodingByteCount == cost.encodingBytes)
  }

  @Test("the published plan at its full patch costs what is known of it")
  func publishedCost() throws {
    let strides =
      [Axes3(1, 1, 1)] + Array(repeating: Axes3(2, 2, 2), count: 5) + [Axes3(1, 2, 2)]
    let plan = NetworkPlan(
      inputChannels: 1, classes: 3, features: [32, 64, 128, 256, 320, 320, 320],
      kernels: Array(repeating: Axes3(repeating: 3), count: 7), strides: strides,
      blocksPerStage: [1, 3, 4, 6, 6, 6, 6],
      decoderConvolutions: Array(repeating: 1, count: 6), patch: Axes3(128, 256, 256),
      mamba: NetworkPlan.MambaPlan(innerWidth: 640, heads: 8, stateSize: 32, convolutionWidth: 4),
      prompts: NetworkPlan.PromptPlan(
        clickKinds: 2, attentionBlocks: 2, attentionHeads: 4, mlpWidth: 1024, selfAttentionWidth: 320,
        crossAttentionWidth: 160))
    let cost = try ForwardCost(plan: plan)
    // 2.87 TMAC done step by step; 2.39 and 0.257 with the fused upsampling step. Transformed rows take half of the
    // products where kernels have three rows and no stride, and a third of an upsampling step's.
    #expect((1.22e12...1.29e12).contains(Double(cost.encodeMultiplyAccumulates)))
    #expect((0.172e12...0.179e12).contains(Double(cost.decodeMultiplyAccumulates)))
    #expect(cost.peakBytes < 4 << 30)
  }
}
