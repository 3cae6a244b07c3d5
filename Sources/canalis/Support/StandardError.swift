import Foundation

/// Lines for people, apart from results. What cannot be written is lost without harm: a full disk or a reader that has
/// gone must not end what is being computed.
enum StandardError {
  /// Writes a line.
  static func write(_ line: String) { put(line + "\n") }

  /// Writes a text as it is.
  static func put(_ text: String) {
    Array(text.utf8).withUnsafeBytes { bytes in
      var done = 0
      while done < bytes.count {
        let count = Foundation.write(STDERR_FILENO, bytes.baseAddress?.advanced(by: done), bytes.count - done)
        if count < 0, errno == EINTR { continue }
        guard count > 0 else { return }
        done += count
      }
    }
  }
}
