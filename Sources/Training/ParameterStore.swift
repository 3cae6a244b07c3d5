import Layers
import UMamba2

/// One parameter's place in a store.
struct Parameter {
  /// The name in the checkpoint.
  let name: String
  /// The shape.
  let shape: [Int]
  /// The first number's place in the store's arrays.
  let offset: Int
  /// Numbers.
  let count: Int
  /// Whether training changes it: the positional code's matrix stays as drawn.
  let isTrained: Bool
  /// Whether weight decay shrinks it: matrices and kernels, not norms, biases, embeddings and the scan's own numbers.
  let isDecayed: Bool
}

/// All parameters of a network, one after the other, with their gradients and what the optimizer keeps of them.
final class ParameterStore: ParameterSource {
  /// In the order of the forward pass.
  let parameters: [Parameter]
  /// Numbers of all parameters.
  let count: Int
  /// The parameters' numbers.
  let values: UnsafeMutablePointer<Float>
  /// The loss's gradient, added up since it was cleared.
  let gradients: UnsafeMutablePointer<Float>
  private let places: [String: Int]

  /// Lays out a plan's parameters, all zero.
  init(plan: NetworkPlan) {
    var list: [Parameter] = []
    var offset = 0
    for requirement in plan.parameters {
      let count = requirement.shape.reduce(1, *)
      let name = requirement.name
      list.append(
        Parameter(
          name: name, shape: requirement.shape, offset: offset, count: count,
          isTrained: !name.hasSuffix("positional_encoding_gaussian_matrix"),
          isDecayed: requirement.shape.count > 1 && !name.contains("embed")))
      offset += (count + 15) / 16 * 16
    }
    parameters = list
    count = offset
    places = Dictionary(uniqueKeysWithValues: list.enumerated().map { ($0.element.name, $0.offset) })
    values = .allocate(capacity: offset)
    gradients = .allocate(capacity: offset)
    values.initialize(repeating: 0, count: offset)
    gradients.initialize(repeating: 0, count: offset)
  }

  deinit {
    values.deallocate()
    gradients.deallocate()
  }

  /// Finds a parameter that the plan has.
  func parameter(_ name: String) -> Parameter {
    guard let place = places[name] else { preconditionFailure("the plan has no parameter \(name)") }
    return parameters[place]
  }

  /// Whether the plan has a parameter.
  func has(_ name: String) -> Bool { places[name] != nil }

  /// A parameter's numbers.
  func pointer(_ parameter: Parameter) -> UnsafeMutablePointer<Float> { values + parameter.offset }

  /// A parameter's gradient.
  func gradient(_ parameter: Parameter) -> UnsafeMutablePointer<Float> { gradients + parameter.offset }

  /// Sets every gradient to zero.
  func clearGradients() { gradients.update(repeating: 0, count: count) }

  /// Copies parameters from a source; those that it lacks stay as they are.
  ///
  /// - Parameter source: Where they come from.
  /// - Throws: The source's error, for a parameter of another shape.
  func load(from source: any ParameterSource) throws {
    for parameter in parameters where source.shape(of: parameter.name) != nil {
      let loaded = try source.values(of: parameter.name, shape: parameter.shape)
      loaded.withUnsafeBufferPointer { buffer in
        if let base = buffer.baseAddress { pointer(parameter).update(from: base, count: parameter.count) }
      }
    }
  }

  func shape(of name: String) -> [Int]? { places[name].map { parameters[$0].shape } }

  func values(of name: String, shape: [Int]) throws -> [Float] {
    let parameter = parameter(name)
    precondition(parameter.shape == shape, "a parameter is asked for by its plan's shape")
    return Array(UnsafeBufferPointer(start: pointer(parameter), count: parameter.count))
  }
}
