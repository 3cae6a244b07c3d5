import Formats
import Volume

/// Everything that a session's file says, and what it amounts to.
public struct SessionContent: Sendable, Equatable {
  /// The first line.
  public let header: SessionHeader
  /// The other lines in order.
  public private(set) var records: [SessionRecord] = []
  /// The fold of the click events: the clicks in force, undo and redo.
  public private(set) var history = ClickHistory()
  /// The model in use at the end.
  public private(set) var model: ModelIdentity
  /// How the session was last looked at, a JSON object, or `nil`.
  public private(set) var view: JSONValue?

  /// The number of the last line.
  var lastLine: Int { records.count + 1 }

  /// Creates a session in which nothing has happened.
  init(header: SessionHeader) {
    self.header = header
    model = header.model
  }

  /// Takes the next line.
  ///
  /// - Parameter record: The line.
  /// - Throws: `SessionError` when its event makes no sense here, for a voxel outside the scan with the valid range; the
  ///   content is then unchanged.
  mutating func append(_ record: SessionRecord) throws {
    switch record.event {
    case .click(let action):
      if let voxel = action.voxel, !header.scan.shape.contains(voxel) {
        throw SessionError.outsideScan(voxel: voxel, shape: header.scan.shape)
      }
      try history.apply(action)
    case .model(let model): self.model = model
    case .view(let settings): view = settings
    case .note, .export: break
    }
    records.append(record)
  }
}

extension ClickAction {
  /// The voxel that the action names, if any.
  fileprivate var voxel: Axes3<Int>? {
    switch self {
    case .place(let click): click.voxel
    case .move(_, let voxel): voxel
    default: nil
    }
  }
}
