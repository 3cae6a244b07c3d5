import Foundation
import Tensor

/// The Mamba2 layer in its simple form (Dao & Gu, arXiv:2405.21060): one group, every head with its own step and decay.
public final class Mamba2 {
  /// Numbers of the layer.
  public struct Sizes: Sendable {
    /// Length of a token.
    public var channels: Int
    /// Inner width E.
    public var inner: Int
    /// Heads H, which divide E.
    public var heads: Int
    /// State size N.
    public var states: Int
    /// Taps of the causal convolution.
    public var taps: Int

    /// Creates the numbers.
    public init(channels: Int, inner: Int, heads: Int, states: Int, taps: Int) {
      self.channels = channels
      self.inner = inner
      self.heads = heads
      self.states = states
      self.taps = taps
    }
  }

  private let sizes: Sizes
  private let inputProjection: Linear
  private let outputProjection: Linear
  private let tapWeights: [Float]
  private let tapBias: [Float]
  private let stepBias: [Float]
  private let decay: [Float]
  private let skip: [Float]
  private let gain: [Float]

  /// Epsilon of the RMS norm.
  private static let epsilon = 1e-5

  /// Reads the parameters.
  ///
  /// - Parameters:
  ///   - scope: Holds `in_proj`, `conv1d`, `dt_bias`, `A_log`, `D`, `norm`, `out_proj`.
  ///   - sizes: Numbers of the layer.
  /// - Throws: The source's error.
  public init(_ scope: ParameterScope, sizes: Sizes) throws {
    self.sizes = sizes
    let mixed = sizes.inner + 2 * sizes.states
    inputProjection = try Linear(
      scope["in_proj"], inputs: sizes.channels, outputs: sizes.inner + mixed + sizes.heads, hasBias: false)
    tapWeights = try scope.values("conv1d.weight", [mixed, 1, sizes.taps])
    tapBias = try scope.values("conv1d.bias", [mixed])
    stepBias = try scope.values("dt_bias", [sizes.heads])
    decay = try scope.values("A_log", [sizes.heads]).map { -exp($0) }
    skip = try scope.values("D", [sizes.heads])
    gain = try scope.values("norm.weight", [sizes.inner])
    outputProjection = try Linear(
      scope["out_proj"], inputs: sizes.inner, outputs: sizes.channels, hasBias: false)
  }

  /// Runs the layer over tokens in order.
  ///
  /// - Parameters:
  ///   - tokens: `[tokens, channels]`.
  ///   - tap: Receives the scan's output `[tokens, inner]`, before gate and norm.
  /// - Returns: `[tokens, channels]`.
  public func forward(_ tokens: Tokens, tap: (Tokens) -> Void = { _ in }) -> Tokens {
    let projected = inputProjection.forward(tokens)
    let mixed = convolve(projected)
    var scanned = Tokens(count: tokens.count, width: sizes.inner)
    SelectiveScan.run(
      mixed.values, rowStride: mixed.width, steps: steps(projected), decay: decay, skip: skip,
      states: sizes.states, into: &scanned.values)
    tap(scanned)
    gate(&scanned, by: projected)
    return outputProjection.forward(scanned)
  }

  /// The steps `softplus(dt + bias)`, `[tokens, heads]`.
  private func steps(_ projected: Tokens) -> [Float] {
    let first = projected.width - sizes.heads
    return (0..<projected.count).flatMap { token in
      (0..<sizes.heads).map { head in
        let value = Double(projected.values[token * projected.width + first + head]) + Double(stepBias[head])
        return Float(value > 30 ? value : log1p(exp(value)))
      }
    }
  }

  /// The depthwise causal convolution of `x | B | C`, then SiLU.
  private func convolve(_ projected: Tokens) -> Tokens {
    let width = sizes.inner + 2 * sizes.states
    var mixed = Tokens(count: projected.count, width: width)
    mixed.values.withUnsafeMutableBufferPointer { mixed in
      projected.values.withUnsafeBufferPointer { source in
        for token in 0..<projected.count {
          for column in 0..<width {
            var sum = tapBias[column]
            for tap in max(0, sizes.taps - 1 - token)..<sizes.taps {
              let from = token + tap - (sizes.taps - 1)
              sum += tapWeights[column * sizes.taps + tap] * source[from * projected.width + sizes.inner + column]
            }
            mixed[token * width + column] = sum / (1 + exp(-sum))
          }
        }
      }
    }
    return mixed
  }

  /// `RMSNorm(y * SiLU(z))`.
  private func gate(_ scanned: inout Tokens, by projected: Tokens) {
    let inner = sizes.inner
    scanned.values.withUnsafeMutableBufferPointer { y in
      projected.values.withUnsafeBufferPointer { source in
        for token in 0..<projected.count {
          var squares = 0.0
          for column in 0..<inner {
            let z = source[token * projected.width + column]
            let gated = y[token * inner + column] * (z / (1 + exp(-z)))
            y[token * inner + column] = gated
            squares += Double(gated) * Double(gated)
          }
          let factor = Float(1 / (squares / Double(inner) + Self.epsilon).squareRoot())
          for column in 0..<inner { y[token * inner + column] *= factor * gain[column] }
        }
      }
    }
  }
}
