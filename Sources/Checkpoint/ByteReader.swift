/// Reads little-endian numbers from bytes, front to back; every read is `nil` when too few bytes are left, and then
/// nothing is consumed.
struct ByteReader {
  private let content: [UInt8]
  /// The position of the next byte.
  private(set) var position: Int

  /// Begins to read bytes at a position.
  init(_ content: [UInt8], at position: Int = 0) {
    precondition((0...content.count).contains(position))
    self.content = content
    self.position = position
  }

  /// Whether every byte was read.
  var isAtEnd: Bool { position == content.count }
  /// Bytes that are left.
  var remaining: Int { content.count - position }

  /// Returns the next byte.
  mutating func unsigned8() -> UInt8? {
    guard remaining >= 1 else { return nil }
    position += 1
    return content[position - 1]
  }

  /// Returns the next two bytes as a number.
  mutating func unsigned16() -> UInt16? { unsigned(2).map { UInt16(truncatingIfNeeded: $0) } }
  /// Returns the next four bytes as a number.
  mutating func unsigned32() -> UInt32? { unsigned(4).map { UInt32(truncatingIfNeeded: $0) } }
  /// Returns the next eight bytes as a number.
  mutating func unsigned64() -> UInt64? { unsigned(8) }

  /// Returns the next bytes as they are.
  mutating func bytes(_ count: Int) -> [UInt8]? {
    guard count >= 0, remaining >= count else { return nil }
    position += count
    return Array(content[(position - count)..<position])
  }

  /// Returns the bytes before the next line feed, and passes over it, when it comes within `limit` bytes.
  mutating func line(limit: Int) -> [UInt8]? {
    let window = content[position..<(position + min(limit, remaining))]
    guard let end = window.firstIndex(of: 0x0A) else { return nil }
    let line = Array(content[position..<end])
    position = end + 1
    return line
  }

  /// Passes over bytes; returns whether there were enough.
  mutating func skip(_ count: Int) -> Bool {
    guard count >= 0, remaining >= count else { return false }
    position += count
    return true
  }

  private mutating func unsigned(_ count: Int) -> UInt64? {
    guard remaining >= count else { return nil }
    var value: UInt64 = 0
    for index in 0..<count {
      value |= UInt64(content[position + index]) << UInt64(8 * index)
    }
    position += count
    return value
  }
}
