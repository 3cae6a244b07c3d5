import Glibc
import Synchronization

/// The one writer of a session's file.
///
/// May be used from any thread; appends come one after another. Appending blocks until the disk has the line, so it
/// belongs on a thread of its own and not on the one that draws.
public final class SessionLog: Sendable {
  /// The session's file.
  public let path: String
  private let state: Mutex<State>
  private let operations: FileOperations

  /// The system calls that can fail when a disk does; replaced in tests.
  struct FileOperations: Sendable {
    /// `write(2)`.
    var write: @Sendable (Int32, UnsafeRawBufferPointer) -> Int = { Glibc.write($0, $1.baseAddress, $1.count) }
    /// `fdatasync(2)`.
    var synchronize: @Sendable (Int32) -> Int32 = { fdatasync($0) }
    /// The time stamp of the next line.
    var now: @Sendable () -> String = { SessionTime.now() }
  }

  private struct State: ~Copyable {
    var file: Descriptor
    var content: SessionContent
    var crc: UInt32
    /// The bytes of the good lines.
    var goodBytes: Int
    /// The bytes of the file, torn line included.
    var fileBytes: Int
    var isUnsafe = false
  }

  /// Takes over a file that is open for appending and locked.
  ///
  /// - Parameters:
  ///   - file: The file.
  ///   - content: What its good lines say.
  ///   - crc: The `crc` of the last good line.
  ///   - goodBytes: The bytes of the good lines.
  ///   - fileBytes: The bytes of the file; what is beyond the good lines is cut off by the next append.
  ///   - operations: The system calls.
  init(
    file: consuming Descriptor, content: SessionContent, crc: UInt32, goodBytes: Int, fileBytes: Int,
    operations: FileOperations
  ) {
    path = file.path
    self.operations = operations
    state = Mutex(State(file: file, content: content, crc: crc, goodBytes: goodBytes, fileBytes: fileBytes))
  }

  /// Everything that the file says now.
  public var content: SessionContent { state.withLock { $0.content } }

  /// Writes an event at the end of the file and returns when it is safe there; view settings are written but not waited
  /// for.
  ///
  /// View settings are dropped without an error in the second half of a session's room, which is kept for what matters.
  ///
  /// - Parameter event: What happened.
  /// - Returns: The line.
  /// - Throws: `SessionError` when the event makes no sense here, or could not be written. The file then holds the
  ///   events from before and nothing of this one.
  @discardableResult
  public func append(_ event: SessionEvent) throws -> SessionRecord {
    try state.withLock { state in
      guard !state.isUnsafe else { throw SessionError.unsafe(path: path) }
      var content = state.content
      let record = SessionRecord(line: content.lastLine + 1, time: operations.now(), event: event)
      try content.append(record)
      let line = SessionLine.encode(event.members(time: record.time), after: state.crc)
      guard line.bytes.count <= SessionLine.longest else {
        throw SessionError.eventTooLong(bytes: line.bytes.count, limit: SessionLine.longest)
      }
      let room =
        event.mustBeSafe
        ? (SessionLine.most, SessionLine.largestFile) : (SessionLine.most / 2, SessionLine.largestFile / 2)
      guard record.line <= room.0, state.goodBytes + line.bytes.count <= room.1 else {
        if !event.mustBeSafe { return record }
        throw SessionError.full(path: path)
      }
      try write(line.bytes, &state)
      if event.mustBeSafe { try synchronize(&state) }
      state.goodBytes += line.bytes.count
      state.crc = line.crc
      state.content = content
      return record
    }
  }

  /// Makes sure that what is written can be found under the session's name. A file that was removed or renamed is made
  /// again with all its good lines; another that has its name is left alone.
  private func keepName(_ state: inout State) throws {
    let own = try state.file.status()
    var named = stat()
    if stat(path, &named) == 0 {
      guard named.st_ino == own.st_ino, named.st_dev == own.st_dev else {
        throw SessionError.replacedElsewhere(path: path)
      }
      return
    }
    guard errno == ENOENT else { throw SessionError.system("look at", path) }
    let lines = try state.file.contents(limit: SessionLine.largestFile).prefix(state.goodBytes)
    try FilePaths.makeFolder(FilePaths.folder(of: path))
    state.file = try SessionFile.makeFile(at: path, bytes: Array(lines), keeping: nil)
    state.fileBytes = state.goodBytes
  }

  /// Writes a line after the good ones, or cuts off what was written of it.
  private func write(_ line: [UInt8], _ state: inout State) throws {
    guard try state.file.regularFileSize() == state.fileBytes else {
      throw SessionError.changedElsewhere(path: path)
    }
    try keepName(&state)
    try cutTornLine(&state)
    var written = 0
    while written < line.count {
      let count = line.withUnsafeBytes {
        operations.write(state.file.number, UnsafeRawBufferPointer(rebasing: $0[written...]))
      }
      if count < 0, errno == EINTR { continue }
      guard count > 0 else {
        let error = SessionError.fileSystem(operation: "write to", path: path, code: count == 0 ? EIO : errno)
        state.fileBytes += written
        try? cutTornLine(&state)
        throw error
      }
      written += count
    }
    state.fileBytes += written
  }

  /// Removes what is beyond the good lines: the rest of a line that never was confirmed.
  private func cutTornLine(_ state: inout State) throws {
    guard state.fileBytes > state.goodBytes else { return }
    guard ftruncate(state.file.number, off_t(state.goodBytes)) == 0 else {
      throw SessionError.system("shorten", path)
    }
    state.fileBytes = state.goodBytes
  }

  /// Waits until the disk has the line. After a failure the system may have forgotten which bytes it lost, so that no
  /// later success would mean anything: the log then takes nothing more.
  private func synchronize(_ state: inout State) throws {
    while operations.synchronize(state.file.number) != 0 {
      if errno == EINTR { continue }
      let error = SessionError.system("sync", path)
      state.isUnsafe = true
      try? cutTornLine(&state)
      throw error
    }
  }
}
