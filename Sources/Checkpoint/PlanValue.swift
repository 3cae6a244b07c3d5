import Volume

/// A value in a checkpoint's description of its network, with the path to it for messages.
struct PlanValue {
  private let tree: PickleTree
  private let file: String
  /// The keys from the root to here, for instance `init_args.plans`.
  let path: String
  private let value: PickleValue?

  /// The root of a checkpoint's pickle.
  init(root tree: PickleTree, file: String) {
    self.init(tree: tree, file: file, path: "", value: tree.root)
  }

  private init(tree: PickleTree, file: String, path: String, value: PickleValue?) {
    self.tree = tree
    self.file = file
    self.path = path
    self.value = value
  }

  /// Whether there is no value here, or Python's `None`.
  var isMissing: Bool {
    switch value {
    case nil, .some(.none): true
    default: false
    }
  }

  /// The value of a key; this must be a dictionary.
  func child(_ key: String) throws -> PlanValue {
    let dictionary = try dictionary()
    // Python writes the same keys as text or as numbers, depending on whether the plan went through JSON.
    let value = dictionary[key] ?? Int(key).flatMap { dictionary[$0] }
    return PlanValue(tree: tree, file: file, path: path.isEmpty ? key : "\(path).\(key)", value: value)
  }

  /// The value as a dictionary.
  func dictionary() throws -> PickleDictionary {
    guard case .dictionary(let position)? = value else { throw invalid("a dictionary") }
    return tree.dictionaries[position]
  }

  /// The longest list that a description of a network has a use for.
  private static let lengthLimit = 65536

  /// The value as a list or tuple, or `nil` when it is something else or absurdly long.
  func elements() -> [PlanValue]? {
    switch value {
    case .list(let position)? where tree.sequences[position].count <= Self.lengthLimit,
      .tuple(let position)? where tree.sequences[position].count <= Self.lengthLimit:
      tree.sequences[position].enumerated().map { index, element in
        PlanValue(tree: tree, file: file, path: "\(path)[\(index)]", value: element)
      }
    default: nil
    }
  }

  /// The value as text.
  func text() throws -> String {
    guard case .text(let text)? = value else { throw invalid("text") }
    return text
  }

  /// The value as a truth value.
  func bool() throws -> Bool {
    switch value {
    case .bool(let bool)?: return bool
    case .integer(0)?: return false
    case .integer(1)?: return true
    default: throw invalid("True or False")
    }
  }

  /// The value as a finite number.
  func number() throws -> Double {
    switch value {
    case .real(let number)? where number.isFinite: return number
    case .integer(let integer)?: return Double(integer)
    default: throw invalid("a number")
    }
  }

  /// The value as an integer; a whole real number and a list of one integer count as one.
  func integer() throws -> Int {
    switch value {
    case .integer(let integer)?: return integer
    case .real(let number)?:
      if let integer = Int(exactly: number) { return integer }
    case .list(let position)?, .tuple(let position)?:
      if tree.sequences[position].count == 1, case .integer(let integer) = tree.sequences[position][0] {
        return integer
      }
    default: break
    }
    throw invalid("an integer")
  }

  /// The value as a list of integers, `count` of them; one integer stands for as many equal ones.
  func integers(count: Int) throws -> [Int] {
    guard let elements = elements(), elements.count != 1 || count == 1 else {
      return [Int](repeating: try integer(), count: count)
    }
    guard elements.count == count else { throw invalid("\(count) integers", found: "a list of \(elements.count)") }
    return try elements.map { try $0.integer() }
  }

  /// The value as three integers, one an axis; one integer stands for three.
  func axes() throws -> Axes3<Int> {
    if let elements = elements(), elements.count != 3 {
      throw invalid("three integers, one an axis", found: "a list of \(elements.count)")
    }
    let values = try integers(count: 3)
    return Axes3(values[0], values[1], values[2])
  }

  /// The value as one triple of integers a stage; one integer, or one triple, stands for every stage.
  func axes(stages: Int) throws -> [Axes3<Int>] {
    guard let elements = elements() else { return [Axes3<Int>](repeating: try axes(), count: stages) }
    if elements.count == stages { return try elements.map { try $0.axes() } }
    if elements.count == 3, elements.allSatisfy({ $0.elements() == nil }) {
      return [Axes3<Int>](repeating: try axes(), count: stages)
    }
    throw invalid("one entry for each of \(stages) stages", found: "a list of \(elements.count)")
  }

  /// An error about this value.
  func invalid(_ expected: String, found: String? = nil) -> CheckpointError {
    guard !isMissing || found != nil else { return .missingValue(file: file, path: path, expected: expected) }
    return .invalidValue(
      file: file, path: path.isEmpty ? "the checkpoint" : path, expected: expected,
      found: found ?? value?.summary ?? "missing")
  }

  /// An error about something that this value asks for.
  func unsupported(_ what: String, advice: String) -> CheckpointError {
    .unsupported(file: file, what: "\"\(printable(path))\": \(what)", advice: advice)
  }
}
