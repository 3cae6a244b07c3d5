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

/// The clicks of a session and how they came about: the fold of a list of actions.
///
/// A pure value. Undo and redo have no limit. A click keeps its place in the order when it is moved or changed, so the
/// clicks in force are always in the order of their numbers, and of two clicks on one voxel the higher number wins.
public struct ClickHistory: Sendable, Hashable {
  /// The largest number that a click can have.
  public static let largestIdentifier = Int(Int32.max) - 1
  /// The most clicks that can be in force at once.
  public static let mostClicks = 10_000

  /// The clicks in force, in the order of their numbers.
  public private(set) var clicks: [PlacedClick] = []
  /// The number that the next click gets: one more than the highest ever used, undone or not.
  public private(set) var nextIdentifier = 1
  private var done: [Edit] = []
  private var undone: [Edit] = []

  /// Something that was done to the clicks, with what is needed to take it back.
  fileprivate enum Edit: Sendable, Hashable {
    case place(PlacedClick)
    case remove(PlacedClick)
    case replace(PlacedClick, by: PlacedClick)
  }

  /// Creates a history in which nothing has happened.
  public init() {}

  /// Folds a list of actions.
  ///
  /// - Parameter actions: What the clinician did, in order.
  /// - Throws: `SessionError` for the first action that makes no sense where it stands.
  public init(_ actions: some Sequence<ClickAction>) throws {
    for action in actions { try apply(action) }
  }

  /// Whether there is an action to take back.
  public var canUndo: Bool { !done.isEmpty }
  /// Whether there is an action to do again.
  public var canRedo: Bool { !undone.isEmpty }
  /// How many actions can be taken back.
  public var undoCount: Int { done.count }
  /// How many actions can be done again.
  public var redoCount: Int { undone.count }
  /// What `undo` would take back, for instance "click 7 left at [40, 121, 88]", or `nil`.
  public var undoDescription: String? { done.last?.description }
  /// What `redo` would do again, or `nil`.
  public var redoDescription: String? { undone.last?.description }

  /// The click in force of a number, or `nil`.
  public func click(id: Int) -> PlacedClick? {
    index(of: id).map { clicks[$0] }
  }

  /// Applies one action. Placing, removing, moving and changing a click end redo.
  ///
  /// - Parameter action: What the clinician did.
  /// - Throws: `SessionError` when the action makes no sense here (an unknown number, a number used before, nothing to
  ///   undo or redo); the history is then unchanged.
  public mutating func apply(_ action: ClickAction) throws {
    switch action {
    case .place(let click):
      guard click.id >= nextIdentifier, click.id <= Self.largestIdentifier else {
        throw SessionError.clickNumberUsed(id: click.id, next: nextIdentifier)
      }
      guard clicks.count < Self.mostClicks else { throw SessionError.tooManyClicks(limit: Self.mostClicks) }
      nextIdentifier = click.id + 1
      perform(.place(click))
    case .remove(let id):
      perform(.remove(clicks[try existingIndex(of: id)]))
    case .move(let id, let voxel):
      let click = clicks[try existingIndex(of: id)]
      perform(.replace(click, by: PlacedClick(id: id, kind: click.kind, voxel: voxel)))
    case .changeKind(let id, let kind):
      let click = clicks[try existingIndex(of: id)]
      perform(.replace(click, by: PlacedClick(id: id, kind: kind, voxel: click.voxel)))
    case .undo:
      guard let edit = done.popLast() else { throw SessionError.nothingToUndo }
      carryOut(edit.inverse)
      undone.append(edit)
    case .redo:
      guard let edit = undone.popLast() else { throw SessionError.nothingToRedo }
      carryOut(edit)
      done.append(edit)
    }
  }

  private mutating func perform(_ edit: Edit) {
    carryOut(edit)
    done.append(edit)
    undone.removeAll()
  }

  /// Changes the clicks; an edit from either stack always fits the clicks it meets there.
  private mutating func carryOut(_ edit: Edit) {
    switch edit {
    case .place(let click):
      clicks.insert(click, at: position(of: click.id))
    case .remove(let click):
      clicks.remove(at: position(of: click.id))
    case .replace(_, let click):
      clicks[position(of: click.id)] = click
    }
  }

  /// Where the click of a number is, or would be: the first position whose number is not smaller.
  private func position(of id: Int) -> Int {
    var low = 0
    var high = clicks.count
    while low < high {
      let middle = (low + high) / 2
      if clicks[middle].id < id { low = middle + 1 } else { high = middle }
    }
    return low
  }

  private func index(of id: Int) -> Int? {
    let position = position(of: id)
    return position < clicks.count && clicks[position].id == id ? position : nil
  }

  private func existingIndex(of id: Int) throws -> Int {
    guard let index = index(of: id) else { throw SessionError.unknownClick(id: id) }
    return index
  }
}

extension ClickHistory.Edit {
  /// The edit that takes this one back.
  fileprivate var inverse: Self {
    switch self {
    case .place(let click): .remove(click)
    case .remove(let click): .place(click)
    case .replace(let old, let new): .replace(new, by: old)
    }
  }

  fileprivate var description: String {
    switch self {
    case .place(let click):
      return click.description
    case .remove(let click):
      return "removal of \(click)"
    case .replace(let old, let new) where old.kind == new.kind:
      return "move of click \(old.id) from \(old.voxel.array) to \(new.voxel.array)"
    case .replace(let old, let new):
      return "change of click \(old.id) from \(old.kind.displayName) to \(new.kind.displayName)"
    }
  }
}

extension PlacedClick: CustomStringConvertible {
  /// The click as people read it, for instance "click 7 left at [40, 121, 88]".
  public var description: String { "click \(id) \(kind.displayName) at \(voxel.array)" }
}
