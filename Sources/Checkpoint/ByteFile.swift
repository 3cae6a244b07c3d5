import Formats
import Glibc

/// A regular file that is read by position, through one descriptor from first to last: a file renamed over it later
/// changes nothing, and one that shrinks meanwhile gives an error.
final class ByteFile: Sendable {
  /// The path as given, for messages.
  let path: String
  /// The size in bytes when the file was opened.
  let size: Int
  private let descriptor: Int32

  /// Opens a regular file.
  init(path: String) throws {
    // Without O_NONBLOCK, opening a named pipe would wait for a writer.
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else {
      throw CheckpointError.unreadable(file: path, reason: Self.lastErrorMessage())
    }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else {
      let reason = Self.lastErrorMessage()
      close(descriptor)
      throw CheckpointError.unreadable(file: path, reason: reason)
    }
    guard status.st_mode & S_IFMT == S_IFREG else {
      close(descriptor)
      let isFolder = status.st_mode & S_IFMT == S_IFDIR
      throw CheckpointError.unreadable(file: path, reason: isFolder ? "it is a folder" : "it is not a regular file")
    }
    self.path = path
    self.size = Int(status.st_size)
    self.descriptor = descriptor
  }

  deinit {
    close(descriptor)
  }

  /// Returns `count` bytes from `offset` on; the range must lie within the file.
  func read(at offset: Int, count: Int) throws -> [UInt8] {
    guard offset >= 0, count >= 0, offset <= size, count <= size - offset else {
      throw CheckpointError.unreadable(
        file: path, reason: "bytes \(offset) to \(offset)+\(count) lie beyond its end at \(size)")
    }
    var failure: CheckpointError?
    let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
      while initialized < count {
        guard let base = buffer.baseAddress else { break }
        let got = pread(descriptor, base + initialized, count - initialized, off_t(offset + initialized))
        if got > 0 {
          initialized += got
        } else if got == 0 {
          failure = .unreadable(file: path, reason: "it became shorter while it was read")
          return
        } else if errno != EINTR {
          failure = .unreadable(file: path, reason: Self.lastErrorMessage())
          return
        }
      }
    }
    if let failure { throw failure }
    return bytes
  }

  /// Calls a closure with the bytes of a range, a piece at a time.
  func forEachPiece(at offset: Int, count: Int, _ body: ([UInt8]) throws -> Void) throws {
    var done = 0
    while done < count {
      let piece = min(1 << 20, count - done)
      try body(try read(at: offset + done, count: piece))
      done += piece
    }
  }

  /// The SHA-256 of the whole file, 64 hexadecimal digits.
  ///
  /// - Returns: The digest.
  /// - Throws: `CheckpointError.unreadable`.
  func sha256() throws -> String {
    var digest = SHA256()
    try forEachPiece(at: 0, count: size) { piece in piece.withUnsafeBytes { digest.update($0) } }
    return digest.finalize()
  }

  /// The message of the last failed system call.
  static func lastErrorMessage() -> String {
    String(cString: strerror(errno))
  }
}
