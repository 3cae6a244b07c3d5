import Foundation

/// Results. What `print` writes goes the same way and is checked with it.
enum StandardOutput {
  /// Writes bytes after what was printed.
  ///
  /// - Throws: `CommandFailure` when results were lost.
  static func write(_ data: Data) throws {
    try flush()
    try data.withUnsafeBytes { bytes in
      var done = 0
      while done < bytes.count {
        let count = Foundation.write(STDOUT_FILENO, bytes.baseAddress?.advanced(by: done), bytes.count - done)
        if count < 0, errno == EINTR { continue }
        guard count > 0 else { return try fail(code: errno) }
        done += count
      }
    }
  }

  /// Makes sure that everything that was printed has been written.
  ///
  /// - Throws: `CommandFailure` when results were lost.
  static func flush() throws {
    if fflush(nil) != 0 { try fail(code: errno) }
  }

  /// A reader that has gone, as `head` does, has what it wanted.
  private static func fail(code: Int32) throws {
    if code == EPIPE { return }
    throw CommandFailure("standard output: \(String(cString: strerror(code))); the result is lost there")
  }

  /// Gives standard input, output and error that are closed to the null device: else the next file that is opened would
  /// take their place, and messages would go into it.
  static func openClosedStreams() {
    for descriptor in STDIN_FILENO...STDERR_FILENO where fcntl(descriptor, F_GETFD) < 0 {
      _ = open("/dev/null", O_RDWR)
    }
  }
}
