import Clicks
import Testing
import Volume

@testable import Session

@Suite("The history of clicks")
struct ClickHistoryTests {
  @Test(
    "A random walk of 10,000 actions agrees with a list of snapshots at every step", arguments: [1, 2, 3] as [UInt64])
  func walkAgreesWithSnapshots(seed: UInt64) throws {
    var generator = SeededGenerator(seed: seed)
    var history = ClickHistory()
    var model = SnapshotModel()
    var refused = 0
    for step in 0..<10_000 {
      let action = randomAction(after: model, using: &generator)
      let before = history
      let allowed = model.apply(action)
      if allowed {
        try history.apply(action)
      } else {
        refused += 1
        #expect(throws: SessionError.self, "step \(step): \(action)") { try history.apply(action) }
        try #require(history == before, "step \(step): a refused action changes nothing")
      }
      try #require(history.clicks == model.clicks, "step \(step): \(action)")
      try #require(history.canUndo == model.canUndo && history.canRedo == model.canRedo, "step \(step): \(action)")
      try #require(history.nextIdentifier == model.next, "step \(step): \(action)")
      try #require(
        (history.undoDescription != nil) == model.canUndo && (history.redoDescription != nil) == model.canRedo)
    }
    #expect(refused > 100, "the walk tries nonsense too")
  }

  @Test("Undoing everything gives no clicks, redoing everything gives them back")
  func undoAllThenRedoAll() throws {
    var generator = SeededGenerator(seed: 9)
    var history = ClickHistory()
    var model = SnapshotModel()
    for _ in 0..<2_000 {
      let action = randomAction(after: model, using: &generator)
      if model.apply(action) { try history.apply(action) }
    }
    while history.canRedo { try history.apply(.redo) }
    let full = history
    while history.canUndo { try history.apply(.undo) }
    #expect(history.clicks.isEmpty)
    while history.canRedo { try history.apply(.redo) }
    #expect(history == full)
  }

  @Test("Undo names what it takes back")
  func descriptions() throws {
    var history = ClickHistory()
    let voxel = Axes3(40, 121, 88)
    try history.apply(.place(PlacedClick(id: 1, kind: .left, voxel: voxel)))
    #expect(history.undoDescription == "click 1 left at [40, 121, 88]")
    try history.apply(.move(id: 1, voxel: Axes3(41, 121, 88)))
    #expect(history.undoDescription == "move of click 1 from [40, 121, 88] to [41, 121, 88]")
    try history.apply(.changeKind(id: 1, kind: .background))
    #expect(history.undoDescription == "change of click 1 from left to not canal")
    try history.apply(.remove(id: 1))
    #expect(history.undoDescription == "removal of click 1 not canal at [41, 121, 88]")
    try history.apply(.undo)
    #expect(history.redoDescription == "removal of click 1 not canal at [41, 121, 88]")
  }

  @Test("A number is never used again, not even after its click was undone")
  func numbersAreNotReused() throws {
    var history = ClickHistory()
    try history.apply(.place(PlacedClick(id: 1, kind: .left, voxel: Axes3(0, 0, 0))))
    try history.apply(.undo)
    #expect(history.nextIdentifier == 2)
    #expect(throws: SessionError.clickNumberUsed(id: 1, next: 2)) {
      try history.apply(.place(PlacedClick(id: 1, kind: .right, voxel: Axes3(0, 0, 0))))
    }
    try history.apply(.place(PlacedClick(id: 2, kind: .right, voxel: Axes3(0, 0, 0))))
    #expect(!history.canRedo)
    for id in [Int.min, -1, 0, Int.max] {
      #expect(throws: SessionError.self) {
        try history.apply(.place(PlacedClick(id: id, kind: .left, voxel: Axes3(0, 0, 0))))
      }
    }
  }

  @Test("A click taken out of the middle comes back to its place")
  func removedClickReturnsToItsPlace() throws {
    var history = try ClickHistory(
      (1...5).map { .place(PlacedClick(id: $0, kind: .left, voxel: Axes3($0, 0, 0))) })
    let before = history.clicks
    try history.apply(.remove(id: 3))
    #expect(history.clicks.map(\.id) == [1, 2, 4, 5])
    try history.apply(.undo)
    #expect(history.clicks == before)
  }

  private func randomAction(after model: SnapshotModel, using generator: inout SeededGenerator) -> ClickAction {
    let voxel = Axes3(
      Int.random(in: 0..<50, using: &generator), Int.random(in: 0..<50, using: &generator),
      Int.random(in: 0..<50, using: &generator))
    let kind = ClickKind.allCases.randomElement(using: &generator) ?? .left
    // One number too low and one too high are among the choices: nonsense must be refused.
    let id = Int.random(in: 0...model.next, using: &generator)
    switch Int.random(in: 0..<12, using: &generator) {
    case 0..<4:
      let id = Int.random(in: 0..<20, using: &generator) == 0 ? model.next - 1 : model.next
      return .place(PlacedClick(id: id, kind: kind, voxel: voxel))
    case 4: return .remove(id: model.clicks.randomElement(using: &generator)?.id ?? id)
    case 5: return .move(id: model.clicks.randomElement(using: &generator)?.id ?? id, voxel: voxel)
    case 6: return .changeKind(id: id, kind: kind)
    case 7: return .remove(id: id)
    case 8, 9, 10: return .undo
    default: return .redo
    }
  }
}

/// The slowest possible history: every state that ever was, in a list, and a position in it.
private struct SnapshotModel {
  private var states: [[PlacedClick]] = [[]]
  private var position = 0
  private(set) var next = 1

  var clicks: [PlacedClick] { states[position] }
  var canUndo: Bool { position > 0 }
  var canRedo: Bool { position + 1 < states.count }

  /// Applies an action, or returns false when it makes no sense.
  mutating func apply(_ action: ClickAction) -> Bool {
    var new = clicks
    switch action {
    case .undo:
      guard canUndo else { return false }
      position -= 1
      return true
    case .redo:
      guard canRedo else { return false }
      position += 1
      return true
    case .place(let click):
      guard click.id >= next else { return false }
      next = click.id + 1
      new.append(click)
    case .remove(let id):
      guard new.contains(where: { $0.id == id }) else { return false }
      new.removeAll { $0.id == id }
    case .move(let id, let voxel):
      guard let index = new.firstIndex(where: { $0.id == id }) else { return false }
      new[index].voxel = voxel
    case .changeKind(let id, let kind):
      guard let index = new.firstIndex(where: { $0.id == id }) else { return false }
      new[index].kind = kind
    }
    states.removeSubrange((position + 1)...)
    states.append(new)
    position += 1
    return true
  }
}
