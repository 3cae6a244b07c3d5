import Foundation
import Tensor

/// The Mamba2 layer in its simple form (Dao & Gu, arXiv:2405.21060): one group, every head with its own step and decay.
/// In double precision up to the output projection: it is little work, and the scan magnifies rounding errors.
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
  private let projectedWidth: Int
  private let inputWeights: [Double]
  private let outputProjection: Linear
  private let tapWeights: [Double]
  private let tapBias: [Double]
  private let stepBias: [Double]
  private let decay: [Double]
  private let skip: [Double]
  private let gain: [Double]

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
    projectedWidth = sizes.inner + mixed + sizes.heads
    inputWeights = try scope.values("in_proj.weight", [projectedWidth, sizes.channels]).map(Double.init)
    tapWeights = try scope.values("conv1d.weight", [mixed, 1, sizes.taps]).map(Double.init)
    tapBias = try scope.values("conv1d.bias", [mixed]).map(Double.init)
    stepBias = try scope.values("dt_bias", [sizes.heads]).map(Double.init)
    decay = try scope.values("A_log", [sizes.heads]).map { -exp(Double($0)) }
    skip = try scope.values("D", [sizes.heads]).map(Double.init)
    gain = try scope.values("norm.weight", [sizes.inner]).map(Double.init)
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
    let projected = MatrixProduct.multiply(
      tokens.values.map(Double.init), transposed: inputWeights, rows: tokens.count, columns: projectedWidth,
      inner: sizes.channels)
    var scanned = [Double](repeating: 0, count: tokens.count * sizes.inner)
    SelectiveScan.run(
      convolve(projected), rowStride: sizes.inner + 2 * sizes.states, steps: steps(projected), decay: decay, skip: skip,
      states: sizes.states, into: &scanned)
    tap(rounded(scanned))
    gate(&scanned, by: projected)
    return outputProjection.forward(rounded(scanned))
  }

  private func rounded(_ rows: [Double]) -> Tokens {
    var tokens = Tokens(count: rows.count / sizes.inner, width: sizes.inner)
    for (index, value) in rows.enumerated() { tokens.values[index] = Float(value) }
    return tokens
  }

  /// The steps `softplus(dt + bias)`, `[tokens, heads]`.
  private func steps(_ projected: [Double]) -> [Double] {
    let first = projectedWidth - sizes.heads
    return stride(from: 0, to: projected.count, by: projectedWidth).flatMap { row in
      (0..<sizes.heads).map { head in
        let value = projected[row + first + head] + stepBias[head]
        return value > 30 ? value : log1p(exp(value))
      }
    }
  }

  /// The depthwise causal convolution of `x | B | C`, then SiLU.
  private func convolve(_ projected: [Double]) -> [Double] {
    let width = sizes.inner + 2 * sizes.states
    let count = projected.count / projectedWidth
    var mixed = [Double](repeating: 0, count: count * width)
    mixed.withUnsafeMutableBufferPointer { mixed in
      projected.withUnsafeBufferPointer { source in
        tapWeights.withUnsafeBufferPointer { weights in
          nonisolated(unsafe) let mixed = mixed
          Self.forEachPiece(of: count) { tokens in
            for token in tokens {
              for column in 0..<width {
                var sum = tapBias[column]
                for tap in max(0, sizes.taps - 1 - token)..<sizes.taps {
                  let from = token + tap - (sizes.taps - 1)
                  sum += weights[column * sizes.taps + tap] * source[from * projectedWidth + sizes.inner + column]
                }
                mixed[token * width + column] = sum / (1 + exp(-sum))
              }
            }
          }
        }
      }
    }
    return mixed
  }

  /// `RMSNorm(y * SiLU(z))`.
  private func gate(_ scanned: inout [Double], by projected: [Double]) {
    let inner = sizes.inner
    scanned.withUnsafeMutableBufferPointer { y in
      projected.withUnsafeBufferPointer { source in
        nonisolated(unsafe) let y = y
        Self.forEachPiece(of: y.count / inner) { tokens in
          for token in tokens {
            var squares = 0.0
            for column in 0..<inner {
              let z = source[token * projectedWidth + column]
              let gated = y[token * inner + column] * (z / (1 + exp(-z)))
              y[token * inner + column] = gated
              squares += gated * gated
            }
            let factor = 1 / (squares / Double(inner) + Self.epsilon).squareRoot()
            for column in 0..<inner { y[token * inner + column] *= factor * gain[column] }
          }
        }
      }
    }
  }

  /// Spreads ranges of tokens over the threads.
  private static func forEachPiece(of tokens: Int, _ body: (Range<Int>) -> Void) {
    let pieces = min(Threads.count, tokens)
    Threads.forEach(pieces) { body(tokens * $0 / pieces..<tokens * ($0 + 1) / pieces) }
  }
}
