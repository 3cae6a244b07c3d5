import Foundation
import Testing

@testable import Layers

struct TokenLayerTests {
  @Test("a LayerNorm has mean 0 and deviation 1 before gain and offset, also far from zero")
  func layerNorm() throws {
    let norm = try LayerNorm(
      ParameterScope(Parameters(arrays: ["n.weight": ([4], [1, 2, 1, 1]), "n.bias": ([4], [0, 0, 3, 0])]))["n"],
      width: 4)
    let result = norm.forward(tokens([[1, 2, 3, 4], [100_001, 100_002, 100_003, 100_004]]))
    let factor = 1 / (1.25 + 1e-5).squareRoot()
    let row = [-1.5 * factor, -1 * factor, 0.5 * factor + 3, 1.5 * factor]
    #expect(largestDifference(result, [row, row]) < 1e-6)
  }

  @Test("a linear layer multiplies by the transposed weight and adds the bias")
  func linear() throws {
    let scope = ParameterScope(
      Parameters(arrays: ["weight": ([2, 3], [1, 2, 3, 4, 5, 6]), "bias": ([2], [10, 20])]))
    let rows = tokens([[1, 0, -1], [0.5, 0.5, 0.5]])
    #expect(largestDifference(try Linear(scope, inputs: 3, outputs: 2).forward(rows), [[8, 18], [13, 27.5]]) < 1e-6)
    let plain = try Linear(scope, inputs: 3, outputs: 2, hasBias: false)
    #expect(largestDifference(plain.forward(rows), [[-2, -2], [3, 7.5]]) < 1e-6)
  }

  @Test("a missing or misshapen parameter is asked for by its full name")
  func names() {
    let scope = ParameterScope(Parameters(arrays: ["a.b.weight": ([1, 1], [1])]))
    #expect(throws: Parameters.Missing(name: "a.b.weight", shape: [2, 1])) {
      _ = try Linear(scope["a"]["b"], inputs: 1, outputs: 2)
    }
    #expect(throws: Parameters.Missing(name: "a.b.bias", shape: [1])) {
      _ = try Linear(scope["a.b"], inputs: 1, outputs: 1)
    }
  }

  @Test("attention shares the values by the softmax of each head, also for large products")
  func attention() throws {
    let identity: [Float] = [1, 0, 0, 1]
    var arrays: [String: (shape: [Int], values: [Float])] = [:]
    for name in ["q_proj", "k_proj", "v_proj", "out_proj"] {
      arrays["\(name).weight"] = ([2, 2], identity)
      arrays["\(name).bias"] = ([2], [0, 0])
    }
    let attention = try Attention(ParameterScope(Parameters(arrays: arrays)), channels: 2, width: 2, heads: 2)
    // Two heads of width 1: each coordinate attends on its own.
    let result = attention.forward(
      queries: tokens([[1, 200]]), keys: tokens([[0, 1], [Float(log(3.0)), -1]]), values: tokens([[1, 10], [2, 20]]))
    #expect(largestDifference(result, [[0.25 * 1 + 0.75 * 2, 10]]) < 1e-6)
  }

  @Test("a click's code is the sine and cosine of its place, plus its kind; the last token is no point")
  func points() throws {
    let encoder = try PointEncoder(
      ParameterScope(
        Parameters(arrays: [
          "pe_layer.positional_encoding_gaussian_matrix": ([3, 1], [0.25, 0.5, 1]),
          "point_embeddings.0.weight": ([1, 2], [10, 20]), "point_embeddings.1.weight": ([1, 2], [30, 40]),
          "not_a_point_embed.weight": ([1, 2], [5, 6]),
        ])), channels: 2, kinds: 2)
    let result = encoder.encode(clicks: [([1, 0.5, 0.5], 1), ([0.1, 0.2, 0.3], -1)])
    // t = 2π (1 · 0.25) = π / 2.
    #expect(largestDifference(result, [[30 + 1, 40 + 0], [5, 6], [5, 6]]) < 1e-6)
    let grid = encoder.encode(grid: .init(2, 1, 1))
    let angle = 2 * Double.pi * -0.5 * 0.25
    #expect(largestDifference(grid, [[sin(angle), cos(angle)], [sin(-angle), cos(-angle)]]) < 1e-6)
  }

  @Test("one token of Mamba2 is its formula")
  func mamba() throws {
    // One channel, inner width 1, one head, one state, one tap.
    let mamba = try Mamba2(
      ParameterScope(
        Parameters(arrays: [
          "in_proj.weight": ([5, 1], [0.5, 1, 2, 3, 4]), "conv1d.weight": ([3, 1, 1], [1, 1, 1]),
          "conv1d.bias": ([3], [0.1, 0.2, 0.3]), "dt_bias": ([1], [0.5]), "A_log": ([1], [0]), "D": ([1], [2]),
          "norm.weight": ([1], [3]), "out_proj.weight": ([1, 1], [0.5]),
        ])), sizes: Mamba2.Sizes(channels: 1, inner: 1, heads: 1, states: 1, taps: 1))
    func silu(_ value: Double) -> Double { value / (1 + exp(-value)) }
    func parts(_ u: Double) -> (x: Double, b: Double, c: Double, step: Double) {
      (silu(u + 0.1), silu(2 * u + 0.2), silu(3 * u + 0.3), log1p(exp(4 * u + 0.5)))
    }
    let first = parts(0.7)
    let second = parts(-0.4)
    let state = first.step * first.x * first.b
    let next = exp(-second.step) * state + second.step * second.x * second.b
    let scanned = [state * first.c + 2 * first.x, next * second.c + 2 * second.x]
    let gated = [scanned[0] * silu(0.35), scanned[1] * silu(-0.2)]
    let expected = gated.map { 0.5 * 3 * $0 / ($0 * $0 + 1e-5).squareRoot() }
    var tapped: Tokens?
    let result = mamba.forward(tokens([[0.7], [-0.4]])) { tapped = $0 }
    #expect(largestDifference(result, expected.map { [$0] }) < 1e-6)
    #expect(largestDifference(try #require(tapped), scanned.map { [$0] }) < 1e-6)
  }

  @Test("tokens and channels are each other's transpose")
  func transpose() {
    let rows = tokens([[1, 2, 3], [4, 5, 6]])
    var channels = [Float](repeating: 0, count: 6)
    channels.withUnsafeMutableBufferPointer { if let base = $0.baseAddress { rows.store(channels: base) } }
    #expect(channels == [1, 4, 2, 5, 3, 6])
    channels.withUnsafeBufferPointer { buffer in
      if let base = buffer.baseAddress { #expect(Tokens(channels: base, count: 2, width: 3) == rows) }
    }
  }

  @Test("a meter adds up the work of stages and reports growing shares")
  func meter() throws {
    var shares: [Double] = []
    let meter = WorkMeter(total: 100) { _, fraction in shares.append(fraction) }
    try meter.begin("first")
    try meter.run(40) { progress in try progress(0.5) }
    try meter.begin("second")
    try meter.run(60) { progress in try progress(0.5) }
    #expect(shares == [0, 0.2, 0.4, 0.7])
    let stages = meter.finished()
    #expect(stages.map(\.name) == ["first", "second"])
    #expect(stages.map(\.multiplyAccumulates) == [40, 60])
  }
}
