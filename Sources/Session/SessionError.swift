/// What can go wrong with a session and its file.
public enum SessionError: Error, Sendable, Equatable {
  /// An action names a click that is not in force.
  case unknownClick(id: Int)
  /// A click was placed with a number that was used before or is out of range.
  case clickNumberUsed(id: Int, next: Int)
  /// More clicks than a session can hold.
  case tooManyClicks(limit: Int)
  /// There is nothing to take back.
  case nothingToUndo
  /// There is nothing to do again.
  case nothingToRedo
}

extension SessionError: CustomStringConvertible {
  /// What went wrong, where, and what to do.
  public var description: String {
    switch self {
    case .unknownClick(let id):
      "there is no click \(id) in force; the session lists the clicks that are"
    case .clickNumberUsed(let id, let next):
      "click number \(id) cannot be given: the next free number is \(next)"
    case .tooManyClicks(let limit):
      "a session holds at most \(limit) clicks; remove some that are no longer needed"
    case .nothingToUndo:
      "there is nothing to undo"
    case .nothingToRedo:
      "there is nothing to redo"
    }
  }
}
