/// What keeps bytes from being JSON.
public struct JSONProblem: Error, Sendable, Equatable, CustomStringConvertible {
  /// What is wrong, a clause.
  public let reason: String
  /// The position of the byte where it was noticed.
  public let offset: Int

  /// The clause and the place.
  public var description: String { "\(reason) at byte \(offset)" }
}

extension JSONValue {
  /// The deepest nesting of lists and objects that is read.
  static let deepestNesting = 32

  /// Reads one JSON value (RFC 8259). Stricter than the standard where it leaves freedom: no name twice in an object, no
  /// number beyond a double's range, no half of a surrogate pair, no deep nesting.
  ///
  /// - Parameter bytes: The text, UTF-8.
  /// - Throws: What is wrong and at which byte.
  public init(parsing bytes: some Collection<UInt8>) throws(JSONProblem) {
    self = try Array(bytes).withUnsafeBufferPointer { (buffer) throws(JSONProblem) in try JSONValue(parsing: buffer) }
  }

  /// Reads one JSON value that fills the bytes, as the other initializer does, without copying them.
  ///
  /// - Parameter bytes: The text, UTF-8.
  /// - Throws: What is wrong and at which byte.
  public init(parsing bytes: UnsafeBufferPointer<UInt8>) throws(JSONProblem) {
    var parser = JSONParser(bytes: bytes)
    self = try parser.wholeText()
  }
}

/// A recursive-descent reader of JSON; every step is bounded by the bytes left.
private struct JSONParser {
  let bytes: UnsafeBufferPointer<UInt8>
  var position = 0

  init(bytes: UnsafeBufferPointer<UInt8>) { self.bytes = bytes }

  mutating func wholeText() throws(JSONProblem) -> JSONValue {
    let value = try value(depth: 0)
    skipBlanks()
    guard position == bytes.count else { throw problem("more text after the JSON value") }
    return value
  }

  private func problem(_ reason: String) -> JSONProblem { JSONProblem(reason: reason, offset: position) }

  private var current: UInt8? { position < bytes.count ? bytes[position] : nil }

  private mutating func skipBlanks() {
    while let byte = current, byte == 0x20 || byte == 0x09 || byte == 0x0A || byte == 0x0D { position += 1 }
  }

  private mutating func take(_ byte: Unicode.Scalar) -> Bool {
    guard current == UInt8(ascii: byte) else { return false }
    position += 1
    return true
  }

  private mutating func value(depth: Int) throws(JSONProblem) -> JSONValue {
    guard depth < JSONValue.deepestNesting else { throw problem("JSON nested too deeply") }
    skipBlanks()
    guard let byte = current else { throw problem("no JSON value") }
    switch byte {
    case UInt8(ascii: "{"): return try object(depth: depth)
    case UInt8(ascii: "["): return try array(depth: depth)
    case UInt8(ascii: "\""): return .string(try string())
    case UInt8(ascii: "t"): return try word("true", .bool(true))
    case UInt8(ascii: "f"): return try word("false", .bool(false))
    case UInt8(ascii: "n"): return try word("null", .null)
    case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return try number()
    default: throw problem("no JSON value")
    }
  }

  private mutating func word(_ word: StaticString, _ value: JSONValue) throws(JSONProblem) -> JSONValue {
    let length = word.utf8CodeUnitCount
    guard bytes.count - position >= length,
      (0..<length).allSatisfy({ bytes[position + $0] == word.utf8Start[$0] })
    else { throw problem("no JSON value") }
    position += length
    return value
  }

  private mutating func object(depth: Int) throws(JSONProblem) -> JSONValue {
    position += 1
    var members: [JSONValue.Member] = []
    var keys = Set<String>()
    skipBlanks()
    if take("}") { return .object([]) }
    while true {
      skipBlanks()
      guard current == UInt8(ascii: "\"") else { throw problem("no name in a JSON object") }
      let key = try string()
      guard keys.insert(key).inserted else { throw problem("a name occurs twice in a JSON object") }
      skipBlanks()
      guard take(":") else { throw problem("no colon after a name") }
      members.append(JSONValue.Member(key, try value(depth: depth + 1)))
      skipBlanks()
      if take("}") { return .object(members) }
      guard take(",") else { throw problem("a JSON object that does not end") }
    }
  }

