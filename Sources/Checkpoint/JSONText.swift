/// A JSON value (RFC 8259) as a model file's header holds it.
///
/// Strict where files may deceive: a key that occurs twice, bytes that are not UTF-8, text after the value and deep
/// nesting are errors.
enum JSONText: Sendable, Equatable {
  case null
  case bool(Bool)
  case integer(Int)
  case real(Double)
  case text(String)
  case array([JSONText])
  case object([String: JSONText])

  /// What is wrong with a text.
  struct Problem: Error {
    /// Position of the byte.
    let offset: Int
    /// What is wrong there, in a clause.
    let description: String
  }

  /// Returns the value that bytes stand for.
  static func parse(_ bytes: [UInt8]) throws(Problem) -> JSONText {
    try bytes.withUnsafeBufferPointer { buffer throws(Problem) in
      var parser = JSONParser(content: buffer)
      return try parser.parse()
    }
  }

  /// Returns a text as a JSON string, with its quotes.
  static func quoted(_ text: String) -> String {
    var result = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": result += "\\\""
      case "\\": result += "\\\\"
      case "\u{0}"..."\u{1F}", "\u{7F}":
        let digits = String(scalar.value, radix: 16)
        result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result + "\""
  }
}

/// The parser of `JSONText`.
private struct JSONParser {
  private static let depthLimit = 16

  private let content: UnsafeBufferPointer<UInt8>
  private var position = 0

  /// Prepares to parse bytes.
  init(content: UnsafeBufferPointer<UInt8>) {
    self.content = content
  }

  /// Returns the only value of the text.
  mutating func parse() throws(JSONText.Problem) -> JSONText {
    let value = try parseValue(depth: 0)
    skipSpace()
    guard position == content.count else { throw problem("there is more after the end of the value") }
    return value
  }

  private mutating func parseValue(depth: Int) throws(JSONText.Problem) -> JSONText {
    guard depth < Self.depthLimit else { throw problem("it is nested more than \(Self.depthLimit) deep") }
    skipSpace()
    switch peek() {
    case UInt8(ascii: "{"): return try parseObject(depth: depth)
    case UInt8(ascii: "["): return try parseArray(depth: depth)
    case UInt8(ascii: "\""): return .text(try parseText())
    case UInt8(ascii: "t"):
      try expect("true")
      return .bool(true)
    case UInt8(ascii: "f"):
      try expect("false")
      return .bool(false)
    case UInt8(ascii: "n"):
      try expect("null")
      return .null
    default: return try parseNumber()
    }
  }

  private mutating func parseObject(depth: Int) throws(JSONText.Problem) -> JSONText {
    position += 1
    var members: [String: JSONText] = [:]
    skipSpace()
    if take("}") { return .object(members) }
    repeat {
      skipSpace()
      guard peek() == UInt8(ascii: "\"") else { throw problem("a key is not a text") }
      let key = try parseText()
      skipSpace()
      guard take(":") else { throw problem("a key has no value") }
      let value = try parseValue(depth: depth + 1)
      guard members.updateValue(value, forKey: key) == nil else {
        throw problem("the key \"\(printable(key))\" occurs twice")
      }
      skipSpace()
    } while take(",")
    guard take("}") else { throw problem("an object is not closed") }
    return .object(members)
  }

  private mutating func parseArray(depth: Int) throws(JSONText.Problem) -> JSONText {
    position += 1
    var elements: [JSONText] = []
    skipSpace()
    if take("]") { return .array(elements) }
    repeat {
      elements.append(try parseValue(depth: depth + 1))
      skipSpace()
    } while take(",")
    guard take("]") else { throw problem("an array is not closed") }
    return .array(elements)
  }

  private mutating func parseNumber() throws(JSONText.Problem) -> JSONText {
    let start = position
    while let byte = peek(), "+-.0123456789Ee".utf8.contains(byte) { position += 1 }
    let text = String(decoding: content[start..<position], as: UTF8.self)
    let digits = text.drop { $0 == "-" }
    let isNumber = digits.first?.isNumber ?? false
    guard isNumber, digits == "0" || !digits.hasPrefix("0") || digits.dropFirst().first.map({ !$0.isNumber }) ?? true,
      text.last?.isNumber ?? false
    else {
      position = start
      throw problem("there is no JSON value here")
    }
    if let integer = Int(text) { return .integer(integer) }
    guard let real = Double(text), real.isFinite else { throw problem("the number is out of range") }
    return .real(real)
  }

  private mutating func parseText() throws(JSONText.Problem) -> String {
    position += 1
    var bytes: [UInt8] = []
    while let byte = peek() {
      switch byte {
      case UInt8(ascii: "\""):
        position += 1
        guard let text = String(validating: bytes, as: UTF8.self) else { throw problem("a text is not UTF-8") }
        return text
      case UInt8(ascii: "\\"):
        position += 1
        bytes += String(try parseEscape()).utf8
      case 0..<0x20: throw problem("a text holds a control character")
      default:
        bytes.append(byte)
        position += 1
      }
    }
    throw problem("a text is not closed")
  }

  private mutating func parseEscape() throws(JSONText.Problem) -> Character {
    guard let byte = peek() else { throw problem("a text is not closed") }
    position += 1
    switch byte {
    case UInt8(ascii: "\""): return "\""
    case UInt8(ascii: "\\"): return "\\"
    case UInt8(ascii: "/"): return "/"
    case UInt8(ascii: "b"): return "\u{8}"
    case UInt8(ascii: "f"): return "\u{C}"
    case UInt8(ascii: "n"): return "\n"
    case UInt8(ascii: "r"): return "\r"
    case UInt8(ascii: "t"): return "\t"
    case UInt8(ascii: "u"):
      var value = try parseHexadecimal()
      if (0xD800..<0xDC00).contains(value), take("\\"), take("u") {
        let low = try parseHexadecimal()
        guard (0xDC00..<0xE000).contains(low) else { throw problem("half a surrogate pair") }
        value = 0x10000 + (value - 0xD800) << 10 + (low - 0xDC00)
      }
      guard let scalar = Unicode.Scalar(value) else { throw problem("half a surrogate pair") }
      return Character(scalar)
    default: throw problem("an unknown escape in a text")
    }
  }

  private mutating func parseHexadecimal() throws(JSONText.Problem) -> UInt32 {
    guard content.count - position >= 4 else { throw problem("a text is not closed") }
    let digits = String(decoding: content[position..<(position + 4)], as: UTF8.self)
    guard digits.allSatisfy(\.isHexDigit), let value = UInt32(digits, radix: 16) else {
      throw problem("an escape is not hexadecimal")
    }
    position += 4
    return value
  }

  private func peek() -> UInt8? { position < content.count ? content[position] : nil }

  private mutating func take(_ scalar: Unicode.Scalar) -> Bool {
    guard peek().map({ UInt32($0) == scalar.value }) ?? false else { return false }
    position += 1
    return true
  }

  private mutating func expect(_ word: StaticString) throws(JSONText.Problem) {
    for scalar in "\(word)".unicodeScalars {
      guard take(scalar) else { throw problem("there is no JSON value here") }
    }
  }

  private mutating func skipSpace() {
    while let byte = peek(), byte == 0x20 || byte == 0x09 || byte == 0x0A || byte == 0x0D { position += 1 }
  }

  private func problem(_ description: String) -> JSONText.Problem {
    JSONText.Problem(offset: position, description: description)
  }
}
