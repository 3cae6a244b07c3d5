/// A place in a checkpoint's tree of names, where a layer finds its parameters by their last names.
public struct ParameterScope {
  private let source: any ParameterSource
  private let prefix: String

  /// Creates the root of a source's names.
  ///
  /// - Parameter source: Where the values come from.
  public init(_ source: any ParameterSource) {
    self.init(source: source, prefix: "")
  }

  private init(source: any ParameterSource, prefix: String) {
    self.source = source
    self.prefix = prefix
  }

  /// The place below this one of a given name, which may have dots.
  public subscript(name: String) -> ParameterScope {
    ParameterScope(source: source, prefix: prefix + name + ".")
  }

  /// Returns a parameter's values in C order.
  ///
  /// - Parameters:
  ///   - name: The parameter's name below this place.
  ///   - shape: The shape that the layer needs.
  /// - Returns: The values.
  /// - Throws: The source's error, which names the parameter and both shapes.
  public func values(_ name: String, _ shape: [Int]) throws -> [Float] {
    try source.values(of: prefix + name, shape: shape)
  }
}
