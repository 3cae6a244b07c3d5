import Glibc
import Volume

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
  /// A click names a voxel that the scan does not have.
  case outsideScan(voxel: Axes3<Int>, shape: Axes3<Int>)

  /// A text is not JSON.
  case notJSON(reason: String)
  /// The file is no session.
  case notASession(path: String, reason: String)
  /// The file was written by another version of the program.
  case unknownVersion(path: String, version: Int, known: Int)
  /// A line of the file cannot be used.
  case damaged(path: String, line: Int, reason: String)
  /// The file is larger than any session.
  case tooLarge(path: String, bytes: Int, limit: Int)

  /// The system refused something; `code` is its error number.
  case fileSystem(operation: String, path: String, code: Int32)
  /// There is a file of this name already.
  case alreadyExists(path: String)
  /// Another program wrote to the file while this one had it open.
  case changedElsewhere(path: String)
  /// Another file has the session's name now.
  case replacedElsewhere(path: String)
  /// Another program has the file open for writing.
  case inUse(path: String)
  /// An earlier event may not have reached the disk, so that no further one is taken.
  case unsafe(path: String)
  /// The file has as many lines or bytes as a session may have.
  case full(path: String)
  /// An event is longer than a line may be.
  case eventTooLong(bytes: Int, limit: Int)
  /// Nothing says where sessions are to be kept.
  case noFolder
}

extension SessionError: CustomStringConvertible {
  /// What went wrong, where, and what to do.
  public var description: String {
    func shown(_ path: String) -> String { DisplayText.escaped(path) }
    switch self {
    case .unknownClick(let id):
      return "there is no click \(id) in force"
    case .clickNumberUsed(let id, let next):
      return "click number \(id) cannot be given: the next free number is \(next)"
    case .tooManyClicks(let limit):
      return "a session holds at most \(limit) clicks; remove some that are no longer needed"
    case .nothingToUndo:
      return "there is nothing to undo"
    case .nothingToRedo:
      return "there is nothing to redo"
    case .outsideScan(let voxel, let shape):
      return "voxel \(voxel.array) is outside the scan; valid are [0...\(shape.axis0 - 1), 0...\(shape.axis1 - 1), "
        + "0...\(shape.axis2 - 1)] (slowest axis first)"
    case .notJSON(let reason):
      return "not JSON: \(reason)"
    case .notASession(let path, let reason):
      return
        "\(shown(path)) is not a session of Canalis: \(reason); give a .session.jsonl file, or another name to begin "
        + "a new one"
    case .unknownVersion(let path, let version, let known):
      return "\(shown(path)), line 1: format version \(version), but this program reads version \(known); open it with "
        + "the version of Canalis that wrote it"
    case .damaged(let path, let line, let reason):
      return "\(shown(path)), line \(line): \(reason); "
        + (line == 1
          ? "nothing can be recovered without the first line"
          : "--recover goes on with the \(line - 1) good line\(line == 2 ? "" : "s") before it and keeps the damaged file")
    case .tooLarge(let path, let bytes, let limit):
      return "\(shown(path)) has \(bytes) bytes, more than the \(limit) that a session can have; is it the right file?"
    case .fileSystem(let operation, let path, let code):
      return "cannot \(operation) \(shown(path)): \(String(cString: strerror(code)))" + Self.advice(for: code)
    case .alreadyExists(let path):
      return "\(shown(path)) exists already; open it, or give another name"
    case .changedElsewhere(let path):
      return "\(shown(path)) was changed by another program; close it there and open the session again"
    case .replacedElsewhere(let path):
      return "another file took the place of \(shown(path)): move that one away, and the session is written there again"
    case .inUse(let path):
      return "\(shown(path)) is open in another Canalis; close it there first"
    case .unsafe(let path):
      return "\(shown(path)) could not be made safe on disk and takes nothing more; see to the disk and open it again"
    case .full(let path):
      return "\(shown(path)) is full; begin a new session with --session and another name"
    case .eventTooLong(let bytes, let limit):
      return "the entry has \(bytes) bytes, more than the \(limit) that a line can have; make it shorter"
    case .noFolder:
      return "nothing says where to keep sessions: give --session FILE, or set CANALIS_SESSIONS or HOME"
    }
  }

  private static func advice(for code: Int32) -> String {
    switch code {
    case ENOSPC, EDQUOT, EFBIG: "; nothing that was confirmed is lost: make room and try again"
    case EACCES, EPERM, EROFS: "; give --session FILE in a folder that you may write to"
    case ENOENT: "; is the name right?"
    default: ""
    }
  }
}
