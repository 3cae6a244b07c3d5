/// Runs the instructions of a pickle and builds plain data: nothing is imported, looked up or called.
///
/// A pickle is a program for a stack machine. Its calls are understood for a fixed list of constructors
/// (`PickleMachine+Constructors.swift`); any other call is an error that names what it wanted to call. Work and memory
/// are bounded by the pickle's size and by `valueLimit`, whatever its counts claim.
struct PickleMachine {
  /// The most values that a pickle may create.
  static let valueLimit = 4_000_000
  /// The most bytes that a pickle may have.
  static let sizeLimit = 64 << 20
  /// The most bytes that the keys of all dictionaries may have together, each counted as often as it is set.
  static let keyBytesLimit = 64 << 20
  /// A module's name, and a name in it, has fewer bytes than this.
  private static let longestName = 1024

  let file: String
  var tree = PickleTree()
  /// Positions in `sequences` of lists that stand for NumPy arrays, to be filled by their state.
  var arrays: Set<Int> = []
  private var reader: ByteReader
  private var stack: [PickleValue] = []
  private var marks: [Int] = []
  private var memo: [Int: PickleValue] = [:]
  private var valuesLeft = PickleMachine.valueLimit
  private var copiedBytesLeft: Int
  private var keyBytesLeft = PickleMachine.keyBytesLimit
  /// Position of the instruction that runs now.
  private(set) var offset = 0

  private init(_ content: [UInt8], file: String) {
    self.file = file
    reader = ByteReader(content)
    copiedBytesLeft = 4 * content.count + 65536
  }

  /// Returns what a pickle builds.
  static func run(_ content: [UInt8], file: String) throws -> PickleTree {
    guard content.count <= sizeLimit else {
      throw CheckpointError.limitExceeded(file: file, what: "data.pkl of \(content.count) bytes", limit: sizeLimit)
    }
    var machine = PickleMachine(content, file: file)
    try machine.run()
    return machine.tree
  }

  private mutating func run() throws {
    guard reader.unsigned8() == PickleOpcode.protocolVersion.rawValue, let version = reader.unsigned8() else {
      throw damaged("it does not begin with a pickle protocol")
    }
    guard (2...5).contains(version) else { throw damaged("its pickle protocol is \(version), expected 2 to 5") }
    while true {
      offset = reader.position
      let code = try need(reader.unsigned8())
      guard let opcode = PickleOpcode(rawValue: code) else {
        throw damaged("unknown or unsupported pickle instruction 0x\(String(code, radix: 16))")
      }
      if opcode == .stop { break }
      try execute(opcode)
    }
    tree.root = try pop()
  }

