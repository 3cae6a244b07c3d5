import Formats

/// The bytes of a session's file, read and checked.
struct SessionReader {
  /// What the good lines say.
  let content: SessionContent
  /// The bytes of the good lines, from the start of the file.
  let goodBytes: Int
  /// The `crc` of the last good line.
  let crc: UInt32
  /// The first line that cannot be used, for `recover`; the good lines are those before it.
  let damage: Damage?
  /// Whether there is a torn line after the good ones.
  let isTorn: Bool

  /// A line that cannot be used.
  struct Damage: Equatable {
    /// The line's number, 1 for the header.
    let line: Int
    /// What is wrong with it.
    let reason: String
  }

  /// Reads a session.
  ///
  /// A last line without its newline, or whose `crc` does not fit, was cut by a power failure and counts as never
  /// written. Any other line that does not fit ends the good part.
  ///
  /// - Parameters:
  ///   - bytes: The whole file.
  ///   - path: The file's name, for messages.
  /// - Throws: `SessionError` when not even the first line can be used.
  init(bytes: UnsafeBufferPointer<UInt8>, path: String) throws {
    guard let firstEnd = Self.end(of: 0, in: bytes) else {
      throw SessionError.notASession(path: path, reason: bytes.isEmpty ? "it is empty" : "its first line has no end")
    }
    let first = UnsafeBufferPointer(rebasing: bytes[..<firstEnd])
    var crc: UInt32 = 0
    var content = SessionContent(header: try Self.header(first, path: path, crc: &crc))
    var start = firstEnd + 1
    var damage: Damage?
    var isTorn = false
    while start < bytes.count, damage == nil {
      let number = content.lastLine + 1
      guard let end = Self.end(of: start, in: bytes) else {
        isTorn = true
        break
      }
      let line = UnsafeBufferPointer(rebasing: bytes[start..<end])
      guard let lineCRC = SessionLine.verify(line, after: crc) else {
        if end + 1 == bytes.count {
          isTorn = true
          break
        }
        damage = Damage(line: number, reason: "its bytes are not those that were written (crc does not fit)")
        break
      }
      do {
        try content.append(try Self.record(line, number: number))
        crc = lineCRC
        start = end + 1
      } catch {
        damage = Damage(line: number, reason: (error as? LineProblem)?.reason ?? String(describing: error))
      }
    }
    self.content = content
    self.goodBytes = start
    self.crc = crc
    self.damage = damage
    self.isTorn = isTorn
  }

  /// The position of the newline that ends the line beginning at `start`, or `nil`.
  private static func end(of start: Int, in bytes: UnsafeBufferPointer<UInt8>) -> Int? {
    bytes[start...].firstIndex(of: UInt8(ascii: "\n"))
  }

  private static func header(
    _ line: UnsafeBufferPointer<UInt8>, path: String, crc: inout UInt32
  ) throws -> SessionHeader {
    guard line.first == UInt8(ascii: "{"), line.count < SessionLine.longest,
      let lineCRC = SessionLine.verify(line, after: 0)
    else {
      throw SessionError.notASession(path: path, reason: "its first line is not one that Canalis wrote, or was changed")
    }
    crc = lineCRC
    do {
      let fields = try JSONFields(try JSONValue(line: line))
      guard fields.value["format"] == .string(SessionHeader.format) else {
        throw SessionError.notASession(path: path, reason: "its first line does not say \"\(SessionHeader.format)\"")
      }
      let version = try fields.wholeNumber("version", in: 0...Int.max)
      guard version == SessionHeader.version else {
        throw SessionError.unknownVersion(path: path, version: version, known: SessionHeader.version)
      }
      _ = try time(fields)
      return try SessionHeader(fields)
    } catch let problem as LineProblem {
      throw SessionError.damaged(path: path, line: 1, reason: problem.reason)
    }
  }

  private static func record(_ line: UnsafeBufferPointer<UInt8>, number: Int) throws -> SessionRecord {
    guard number <= SessionLine.most else { throw LineProblem("more than \(SessionLine.most) lines") }
    guard line.count < SessionLine.longest else { throw LineProblem("longer than \(SessionLine.longest) bytes") }
    let fields = try JSONFields(try JSONValue(line: line))
    return SessionRecord(line: number, time: try time(fields), event: try SessionEvent(fields))
  }

  private static func time(_ fields: JSONFields) throws -> String {
    let time = try fields.string("time")
    guard SessionTime.isTime(time) else { throw LineProblem("\"time\" is not like 2026-03-14T15:09:26.535Z") }
    return time
  }
}
