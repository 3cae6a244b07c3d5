/// Normalizes each row: `(x - mean) / sqrt(variance + epsilon) * gain + offset`.
public struct LayerNorm: Sendable {
  private let gain: [Float]
  private let offset: [Float]

  /// Epsilon of every LayerNorm in the network.
  private static let epsilon = 1e-5

  /// Reads the parameters.
  ///
  /// - Parameters:
  ///   - scope: Holds `weight` and `bias`.
  ///   - width: Length of a row.
  /// - Throws: The source's error.
  public init(_ scope: ParameterScope, width: Int) throws {
    gain = try scope.values("weight", [width])
    offset = try scope.values("bias", [width])
  }

  /// Normalizes rows.
  ///
  /// - Parameter rows: The input.
  /// - Returns: As many rows.
  public func forward(_ rows: Tokens) -> Tokens {
    precondition(rows.width == gain.count, "the rows have another length")
    var result = rows
    let width = rows.width
    result.values.withUnsafeMutableBufferPointer { values in
      gain.withUnsafeBufferPointer { gain in
        offset.withUnsafeBufferPointer { offset in
          for start in stride(from: 0, to: values.count, by: width) {
            var sum = 0.0
            for index in 0..<width { sum += Double(values[start + index]) }
            let mean = sum / Double(width)
            var squares = 0.0
            for index in 0..<width {
              let difference = Double(values[start + index]) - mean
              squares += difference * difference
            }
            let factor = 1 / (squares / Double(width) + Self.epsilon).squareRoot()
            for index in 0..<width {
              let normal = (Double(values[start + index]) - mean) * factor
              values[start + index] = Float(normal) * gain[index] + offset[index]
            }
          }
        }
      }
    }
    return result
  }
}