  private mutating func array(depth: Int) throws(JSONProblem) -> JSONValue {
    position += 1
    var values: [JSONValue] = []
    skipBlanks()
    if take("]") { return .array([]) }
    while true {
      values.append(try value(depth: depth + 1))
      skipBlanks()
      if take("]") { return .array(values) }
      guard take(",") else { throw problem("a JSON list that does not end") }
    }
  }

  private mutating func number() throws(JSONProblem) -> JSONValue {
    let start = position
    var isInteger = true
    _ = take("-")
    let whole = digits()
    guard whole > 0, whole == 1 || bytes[position - whole] != UInt8(ascii: "0") else {
      throw problem("a malformed number")
    }
    if take(".") {
      isInteger = false
      guard digits() > 0 else { throw problem("a malformed number") }
    }
    if take("e") || take("E") {
      isInteger = false
      if !take("+") { _ = take("-") }
      guard digits() > 0 else { throw problem("a malformed number") }
    }
    let text = String(decoding: bytes[start..<position], as: UTF8.self)
    if isInteger, let value = Int(text) { return .integer(value) }
    guard let value = Double(text), value.isFinite else { throw problem("a number out of range") }
    return .number(value)
  }

  private mutating func digits() -> Int {
    let start = position
    while let byte = current, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) { position += 1 }
    return position - start
  }

  private mutating func string() throws(JSONProblem) -> String {
    position += 1
    var content: [UInt8] = []
    while true {
      // Most texts are one plain stretch.
      let start = position
      while let byte = current, byte >= 0x20, byte != UInt8(ascii: "\""), byte != UInt8(ascii: "\\") { position += 1 }
      let plain = UnsafeBufferPointer(rebasing: bytes[start..<position])
      guard let byte = current else { throw problem("a text that does not end") }
      guard byte >= 0x20 else { throw problem("a control character in a text") }
      position += 1
      if byte == UInt8(ascii: "\"") {
        let string =
          content.isEmpty
          ? String(validating: plain, as: UTF8.self) : String(validating: content + plain, as: UTF8.self)
        guard let string else { throw problem("text that is not UTF-8") }
        return string
      }
      content += plain
      content += try UTF8.encode(escaped()).map(Array.init) ?? []
    }
  }

  private mutating func escaped() throws(JSONProblem) -> Unicode.Scalar {
    guard let byte = current else { throw problem("a text that does not end") }
    position += 1
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return Unicode.Scalar(byte)
    case UInt8(ascii: "b"): return "\u{8}"
    case UInt8(ascii: "f"): return "\u{C}"
    case UInt8(ascii: "n"): return "\n"
    case UInt8(ascii: "r"): return "\r"
    case UInt8(ascii: "t"): return "\t"
    case UInt8(ascii: "u"):
      var value = try fourHexDigits()
      if (0xD800..<0xDC00).contains(value), take("\\"), take("u") {
        let low = try fourHexDigits()
        guard (0xDC00..<0xE000).contains(low) else { throw problem("half of a surrogate pair") }
        value = 0x10000 + (value - 0xD800) << 10 + (low - 0xDC00)
      }
      guard let scalar = Unicode.Scalar(value) else { throw problem("half of a surrogate pair") }
      return scalar
    default: throw problem("an unknown escape")
    }
  }

  private mutating func fourHexDigits() throws(JSONProblem) -> UInt32 {
    guard bytes.count - position >= 4,
      let value = UInt32(String(decoding: bytes[position..<position + 4], as: UTF8.self), radix: 16),
      bytes[position] != UInt8(ascii: "+"), bytes[position] != UInt8(ascii: "-")
    else { throw problem("a malformed escape") }
    position += 4
    return value
  }
}
