import Clicks
import Session
import Volume

extension ViewerModel {
  /// Clicks within this distance of the crosshair can be removed without selecting them.
  static let removalReachInMillimeters = 5.0

  /// Places a click at the crosshair.
  mutating func placeClick(_ kind: ClickKind) -> [ViewerEffect] {
    let click = PlacedClick(id: history.nextIdentifier, kind: kind, voxel: scan.geometry.stored(cursor))
    let cause = "click \(click.id) \(kind.displayName)"
    return perform(.place(click), saying: "\(cause) placed", because: cause)
  }

  /// Does something to the clicks: shows it, stores it, asks the network.
  mutating func perform(_ action: ClickAction, saying text: String, because cause: String) -> [ViewerEffect] {
    if let readOnlyReason {
      alarm("clicks cannot be kept: \(readOnlyReason)")
      return []
    }
    let before = history.clicks
    do {
      try history.apply(action)
    } catch {
      say("\(error)")
      return []
    }
    let after = history.clicks
    let changed = Set(after).subtracting(before).map(\.id)
    if let selected = selectedClick, history.click(id: selected) == nil { selectedClick = nil }
    say(text + negativeNote(changed))
    return [store(.click(action), clicks: Set(changed))] + askNetwork(because: cause)
  }

  /// What must be said when a changed click cannot enter the network.
  private func negativeNote(_ changed: [Int]) -> String {
    guard let network, !network.hasNegativeClicks,
      changed.contains(where: { history.click(id: $0)?.kind == .background })
    else { return "" }
    return " (this model has no negative clicks: applied after it)"
  }

  /// Takes back the latest action, or does it again.
  mutating func undo() -> [ViewerEffect] {
    guard let what = history.undoDescription else {
      say("there is nothing to undo")
      return []
    }
    return perform(.undo, saying: "undid \(what)", because: "undo of \(what)")
  }

  /// Does again what was taken back last.
  mutating func redo() -> [ViewerEffect] {
    guard let what = history.redoDescription else {
      say("there is nothing to redo")
      return []
    }
    return perform(.redo, saying: "redid \(what)", because: "redo of \(what)")
  }

  /// Removes the click nearest to the crosshair, if one is within reach.
  mutating func removeNearestClick() -> [ViewerEffect] {
    func distanceSquared(_ click: PlacedClick) -> Double {
      let step = scan.geometry.patient(click.voxel) &- cursor
      let millimeters = SIMD3(Double(step.x), Double(step.y), Double(step.z)) * scan.geometry.spacing
      return (millimeters * millimeters).sum()
    }
    let reach = Self.removalReachInMillimeters
    // Of clicks on one voxel, the latest: it is the one that counts.
    guard let nearest = clicksInScan.reversed().min(by: { distanceSquared($0) < distanceSquared($1) }),
      distanceSquared(nearest) <= reach * reach
    else {
      say("no click within \(NumberText.fixed(reach, decimals: 0)) mm of the crosshair")
      return []
    }
    return remove(nearest.id)
  }

  /// Removes a click.
  mutating func remove(_ id: Int) -> [ViewerEffect] {
    guard let click = history.click(id: id) else { return [] }
    let what = "\(click)"
    return perform(.remove(id: id), saying: "removed \(what)", because: "removal of click \(id)")
  }

  /// Selects another click in the list.
  mutating func selectClick(_ step: Int) {
    let clicks = history.clicks
    guard !clicks.isEmpty else { return }
    let old = clicks.firstIndex { $0.id == selectedClick }
    let new = old.map { max(0, min(clicks.count - 1, $0 + step)) } ?? (step < 0 ? clicks.count - 1 : 0)
    selectedClick = clicks[new].id
  }

  /// Puts the crosshair on the selected click.
  mutating func jumpToSelectedClick() {
    guard let click = selectedClick.flatMap(history.click(id:)) else { return }
    guard scan.volume.grid.shape.contains(click.voxel) else {
      alarm("\(click) is outside the scan")
      return
    }
    moveCursor(to: scan.geometry.patient(click.voxel))
    say("\(click)")
  }

  /// Moves the selected click to the crosshair.
  mutating func moveSelectedClick() -> [ViewerEffect] {
    let voxel = scan.geometry.stored(cursor)
    guard let click = selectedClick.flatMap(history.click(id:)) else { return [] }
    guard click.voxel != voxel else {
      say("click \(click.id) is there already")
      return []
    }
    return perform(
      .move(id: click.id, voxel: voxel), saying: "moved click \(click.id) to \(voxel.array)",
      because: "move of click \(click.id)")
  }

  /// Changes what the selected click says.
  mutating func changeSelectedKind(_ kind: ClickKind) -> [ViewerEffect] {
    guard let click = selectedClick.flatMap(history.click(id:)), click.kind != kind else { return [] }
    return perform(
      .changeKind(id: click.id, kind: kind), saying: "click \(click.id) says \(kind.displayName) now",
      because: "click \(click.id) to \(kind.displayName)")
  }
}