  private mutating func execute(_ opcode: PickleOpcode) throws {
    switch opcode {
    case .stop: break
    case .protocolVersion: _ = try need(reader.unsigned8())
    case .frame:
      let length = try need(reader.unsigned64())
      guard length <= UInt64(reader.remaining) else {
        throw damaged("a frame of \(length) bytes is longer than the rest")
      }
    case .mark:
      try charge(1)
      marks.append(stack.count)
    case .pop:
      if marks.last == stack.count { marks.removeLast() } else { _ = try pop() }
    case .popMark: _ = try popToMark()
    case .duplicate:
      let top = try pop()
      try push(top)
      try push(top)
    case .none: try push(.none)
    case .newTrue: try push(.bool(true))
    case .newFalse: try push(.bool(false))
    case .unsigned8: try push(.integer(Int(try need(reader.unsigned8()))))
    case .unsigned16: try push(.integer(Int(try need(reader.unsigned16()))))
    case .integer32: try push(.integer(Int(Int32(bitPattern: try need(reader.unsigned32())))))
    case .long8: try pushLong(byteCount: Int(try need(reader.unsigned8())))
    case .long32: try pushLong(byteCount: Int(Int32(bitPattern: try need(reader.unsigned32()))))
    case .real: try push(.real(Double(bitPattern: try need(reader.unsigned64()).byteSwapped)))
    case .text8: try pushText(count: UInt64(try need(reader.unsigned8())))
    case .text32: try pushText(count: UInt64(try need(reader.unsigned32())))
    case .text64: try pushText(count: try need(reader.unsigned64()))
    case .bytes8, .string8: try pushBytes(count: UInt64(try need(reader.unsigned8())))
    case .bytes32, .string32: try pushBytes(count: UInt64(try need(reader.unsigned32())))
    case .bytes64, .byteArray64: try pushBytes(count: try need(reader.unsigned64()))
    case .emptyTuple: try push(newTuple([]))
    case .tuple: try push(newTuple(try popToMark()))
    case .tuple1: try pushTuple(count: 1)
    case .tuple2: try pushTuple(count: 2)
    case .tuple3: try pushTuple(count: 3)
    case .emptyList: try push(newList([]))
    case .list: try push(newList(try popToMark()))
    case .append: try append([try pop()])
    case .appends: try append(try popToMark())
    case .emptySet: try push(newSet([]))
    case .frozenSet: try push(newSet(try popToMark()))
    case .addItems: try append(try popToMark())
    case .emptyDictionary: try push(newDictionary())
    case .dictionary:
      let items = try popToMark()
      try push(newDictionary())
      try setItems(items)
    case .setItem:
      let value = try pop()
      try setItems([try pop(), value])
    case .setItems: try setItems(try popToMark())
    case .get8: try recall(Int(try need(reader.unsigned8())))
    case .get32: try recall(Int(try need(reader.unsigned32())))
    case .put8: try remember(at: Int(try need(reader.unsigned8())))
    case .put32: try remember(at: Int(try need(reader.unsigned32())))
    case .memoize: try remember(at: memo.count)
    case .global: try push(.global(try readGlobal()))
    case .stackGlobal:
      guard case .text(let name) = try pop(), case .text(let module) = try pop() else {
        throw damaged("a global's name is not text")
      }
      let byteCounts = [module.utf8.count, name.utf8.count]
      guard byteCounts.allSatisfy({ $0 < Self.longestName }) else {
        throw damaged("a global's name has \(byteCounts.reduce(0, max)) bytes, expected less than \(Self.longestName)")
      }
      // The same texts can be joined over and over.
      try charge(bytes: byteCounts.reduce(0, +))
      try push(.global("\(module).\(name)"))
    case .reduce, .newObject:
      let arguments = try pop()
      try push(try construct(try pop(), arguments: try elements(of: arguments, what: "a call's arguments")))
    case .newObjectWithKeywords:
      _ = try pop()
      let arguments = try pop()
      try push(try construct(try pop(), arguments: try elements(of: arguments, what: "a call's arguments")))
    case .instance: throw CheckpointError.forbiddenConstructor(file: file, name: try readGlobal(), offset: offset)
    case .object:
      let parts = try popToMark()
      guard let callable = parts.first else { throw damaged("a call without a class") }
      try push(try construct(callable, arguments: Array(parts.dropFirst())))
    case .build:
      let state = try pop()
      try build(try top(), state: state)
    case .persistentIdentifier:
      let identifier = try pop()
      try push(try loadStorage(try elements(of: identifier, what: "a storage's identifier")))
    }
  }

  // MARK: Values

  /// Takes values off the account of `valueLimit`.
  mutating func charge(_ count: Int) throws {
    valuesLeft -= count
    guard valuesLeft >= 0 else {
      throw CheckpointError.limitExceeded(file: file, what: "the number of values in data.pkl", limit: Self.valueLimit)
    }
  }

  /// Takes bytes that are copied, not read, off their account.
  mutating func charge(bytes count: Int) throws {
    copiedBytesLeft -= count
    guard copiedBytesLeft >= 0 else { throw damaged("it copies the same bytes over and over") }
  }

  /// Takes a dictionary's key off the account of `keyBytesLimit`: to look it up, all its bytes are read.
  mutating func charge(key: PickleValue) throws {
    guard case .text(let text) = key else { return }
    keyBytesLeft -= text.utf8.count
    guard keyBytesLeft >= 0 else {
      throw CheckpointError.limitExceeded(
        file: file, what: "the number of bytes of all dictionary keys in data.pkl", limit: Self.keyBytesLimit)
    }
  }

  /// Creates a tuple.
  mutating func newTuple(_ elements: [PickleValue]) -> PickleValue {
    tree.sequences.append(elements)
    return .tuple(tree.sequences.count - 1)
  }

  /// Creates a list.
  mutating func newList(_ elements: [PickleValue]) -> PickleValue {
    tree.sequences.append(elements)
    return .list(tree.sequences.count - 1)
  }

