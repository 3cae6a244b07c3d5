import Foundation
import Layers
import Volume

/// Untrained parameters of a plan, drawn from a seed: for benchmarks, and to show the program before there is a trained
/// model. A parameter's values depend on the seed and its name only.
public struct DrawnParameters: ParameterSource, Sendable {
  private let shapes: [String: [Int]]
  private let seed: UInt64

  /// Creates the source.
  ///
  /// - Parameters:
  ///   - plan: The architecture, which must have no `problem`.
  ///   - seed: Any number.
  public init(plan: NetworkPlan, seed: UInt64) {
    shapes = Dictionary(plan.parameters.map { ($0.name, $0.shape) }) { first, _ in first }
    self.seed = seed
  }

  /// The shape of a parameter of the plan, or `nil` when it has none of that name.
  public func shape(of name: String) -> [Int]? { shapes[name] }

  /// Draws a parameter's values: weights evenly with the variance 2 over the number of inputs (He et al.,
  /// arXiv:1502.01852), norms that change nothing, decays and steps of Mamba2 as it is initialized.
  ///
  /// - Parameters:
  ///   - name: The parameter's name.
  ///   - shape: Its shape in the plan.
  /// - Returns: The values.
  /// - Throws: `NetworkError.unknownParameter` for another name or shape.
  public func values(of name: String, shape: [Int]) throws -> [Float] {
    guard shapes[name] == shape else {
      throw NetworkError.unknownParameter(name: name, expected: shapes[name], actual: shape)
    }
    let count = shape.reduce(1, *)
    let last = name.split(separator: ".").last ?? ""
    if name.hasSuffix("norm.weight") || name.contains(".norm1.weight") || name.contains(".norm2.weight")
      || name.contains(".norm3.weight") || name.contains(".norm4.weight") || last == "D"
    {
      return [Float](repeating: 1, count: count)
    }
    if last == "bias" { return [Float](repeating: 0, count: count) }
    var generator = SeededGenerator(seed: seed).split(Self.hash(name))
    if last == "A_log" { return (0..<count).map { _ in Float(log(generator.uniform(1...16))) } }
    if last == "dt_bias" {
      // The inverse of softplus at steps spread evenly in the logarithm from 0.001 to 0.1.
      return (0..<count).map { _ in
        let step = exp(generator.uniform(log(0.001)...log(0.1)))
        return Float(step + log(-expm1(-step)))
      }
    }
    // Embeddings and the positional matrix are of deviation 1; other weights by their number of inputs.
    let isTable = name.contains("embed") || name.contains("gaussian_matrix")
    let inputs = shape.count > 1 ? shape.dropFirst().reduce(1, *) : count
    let bound = isTable ? 3.0.squareRoot() : (6 / Double(max(inputs, 1))).squareRoot()
    return (0..<count).map { _ in Float((2 * generator.unit() - 1) * bound) }
  }

  /// FNV-1a.
  private static func hash(_ name: String) -> UInt64 {
    name.utf8.reduce(0xCBF2_9CE4_8422_2325) { ($0 ^ UInt64($1)) &* 0x0000_0100_0000_01B3 }
  }
}
