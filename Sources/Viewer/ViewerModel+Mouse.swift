import Canvas
import Clicks

extension ViewerModel {
  /// Does what the mouse says.
  mutating func handle(_ mouse: Mouse) -> [ViewerEffect] {
    if isScreenTooSmall { return [] }
    if focus != .viewing, focus != .panel, drag != nil {
      // What the button held when the keys went elsewhere is over; nothing may come of its release.
      drag = mouse.action == .release ? nil : .dropped
    }
    switch focus {
    case .help:
      return handleInHelp(mouse)
    case .commandLine, .exportPath, .overwrite:
      // A question about a file or a line being typed is answered first; only its row of keys takes the mouse.
      return mouse.action == .press && mouse.row == layout(columns: columns, rows: rows).hintRow ? pressHint(mouse) : []
    case .viewing, .panel:
      break
    }
    switch mouse.action {
    case .wheelUp, .wheelDown: return turnWheel(mouse)
    case .press: return pressButton(mouse)
    case .drag:
      dragMouse(mouse)
      return []
    case .release: return releaseButton(mouse)
    }
  }

  private mutating func handleInHelp(_ mouse: Mouse) -> [ViewerEffect] {
    switch mouse.action {
    case .wheelUp: return perform(.scrollHelp(-3))
    case .wheelDown: return perform(.scrollHelp(3))
    case .press:
      drag = .dropped
      return perform(.dismiss)
    case .drag, .release: return []
    }
  }

  private mutating func turnWheel(_ mouse: Mouse) -> [ViewerEffect] {
    let step = mouse.action == .wheelUp ? 1 : -1
    let layout = layout(columns: columns, rows: rows)
    if layout.panel?.contains(column: mouse.column, row: mouse.row) == true {
      selectClick(-step)
    } else if let pane = layout.pane(atColumn: mouse.column, row: mouse.row) {
      if mouse.hasModifier {
        changeZoom(to: settings.zoomStep + step)
      } else {
        moveSlices(step, plane: pane.plane)
      }
    }
    return []
  }

  private mutating func pressButton(_ mouse: Mouse) -> [ViewerEffect] {
    let layout = layout(columns: columns, rows: rows)
    drag = nil
    if layout.hintRow == mouse.row { return pressHint(mouse) }
    if let panel = layout.panel, panel.contains(column: mouse.column, row: mouse.row) {
      focus = .panel
      if let id = panelClick(atRow: mouse.row - panel.row, rows: panel.rows) {
        selectedClick = id
        jumpToSelectedClick()
      }
      return []
    }
    if let pane = layout.panes.first(where: { $0.title.contains(column: mouse.column, row: mouse.row) }) {
      toggleFullScreen(pane.plane)
      return []
    }
    guard let pane = layout.pane(atColumn: mouse.column, row: mouse.row) else { return [] }
    focus = .viewing
    settings.activePlane = pane.plane
    if mouse.button == .middle || mouse.hasModifier {
      drag = .windowing(from: window, column: mouse.column, row: mouse.row)
      return []
    }
    guard
      let voxel = view(of: pane).voxel(
        atColumn: mouse.column, row: mouse.row, cursor: cursor, geometry: scan.geometry)
    else {
      say("the scan ends before there: no click")
      return []
    }
    moveCursor(to: voxel, except: pane.plane)
    drag = .placing(
      kind: mouse.button == .right ? .background : settings.clickKind, plane: pane.plane, column: mouse.column,
      row: mouse.row)
    return []
  }

  private mutating func dragMouse(_ mouse: Mouse) {
    switch drag {
    case .placing(let kind, let plane, let column, let row):
      guard (column, row) != (mouse.column, mouse.row) else { return }
      drag = .placing(kind: kind, plane: plane, column: mouse.column, row: mouse.row)
      guard let pane = layout(columns: columns, rows: rows).panes.first(where: { $0.plane == plane }) else { return }
      moveCursor(
        to: view(of: pane).nearestVoxel(
          atColumn: mouse.column, row: mouse.row, cursor: cursor, geometry: scan.geometry), except: plane)
    case .windowing(let start, let column, let row):
      // Across the whole screen the width grows by a factor of e², about 7; down half of it the level falls by a width.
      let across = Double(mouse.column - column) / Double(max(1, columns))
      let down = Double(mouse.row - row) / Double(max(1, rows))
      var factor = 1.0
      for _ in 0..<32 { factor *= 1 + max(-0.5, min(0.5, across)) * 2 / 32 }
      setWindow(width: start.width * factor, level: start.level - 2 * down * start.width)
    case .dropped, nil:
      return
    }
  }

  private mutating func releaseButton(_ mouse: Mouse) -> [ViewerEffect] {
    // The cursor may have been nudged by keys since the mouse last moved: it is kept, being the voxel that was shown.
    dragMouse(mouse)
    let ended = drag
    drag = nil
    guard case .placing(let kind, _, _, _) = ended else { return [] }
    return placeClick(kind)
  }

  /// Does what the key under the mouse in the row of keys says.
  private mutating func pressHint(_ mouse: Mouse) -> [ViewerEffect] {
    guard let hint = hints(columns: columns).first(where: { $0.columns.contains(mouse.column) }),
      let action = hint.binding.actions.first?.action
    else { return [] }
    if case .chooseKind = action {
      let all = ClickKind.allCases
      let index = all.firstIndex(of: settings.clickKind) ?? 0
      return perform(.chooseKind(all[(index + 1) % all.count]))
    }
    return perform(action)
  }
}
