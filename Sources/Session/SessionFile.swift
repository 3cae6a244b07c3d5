import Glibc
import Volume

/// A session's file, opened: what it says, and the writer if this program may write.
public struct OpenedSession: Sendable {
  /// The file.
  public let path: String
  /// What the file said when it was opened.
  public let content: SessionContent
  /// The file's writer, or `nil` when the session is read-only.
  public let log: SessionLog?
  /// What the user must be told.
  public let notices: [SessionNotice]

  /// Why this program may not write, as a sentence; `nil` where it may.
  public var readOnlyReason: String? {
    guard log == nil else { return nil }
    let reason = notices.first { notice in
      switch notice {
      case .openElsewhere, .notWritable: true
      default: false
      }
    }
    return reason.map(\.description) ?? "the session was opened for looking"
  }
}

/// Something that the user must be told about a session that was opened.
public enum SessionNotice: Sendable, Hashable {
  /// The last line was cut by a power failure and is left out.
  case droppedTornLine(line: Int)
  /// Another program writes to the session; here it can only be looked at.
  case openElsewhere
  /// The file may not be written to; here it can only be looked at. The reason is the system's.
  case notWritable(reason: String)
  /// A line is damaged; the session ends before it. `keptAs` is where the damaged file was moved, or `nil` when it was
  /// left alone.
  case recovered(line: Int, reason: String, keptAs: String?)
}

/// Creates, opens and reads the files that sessions are kept in.
public enum SessionFile {
  /// Begins a session.
  ///
  /// The file appears with its first line or not at all; it has mode 0600, missing folders are made with mode 0700.
  ///
  /// - Parameters:
  ///   - path: The file; must not exist.
  ///   - header: The first line.
  /// - Returns: The session with its writer.
  /// - Throws: `SessionError`.
  public static func create(at path: String, header: SessionHeader) throws -> OpenedSession {
    try create(at: path, header: header, operations: .init())
  }

  /// Reads a session for looking, without locking or changing anything.
  ///
  /// - Parameters:
  ///   - path: The file.
  ///   - recover: Whether a damaged line ends the session instead of being an error.
  /// - Returns: The session without a writer.
  /// - Throws: `SessionError`; for a damaged line with its number.
  public static func read(_ path: String, recover: Bool = false) throws -> OpenedSession {
    let (reader, _) = try contents(of: Descriptor(path, O_RDONLY), recover: recover)
    return opened(path, reader, log: nil, keptAs: nil, notices: [])
  }

  /// Opens a session to go on with it.
  ///
  /// When another program writes to it, or it may not be written to, the session is read-only and a notice says so.
  ///
  /// - Parameters:
  ///   - path: The file.
  ///   - recover: Whether a damaged line ends the session instead of being an error. The damaged file is then kept under
  ///     another name, and the good lines go into a new one.
  /// - Returns: The session.
  /// - Throws: `SessionError`; for a damaged line with its number.
  public static func open(_ path: String, recover: Bool = false) throws -> OpenedSession {
    try open(path, recover: recover, operations: .init())
  }

  static func create(
    at path: String, header: SessionHeader, operations: SessionLog.FileOperations
  ) throws -> OpenedSession {
    try FilePaths.makeFolder(FilePaths.folder(of: path))
    let line = SessionLine.encode(header.members(time: operations.now()), after: 0)
    guard line.bytes.count <= SessionLine.longest else {
      throw SessionError.eventTooLong(bytes: line.bytes.count, limit: SessionLine.longest)
    }
    let file = try makeFile(at: path, bytes: line.bytes, keeping: nil)
    let content = SessionContent(header: header)
    let log = SessionLog(
      file: file, content: content, crc: line.crc, goodBytes: line.bytes.count, fileBytes: line.bytes.count,
      operations: operations)
    return OpenedSession(path: path, content: content, log: log, notices: [])
  }

  static func open(
    _ path: String, recover: Bool, operations: SessionLog.FileOperations
  ) throws -> OpenedSession {
    var notices: [SessionNotice] = []
    guard var file = try lockedFile(path, &notices) else {
      let (reader, _) = try contents(of: Descriptor(path, O_RDONLY), recover: recover)
      return opened(path, reader, log: nil, keptAs: nil, notices: notices)
    }
    let (reader, bytes) = try contents(of: file, recover: recover)
    var fileBytes = bytes.count
    var keptAs: String?
    if reader.damage != nil {
      let aside = nameAside(for: path)
      file = try makeFile(at: path, bytes: Array(bytes[..<reader.goodBytes]), keeping: aside)
      keptAs = aside
      fileBytes = reader.goodBytes
    }
    let log = SessionLog(
      file: file, content: reader.content, crc: reader.crc, goodBytes: reader.goodBytes, fileBytes: fileBytes,
      operations: operations)
    return opened(path, reader, log: log, keptAs: keptAs, notices: notices)
  }

