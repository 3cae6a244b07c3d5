import Clicks
import Volume

/// A click in force, with the number that the clinician sees.
public struct PlacedClick: Sendable, Hashable, Codable {
  /// The click's number in the session, from 1, never used again.
  public var id: Int
  /// What it says.
  public var kind: ClickKind
  /// Of which voxel, `[axis0, axis1, axis2]` as stored.
  public var voxel: Axes3<Int>

  /// Creates a placed click.
  public init(id: Int, kind: ClickKind, voxel: Axes3<Int>) {
    self.id = id
    self.kind = kind
    self.voxel = voxel
  }

  /// The click without its number.
  public var click: Click { Click(kind: kind, voxel: voxel) }
}

/// One thing that the clinician did to the clicks.
public enum ClickAction: Sendable, Hashable {
  /// Placed a click.
  case place(PlacedClick)
  /// Removed the click of this number.
  case remove(id: Int)
  /// Moved the click of this number.
  case move(id: Int, voxel: Axes3<Int>)
  /// Changed what the click of this number says.
  case changeKind(id: Int, kind: ClickKind)
  /// Took back the latest action that is in force.
  case undo
  /// Did again what was taken back last.
  case redo
}