  /// Creates a set; equal elements are kept.
  mutating func newSet(_ elements: [PickleValue]) -> PickleValue {
    tree.sequences.append(elements)
    return .set(tree.sequences.count - 1)
  }

  /// Creates an empty dictionary.
  mutating func newDictionary() -> PickleValue {
    tree.dictionaries.append(PickleDictionary())
    return .dictionary(tree.dictionaries.count - 1)
  }

  /// Returns the elements of a tuple or list.
  func elements(of value: PickleValue, what: String) throws -> [PickleValue] {
    switch value {
    case .tuple(let position), .list(let position): return tree.sequences[position]
    default: throw damaged("\(what) are \(value.summary), expected a tuple")
    }
  }

  /// An error at the instruction that runs now.
  func damaged(_ problem: String) -> CheckpointError {
    .damagedPickle(file: file, offset: offset, problem: problem)
  }

  // MARK: Stack and memo

  private func need<Value>(_ value: Value?) throws -> Value {
    guard let value else { throw damaged("it ends in the middle of an instruction") }
    return value
  }

  private mutating func push(_ value: PickleValue) throws {
    try charge(1)
    stack.append(value)
  }

  private mutating func pop() throws -> PickleValue {
    guard stack.count > marks.last ?? 0, let value = stack.popLast() else { throw damaged("the stack is empty") }
    return value
  }

  private func top() throws -> PickleValue {
    guard stack.count > marks.last ?? 0, let value = stack.last else { throw damaged("the stack is empty") }
    return value
  }

  private mutating func popToMark() throws -> [PickleValue] {
    guard let mark = marks.popLast() else { throw damaged("there is no mark on the stack") }
    let values = Array(stack[mark...])
    stack.removeLast(stack.count - mark)
    return values
  }

  private mutating func pushTuple(count: Int) throws {
    guard stack.count - (marks.last ?? 0) >= count else { throw damaged("the stack is too short for a tuple") }
    let values = Array(stack.suffix(count))
    stack.removeLast(count)
    try push(newTuple(values))
  }

  private mutating func recall(_ key: Int) throws {
    guard let value = memo[key] else { throw damaged("memo \(key) is empty") }
    try push(value)
  }

  private mutating func remember(at key: Int) throws {
    try charge(1)
    memo[key] = try top()
  }

  private mutating func pushLong(byteCount: Int) throws {
    let bytes = try need(reader.bytes(byteCount))
    guard bytes.count <= 8 else { return try push(.largeInteger) }
    var bits: UInt64 = (bytes.last ?? 0) & 0x80 == 0 ? 0 : .max
    for byte in bytes.reversed() {
      bits = bits << 8 | UInt64(byte)
    }
    try push(.integer(Int(Int64(bitPattern: bits))))
  }

  private mutating func pushBytes(count: UInt64) throws {
    try push(.bytes(try need(Int(exactly: count).flatMap { reader.bytes($0) })))
  }

  private mutating func pushText(count: UInt64) throws {
    let bytes = try need(Int(exactly: count).flatMap { reader.bytes($0) })
    guard let text = String(validating: bytes, as: UTF8.self) else { throw damaged("a text is not UTF-8") }
    try push(.text(text))
  }

  private mutating func readGlobal() throws -> String {
    guard let module = reader.line(limit: Self.longestName), let name = reader.line(limit: Self.longestName),
      let module = String(validating: module, as: UTF8.self), let name = String(validating: name, as: UTF8.self)
    else { throw damaged("a global's name is broken") }
    return "\(module).\(name)"
  }

  private mutating func append(_ values: [PickleValue]) throws {
    switch try top() {
    case .list(let position), .set(let position): tree.sequences[position] += values
    default: throw damaged("values are appended to \(try top().summary), expected a list or set")
    }
  }

  private mutating func setItems(_ items: [PickleValue]) throws {
    guard case .dictionary(let position) = try top() else {
      throw damaged("items are set in \(try top().summary), expected a dictionary")
    }
    guard items.count.isMultiple(of: 2) else { throw damaged("a dictionary's key has no value") }
    for index in stride(from: 0, to: items.count, by: 2) {
      try charge(key: items[index])
      tree.dictionaries[position].set(items[index], to: items[index + 1])
    }
  }
}
