/// What can go wrong with numbers on the processor.
public enum TensorError: Error, Sendable, CustomStringConvertible, Equatable {
  /// The system refused memory.
  case outOfMemory(bytes: Int)

  /// What happened, and what to do.
  public var description: String {
    switch self {
    case .outOfMemory(let bytes):
      return "the system has no \(bytes / 1_048_576) MiB of memory left: close other programs or use a smaller patch"
    }
  }
}
