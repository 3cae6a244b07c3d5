/// The header of a `.npy` file: a short Python dictionary in front of the numbers (NumPy's format, NEP 1).
struct NPYHeader: Equatable {
  var element: NPYArray.Element
  var isByteSwapped: Bool
  var shape: [Int]

  /// The most bytes of a header that are read; a real one has about a hundred.
  private static let longestDictionary = 1 << 16

  /// The size of all numbers, or `nil` when it cannot be counted.
  var byteCount: Int? {
    shape.reduce(element.byteCount) { product, size in
      product.flatMap {
        let (result, overflow) = $0.multipliedReportingOverflow(by: size)
        return overflow ? nil : result
      }
    }
  }

  init(element: NPYArray.Element, shape: [Int]) {
    self.element = element
    isByteSwapped = false
    self.shape = shape
  }

  init(reading source: ByteSource, path: String) throws {
    func invalid(_ reason: String) -> VolumeError { .invalidArray(path: path, reason: reason) }
    let start = try source.read(upTo: 8)
    guard start.starts(with: [0x93] + Array("NUMPY".utf8)) else { throw invalid("it does not begin as .npy does") }
    guard start.count == 8, (1...3).contains(start[6]) else { throw invalid("unknown format version") }
    let lengthBytes = try source.read(upTo: start[6] == 1 ? 2 : 4)
    guard lengthBytes.count == (start[6] == 1 ? 2 : 4) else { throw invalid("it ends inside its header") }
    let length = lengthBytes.reversed().reduce(0) { $0 << 8 | Int($1) }
    guard length <= Self.longestDictionary else { throw invalid("a header of \(length) bytes") }
    let text = try source.read(upTo: length)
    guard text.count == length else { throw invalid("it ends inside its header") }

    var parser = Parser(bytes: text)
    guard let entries = parser.dictionary() else { throw invalid("its header is not a dictionary of the known form") }
    guard case .text(let description)? = entries["descr"], case .flag(let isFortranOrder)? = entries["fortran_order"],
      case .tuple(let shape)? = entries["shape"], entries.count == 3
    else { throw invalid("its header lacks descr, fortran_order or shape") }
    guard let order = description.first, "<>|=".contains(order),
      let element = NPYArray.Element(rawValue: String(description.dropFirst()))
    else {
      throw invalid(
        "numbers of type \(DisplayText.escaped(description)); float32, int32, int64 and uint8 are read")
    }
    guard !isFortranOrder || shape.count < 2 else { throw invalid("Fortran order; save it in C order") }
    guard shape.count <= 32 else { throw invalid("\(shape.count) axes") }
    self.element = element
    isByteSwapped = order == ">"
    self.shape = shape
  }

  /// The header's bytes, format version 1, padded so that the numbers begin at a multiple of 64.
  var encoded: [UInt8] {
    let order = element == .uint8 ? "|" : "<"
    let sizes = shape.map(String.init).joined(separator: ", ") + (shape.count == 1 ? "," : "")
    var text = "{'descr': '\(order)\(element.rawValue)', 'fortran_order': False, 'shape': (\(sizes)), }"
    let unpadded = 10 + text.utf8.count + 1
    text += String(repeating: " ", count: (64 - unpadded % 64) % 64) + "\n"
    let length = text.utf8.count
    return [0x93] + Array("NUMPY".utf8) + [1, 0, UInt8(length & 0xFF), UInt8(length >> 8)] + Array(text.utf8)
  }

  /// Reads the numbers that follow the header; their size was compared with the file's.
  func readValues(from source: ByteSource, path: String) throws -> NPYArray.Values {
    func load<Value: BitwiseCopyable>(_ type: Value.Type, swap: (Value) -> Value) throws -> [Value] {
      let count = shape.reduce(1, *)
      var values = try [Value](unsafeUninitializedCapacity: count) { buffer, initializedCount in
        let bytes = UnsafeMutableRawBufferPointer(start: buffer.baseAddress, count: count * element.byteCount)
        let done = try source.read(into: bytes)
        guard done == bytes.count else {
          throw VolumeError.truncated(
            path: path, expected: source.position - done + bytes.count, actual: source.position)
        }
        initializedCount = count
      }
      if isByteSwapped { for index in values.indices { values[index] = swap(values[index]) } }
      return values
    }
    switch element {
    case .float32: return .float32(try load(Float.self) { Float(bitPattern: $0.bitPattern.byteSwapped) })
    case .int32: return .int32(try load(Int32.self) { $0.byteSwapped })
    case .int64: return .int64(try load(Int64.self) { $0.byteSwapped })
    case .uint8: return .uint8(try load(UInt8.self) { $0 })
    }
  }

  /// Reads the few forms of Python literals that such headers consist of.
  private struct Parser {
    enum Literal {
      case text(String)
      case flag(Bool)
      case tuple([Int])
    }

    private var rest: ArraySlice<UInt8>

    init(bytes: [UInt8]) { rest = bytes[...] }

    mutating func dictionary() -> [String: Literal]? {
      guard take("{") else { return nil }
      var entries: [String: Literal] = [:]
      while !take("}") {
        guard let key = quoted(), take(":"), let value = literal(), entries.updateValue(value, forKey: key) == nil
        else {
          return nil
        }
        if take(",") { continue }
        guard take("}") else { return nil }
        break
      }
      skipSpace()
      return rest.isEmpty ? entries : nil
    }

    private mutating func literal() -> Literal? {
      if let text = quoted() { return .text(text) }
      if take("True") { return .flag(true) }
      if take("False") { return .flag(false) }
      guard take("(") else { return nil }
      var sizes: [Int] = []
      while !take(")") {
        guard let size = number() else { return nil }
        sizes.append(size)
        if take(",") { continue }
        // (5) is a number in Python, (5,) a tuple.
        guard sizes.count > 1, take(")") else { return nil }
        break
      }
      return .tuple(sizes)
    }

    private mutating func skipSpace() {
      rest = rest.drop { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\n") }
    }

    private mutating func take(_ token: String) -> Bool {
      skipSpace()
      guard rest.starts(with: token.utf8) else { return false }
      rest = rest.dropFirst(token.utf8.count)
      return true
    }

    private mutating func quoted() -> String? {
      skipSpace()
      guard let quote = rest.first, quote == UInt8(ascii: "'") || quote == UInt8(ascii: "\"") else { return nil }
      let inside = rest.dropFirst()
      guard let end = inside.firstIndex(of: quote) else { return nil }
      rest = inside[(end + 1)...]
      return String(validating: inside[..<end], as: UTF8.self)
    }

    private mutating func number() -> Int? {
      skipSpace()
      let digits = rest.prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
      rest = rest.dropFirst(digits.count)
      if rest.first == UInt8(ascii: "L") { rest = rest.dropFirst() }
      return Int(String(decoding: digits, as: UTF8.self))
    }
  }
}
