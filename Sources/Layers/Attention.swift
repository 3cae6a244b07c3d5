import Foundation
import Tensor

/// Multi-head attention with projections of queries, keys, values and output; softmax of the products over the square
/// root of the head width.
public final class Attention {
  private let queryProjection: Linear
  private let keyProjection: Linear
  private let valueProjection: Linear
  private let outputProjection: Linear
  private let width: Int
  private let heads: Int

  /// Reads the parameters.
  ///
  /// - Parameters:
  ///   - scope: Holds `q_proj`, `k_proj`, `v_proj`, `out_proj`.
  ///   - channels: Length of a token.
  ///   - width: Inner width.
  ///   - heads: Heads, which divide the inner width.
  /// - Throws: The source's error.
  public init(_ scope: ParameterScope, channels: Int, width: Int, heads: Int) throws {
    queryProjection = try Linear(scope["q_proj"], inputs: channels, outputs: width)
    keyProjection = try Linear(scope["k_proj"], inputs: channels, outputs: width)
    valueProjection = try Linear(scope["v_proj"], inputs: channels, outputs: width)
    outputProjection = try Linear(scope["out_proj"], inputs: width, outputs: channels)
    self.width = width
    self.heads = heads
  }

  /// Attends.
  ///
  /// - Parameters:
  ///   - queries: `[queries, channels]`.
  ///   - keys: `[keys, channels]`.
  ///   - values: `[keys, channels]`.
  /// - Returns: `[queries, channels]`.
  public func forward(queries: Tokens, keys: Tokens, values: Tokens) -> Tokens {
    let projectedQueries = queryProjection.forward(queries)
    let projectedKeys = keyProjection.forward(keys)
    let projectedValues = valueProjection.forward(values)
    var mixed = Tokens(count: queries.count, width: width)
    let pieces = min(Threads.count, queries.count)
    mixed.values.withUnsafeMutableBufferPointer { output in
      projectedQueries.values.withUnsafeBufferPointer { q in
        projectedKeys.values.withUnsafeBufferPointer { k in
          projectedValues.values.withUnsafeBufferPointer { v in
            guard let q = q.baseAddress, let k = k.baseAddress, let v = v.baseAddress, let o = output.baseAddress else {
              return
            }
            Threads.forEach(pieces) { piece in
              let some = queries.count * piece / pieces..<queries.count * (piece + 1) / pieces
              mix(some, q: q, k: k, v: v, keyCount: keys.count, into: o)
            }
          }
        }
      }
    }
    return outputProjection.forward(mixed)
  }

  /// Computes some queries' mixtures of the values.
  ///
  /// - Parameters:
  ///   - queries: Rows of `q` and of the result.
  ///   - q: Projected queries, `[queries, width]`.
  ///   - k: Projected keys, `[keys, width]`.
  ///   - v: Projected values, `[keys, width]`.
  ///   - keyCount: Keys.
  ///   - output: Receives the mixtures, `[queries, width]`; holds zeros.
  private func mix(
    _ queries: Range<Int>, q: UnsafePointer<Float>, k: UnsafePointer<Float>, v: UnsafePointer<Float>, keyCount: Int,
    into output: UnsafeMutablePointer<Float>
  ) {
    let headWidth = width / heads
    let scale = 1 / Float(headWidth).squareRoot()
    withUnsafeTemporaryAllocation(of: Float.self, capacity: keyCount) { weights in
      for query in queries {
        for head in 0..<heads {
          let first = query * width + head * headWidth
          var largest = -Float.infinity
          for key in 0..<keyCount {
            let keyFirst = key * width + head * headWidth
            var product: Float = 0
            for index in 0..<headWidth { product += q[first + index] * k[keyFirst + index] }
            weights[key] = product * scale
            largest = max(largest, weights[key])
          }
          var sum = 0.0
          for key in 0..<keyCount {
            weights[key] = exp(weights[key] - largest)
            sum += Double(weights[key])
          }
          let factor = Float(1 / sum)
          for key in 0..<keyCount {
            let share = weights[key] * factor
            let keyFirst = key * width + head * headWidth
            for index in 0..<headWidth { output[first + index] += share * v[keyFirst + index] }
          }
        }
      }
    }
  }
}
