/// Where a network's parameters come from: a checkpoint, a model file, a seeded generator.
public protocol ParameterSource {
  /// The shape of a stored parameter, or `nil` when there is none of that name.
  func shape(of name: String) -> [Int]?

  /// Returns a parameter's values in C order as float32.
  ///
  /// - Parameters:
  ///   - name: The parameter's full name in the checkpoint.
  ///   - shape: The shape that the network needs.
  /// - Returns: The values, `shape.reduce(1, *)` of them.
  /// - Throws: An error that names the parameter and both shapes when it is missing or shaped otherwise.
  func values(of name: String, shape: [Int]) throws -> [Float]
}
