import Formats
import CZlib
import Glibc

/// The bytes of one line: a JSON object whose last member is `crc`, and a newline.
///
/// The rule, byte for byte. A line is `BODY"crc":N}` and the byte 0x0A. BODY begins with `{`, ends with the comma before
/// the member `crc`, and is hashed as it stands: N = `crc32(M, BODY)` with zlib's `crc32`, where M is the N of the line
/// before, 0 for the first line. N is written in decimal without leading zeros. In Python:
/// `body = line[:line.rindex(b'"crc":')]; previous = zlib.crc32(body, previous)`.
enum SessionLine {
  /// The longest line in bytes, newline included.
  static let longest = 1 << 18
  /// The most lines of a file.
  static let most = 200_000
  /// The largest file in bytes.
  static let largestFile = 1 << 26

  private static let marker = Array(#""crc":"#.utf8)

  /// Writes a line.
  ///
  /// - Parameters:
  ///   - members: The object's members without `crc`; at least one.
  ///   - previous: The `crc` of the line before, 0 for the first.
  /// - Returns: The bytes with the newline, and the line's own `crc`.
  static func encode(_ members: [JSONValue.Member], after previous: UInt32) -> (bytes: [UInt8], crc: UInt32) {
    var bytes = JSONValue.object(members).bytes
    bytes[bytes.count - 1] = UInt8(ascii: ",")
    let crc = bytes.withUnsafeBufferPointer { checksum($0, after: previous) }
    bytes += marker
    bytes += crc.description.utf8
    bytes += [UInt8(ascii: "}"), UInt8(ascii: "\n")]
    return (bytes, crc)
  }

  /// Checks a line against the one before.
  ///
  /// - Parameters:
  ///   - line: The bytes without the newline.
  ///   - previous: The `crc` of the line before, 0 for the first.
  /// - Returns: The line's own `crc`, or `nil` when it has none or the bytes are not those that were written.
  static func verify(_ line: UnsafeBufferPointer<UInt8>, after previous: UInt32) -> UInt32? {
    guard line.last == UInt8(ascii: "}") else { return nil }
    var start = line.count - 1
    while start > 0, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(line[start - 1]) { start -= 1 }
    let digits = line[start..<line.count - 1]
    guard (1...10).contains(digits.count), digits.count == 1 || digits.first != UInt8(ascii: "0"),
      let stated = UInt32(String(decoding: digits, as: UTF8.self)), start >= marker.count,
      line[start - marker.count..<start].elementsEqual(marker)
    else { return nil }
    let body = UnsafeBufferPointer(rebasing: line[..<(start - marker.count)])
    return checksum(body, after: previous) == stated ? stated : nil
  }

  private static func checksum(_ bytes: UnsafeBufferPointer<UInt8>, after previous: UInt32) -> UInt32 {
    guard let base = bytes.baseAddress, !bytes.isEmpty else { return previous }
    return UInt32(truncatingIfNeeded: crc32_z(UInt(previous), base, bytes.count))
  }
}

/// The time stamps of a session: UTC to the millisecond.
enum SessionTime {
  /// The present, for instance `2026-03-14T15:09:26.535Z`.
  static func now() -> String {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    var parts = tm()
    gmtime_r(&time.tv_sec, &parts)
    func padded(_ value: some BinaryInteger, _ width: Int) -> String {
      let digits = String(value)
      return String(repeating: "0", count: max(0, width - digits.count)) + digits
    }
    let date = [padded(parts.tm_year + 1900, 4), padded(parts.tm_mon + 1, 2), padded(parts.tm_mday, 2)]
    let clock = [padded(parts.tm_hour, 2), padded(parts.tm_min, 2), padded(parts.tm_sec, 2)]
    return date.joined(separator: "-") + "T" + clock.joined(separator: ":") + "."
      + padded(time.tv_nsec / 1_000_000, 3) + "Z"
  }

  /// Whether a text has the form of a time stamp.
  static func isTime(_ text: String) -> Bool {
    let pattern = "0000-00-00T00:00:00.000Z".utf8
    return text.utf8.count == pattern.count
      && zip(text.utf8, pattern).allSatisfy { byte, expected in
        expected == UInt8(ascii: "0") ? (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) : byte == expected
      }
  }
}
