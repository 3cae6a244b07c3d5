import Tensor

/// `y = x Wᵀ + b` on rows of tokens.
public final class Linear {
  private let weight: FloatBuffer
  private let bias: [Float]?
  private let inputs: Int
  private let outputs: Int

  /// Reads the parameters.
  ///
  /// - Parameters:
  ///   - scope: Holds `weight` and `bias`.
  ///   - inputs: Length of an input row.
  ///   - outputs: Length of an output row.
  ///   - hasBias: Whether there is a bias.
  /// - Throws: The source's error.
  public init(_ scope: ParameterScope, inputs: Int, outputs: Int, hasBias: Bool = true) throws {
    weight = try FloatBuffer(scope.values("weight", [outputs, inputs]))
    bias = hasBias ? try scope.values("bias", [outputs]) : nil
    self.inputs = inputs
    self.outputs = outputs
  }

  /// Maps rows.
  ///
  /// - Parameter rows: The input.
  /// - Returns: As many rows.
  public func forward(_ rows: Tokens) -> Tokens {
    precondition(rows.width == inputs, "the rows have another length")
    var result = Tokens(count: rows.count, width: outputs)
    result.values.withUnsafeMutableBufferPointer { result in
      rows.values.withUnsafeBufferPointer { rows in
        guard let output = result.baseAddress, let input = rows.baseAddress else { return }
        let count = rows.count / inputs
        if let bias {
          for row in 0..<count {
            for column in 0..<outputs { output[row * outputs + column] = bias[column] }
          }
        }
        MatrixProduct.multiply(
          input, transposed: weight.pointer, into: output, rows: count, columns: outputs, inner: inputs,
          accumulate: bias != nil)
      }
    }
    return result
  }
}