  private static func opened(
    _ path: String, _ reader: SessionReader, log: SessionLog?, keptAs: String?, notices: [SessionNotice]
  ) -> OpenedSession {
    var notices = notices
    if reader.isTorn { notices.append(.droppedTornLine(line: reader.content.lastLine + 1)) }
    if let damage = reader.damage {
      notices.append(.recovered(line: damage.line, reason: damage.reason, keptAs: keptAs))
    }
    return OpenedSession(path: path, content: reader.content, log: log, notices: notices)
  }

  private static func contents(
    of file: borrowing Descriptor, recover: Bool
  ) throws -> (SessionReader, [UInt8]) {
    let bytes = try file.contents(limit: SessionLine.largestFile)
    let reader = try bytes.withUnsafeBufferPointer { try SessionReader(bytes: $0, path: file.path) }
    if let damage = reader.damage, !recover {
      throw SessionError.damaged(path: file.path, line: damage.line, reason: damage.reason)
    }
    return (reader, bytes)
  }

  /// Opens a file for appending and locks it, or says why that cannot be and returns `nil`.
  private static func lockedFile(_ path: String, _ notices: inout [SessionNotice]) throws -> Descriptor? {
    // A recovery elsewhere may put another file in place between opening and locking: then once more.
    for _ in 0..<10 {
      do {
        let file = try Descriptor(path, O_RDWR | O_APPEND)
        _ = try file.regularFileSize()
        guard try file.lock() else {
          notices.append(.openElsewhere)
          return nil
        }
        var named = stat()
        let locked = try file.status()
        if stat(path, &named) == 0, named.st_ino == locked.st_ino, named.st_dev == locked.st_dev { return file }
      } catch SessionError.fileSystem(_, _, let code)
        where [EACCES, EPERM, EROFS, ENOLCK, EOPNOTSUPP, ENOSYS].contains(code)
      {
        notices.append(.notWritable(reason: String(cString: strerror(code))))
        return nil
      }
    }
    throw SessionError.inUse(path: path)
  }

  /// Puts a file in place, whole and safe, under its writer's lock.
  ///
  /// - Parameters:
  ///   - path: The file.
  ///   - bytes: What is in it.
  ///   - aside: What the file that is there is to be called from now on, or `nil` when there must be none.
  /// - Returns: The file, locked and open for appending.
  /// - Throws: `SessionError`.
  static func makeFile(at path: String, bytes: [UInt8], keeping aside: String?) throws -> Descriptor {
    let folder = FilePaths.folder(of: path)
    let random = String(UInt64.random(in: .min ... .max), radix: 16)
    let temporary = "\(folder)/.canalis-\(getpid())-\(random)"
    let file = try Descriptor(temporary, O_RDWR | O_APPEND | O_CREAT | O_EXCL, name: path)
    var isInPlace = false
    defer { if !isInPlace { unlink(temporary) } }
    guard try file.lock() else { throw SessionError.inUse(path: path) }
    var written = 0
    while written < bytes.count {
      let count = bytes.withUnsafeBytes {
        write(file.number, $0.baseAddress.map { $0 + written }, bytes.count - written)
      }
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { throw SessionError.system("write to", path) }
      written += count
    }
    try file.synchronize()
    if let aside {
      // The damaged file gets its second name before it loses the first.
      if link(path, aside) != 0, errno == EEXIST || rename(path, aside) != 0 {
        throw SessionError.system("keep the damaged", path)
      }
      guard rename(temporary, path) == 0 else { throw SessionError.system("create", path) }
    } else if link(temporary, path) == 0 {
      unlink(temporary)
    } else if errno == EEXIST || FilePaths.exists(path) {
      throw SessionError.alreadyExists(path: path)
    } else {
      // A file system without second names.
      guard rename(temporary, path) == 0 else { throw SessionError.system("create", path) }
    }
    isInPlace = true
    try Descriptor.synchronizeFolder(of: path)
    return file
  }

  /// A free name for a damaged file.
  private static func nameAside(for path: String) -> String {
    var number = 1
    while FilePaths.exists("\(path).damaged-\(number)") { number += 1 }
    return "\(path).damaged-\(number)"
  }
}

extension SessionNotice: CustomStringConvertible {
  /// The notice in words.
  public var description: String {
    switch self {
    case .droppedTornLine(let line):
      return "line \(line), the last, was cut short (power failure?) and is left out; all that was confirmed is there"
    case .openElsewhere:
      return "the session is open in another Canalis; here it is read-only"
    case .notWritable(let reason):
      return "the session is read-only here: \(reason)"
    case .recovered(let line, let reason, let keptAs):
      let kept = keptAs.map { "; the damaged file is kept as \(DisplayText.escaped($0))" } ?? ""
      return "line \(line) is damaged (\(reason)); the session goes on from the line before it\(kept)"
    }
  }
}
