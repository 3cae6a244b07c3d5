/// A value of a pickle, as plain data; containers are positions in a `PickleTree`, so that neither depth nor cycles nor
/// shared parts of a hostile pickle can make a walk over it long.
enum PickleValue: Sendable {
  case none
  case bool(Bool)
  case integer(Int)
  /// An integer that does not fit 64 bits.
  case largeInteger
  case real(Double)
  case text(String)
  case bytes([UInt8])
  /// Position in `sequences`.
  case tuple(Int)
  /// Position in `sequences`.
  case list(Int)
  /// Position in `sequences`.
  case set(Int)
  /// Position in `dictionaries`.
  case dictionary(Int)
  /// Position in `tensors`.
  case tensor(Int)
  /// Position in `storages`.
  case storage(Int)
  /// Position in `arrayTypes`: a NumPy `dtype`.
  case arrayType(Int)
  /// A name that the pickle mentions, `module.name`; a name only.
  case global(String)
  /// An object of a harmless class whose content is of no use here, with the class's name.
  case object(String)

  /// What the value is, for messages.
  var summary: String {
    switch self {
    case .none: "None"
    case .bool(let value): value ? "True" : "False"
    case .integer(let value): "\(value)"
    case .largeInteger: "an integer beyond 64 bits"
    case .real(let value): "\(value)"
    case .text(let value): "\"\(printable(value))\""
    case .bytes: "bytes"
    case .tuple: "a tuple"
    case .list: "a list"
    case .set: "a set"
    case .dictionary: "a dictionary"
    case .tensor: "a tensor"
    case .storage: "a storage"
    case .arrayType: "a NumPy type"
    case .global(let name): "the name \(printable(name))"
    case .object(let name): "an object of \(printable(name))"
    }
  }
}

/// A dictionary of a pickle: entries in order, found by text or integer keys.
struct PickleDictionary: Sendable {
  /// A key that can be looked up.
  enum Key: Hashable, Sendable {
    case text(String)
    case integer(Int)
  }

  /// The entries in order of insertion.
  private(set) var entries: [(key: PickleValue, value: PickleValue)] = []
  private var positions: [Key: Int] = [:]

  /// The value of a text key.
  subscript(_ key: String) -> PickleValue? {
    positions[.text(key)].map { entries[$0].value }
  }

  /// The value of an integer key.
  subscript(_ key: Int) -> PickleValue? {
    positions[.integer(key)].map { entries[$0].value }
  }

  /// Sets the value of a key; a key that is neither text nor integer is only kept in `entries`.
  mutating func set(_ key: PickleValue, to value: PickleValue) {
    let lookup: Key
    switch key {
    case .text(let text): lookup = .text(text)
    case .integer(let integer): lookup = .integer(integer)
    default:
      entries.append((key, value))
      return
    }
    if let position = positions[lookup] {
      entries[position].value = value
    } else {
      positions[lookup] = entries.count
      entries.append((key, value))
    }
  }
}

/// A NumPy `dtype` of a pickle.
struct PickleArrayType: Sendable {
  /// The type; `nil` for one that is not a plain number.
  var elementType: ElementType?
  /// Whether numbers are stored big-endian.
  var isBigEndian = false
}

/// Everything that a pickle built.
struct PickleTree: Sendable {
  /// The value that the pickle ends with.
  var root = PickleValue.none
  /// Elements of tuples, lists and sets.
  var sequences: [[PickleValue]] = []
  /// Dictionaries.
  var dictionaries: [PickleDictionary] = []
  /// Tensors.
  var tensors: [TensorView] = []
  /// Storages.
  var storages: [TensorView.StorageReference] = []
  /// NumPy types.
  var arrayTypes: [PickleArrayType] = []
}
