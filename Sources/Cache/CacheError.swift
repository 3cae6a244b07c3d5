import Glibc

/// Why a kept file could not be written, read or removed. None of these costs more than time.
public enum CacheError: Error, Sendable, Equatable {
  /// The system refused.
  case system(operation: String, path: String, code: Int32)
  /// A file is not what was written.
  case damaged(path: String, reason: String)
  /// Neither XDG_CACHE_HOME nor HOME says where kept files go.
  case noFolder

  /// The error of the system call that just failed.
  static func system(_ operation: String, _ path: String) -> CacheError {
    .system(operation: operation, path: path, code: errno)
  }
}

extension CacheError: CustomStringConvertible {
  /// What is wrong, where, and what to do.
  public var description: String {
    switch self {
    case .system(let operation, let path, let code):
      "\(path): cannot \(operation): \(String(cString: strerror(code)))"
    case .damaged(let path, let reason):
      "\(path) is damaged (\(reason)); it can be deleted, \"canalis cache clear\" deletes all that is kept"
    case .noFolder:
      "nothing says where kept files go; set HOME or XDG_CACHE_HOME"
    }
  }
}
