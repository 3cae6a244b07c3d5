import Volume

/// What can go wrong when a network is built or run.
public enum NetworkError: Error, Sendable, Equatable, CustomStringConvertible {
  /// The plan cannot be built; the problem is a clause such as "it has 1 classes, expected 2 or more".
  case invalidPlan(problem: String)
  /// The image or the room for logits has another number of values than the patch.
  case wrongCount(what: String, expected: Int, actual: Int)
  /// A click's kind has no embedding.
  case unknownClickKind(kind: Int, kinds: Int)
  /// Clicks were given to a network without a point encoder.
  case noClicks(count: Int)
  /// A parameter was asked for that the plan does not have, or in another shape.
  case unknownParameter(name: String, expected: [Int]?, actual: [Int])

  /// What happened, and what to do.
  public var description: String {
    switch self {
    case .invalidPlan(let problem):
      return "the network's plan cannot be built: \(problem)"
    case .wrongCount(let what, let expected, let actual):
      return "\(what) has \(actual) values, expected \(expected)"
    case .unknownClickKind(let kind, let kinds):
      return "a click is of kind \(kind), but the network knows \(kinds) kinds, numbered from 0"
    case .noClicks(let count):
      return "\(count) clicks were given to a network that takes none: use an interactive model"
    case .unknownParameter(let name, let expected, let actual):
      let known = expected.map { "has the shape \($0)" } ?? "does not exist"
      return "the parameter \(name) \(known) in the plan, but the shape \(actual) was asked for"
    }
  }
}
