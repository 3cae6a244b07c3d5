import Formats

/// Something wrong with one line of a session; becomes a `SessionError` that names file and line.
struct LineProblem: Error, Equatable {
  /// What is wrong, in words that follow "line 7: ".
  let reason: String

  init(_ reason: String) { self.reason = reason }
}

extension JSONValue {
  /// Reads the one JSON value of a session's line.
  ///
  /// - Parameter line: The line's bytes.
  /// - Throws: `LineProblem`.
  init(line: UnsafeBufferPointer<UInt8>) throws(LineProblem) {
    do { self = try JSONValue(parsing: line) } catch { throw LineProblem(error.description) }
  }
}
