import Canvas
import Clicks

extension ViewerModel {
  /// Where a key is looked up, first match first.
  var keyContexts: [KeyContext] {
    let question: [KeyContext] = job?.isAsking == true ? [.question] : []
    switch focus {
    case .viewing: return (isPlacing ? [.placing] : []) + question + [.viewing]
    case .panel: return (isPlacing ? [.placing] : []) + [.panel] + question + [.viewing]
    case .help: return [.help]
    case .commandLine: return [.commandLine]
    case .exportPath: return [.exportPath]
    case .overwrite: return [.overwrite]
    }
  }

  private var isPlacing: Bool {
    if case .placing = drag { return true }
    return false
  }

  /// Does what a key says where the keys go now.
  mutating func press(_ key: Key) -> [ViewerEffect] {
    if isScreenTooSmall {
      // Nothing is done that nobody can see.
      guard let action = KeyBinding.action(for: key, in: [.viewing]), [.quit, .suspend, .redraw].contains(action) else {
        return []
      }
      return perform(action)
    }
    if let action = KeyBinding.action(for: key, in: keyContexts) { return perform(action) }
    guard case .character(let character) = key else { return [] }
    switch focus {
    case .commandLine(var line):
      line.insert(character)
      focus = .commandLine(line)
    case .exportPath(var line):
      line.insert(character)
      focus = .exportPath(line)
    default:
      break
    }
    return []
  }

  /// Does what a key can do.
  mutating func perform(_ action: KeyAction) -> [ViewerEffect] {
    if action != .quit { (hasWarnedOfQuitting, quitsWhenWritten) = (false, false) }
    switch action {
    case .placeClick: return placeClick(settings.clickKind)
    case .undo: return undo()
    case .redo: return redo()
    case .removeNearestClick: return removeNearestClick()
    case .removeSelectedClick, .moveSelectedClick, .changeSelectedKind:
      guard let selectedClick else {
        say("no click is selected: Up and Down select one")
        return []
      }
      if case .changeSelectedKind(let kind) = action { return changeSelectedKind(kind) }
      return action == .moveSelectedClick ? moveSelectedClick() : remove(selectedClick)
    case .stop, .declineCost: return stop()
    case .runAgain: return runAgain()
    case .acceptCost: return acceptCost()
    case .accept: return acceptLine()
    case .replaceFile: return replaceFile()
    case .quit: return quit()
    case .suspend: return storeSettings() + [.suspend]
    case .redraw: return [.redraw]
    case .openExport: openExport()
    case .openCommandLine: focus = .commandLine(LineEditor())
    case .openHelp: focus = .help(scroll: 0, isFromPanel: focus == .panel)
    case .dismiss: dismiss()
    case .dropClick: drag = .dropped
    case .edit(let edit): editLine(edit)
    case .complete: completeLine()
    case .scrollHelp(let step): scrollHelp(step)
    case .selectClick(let step): selectClick(step)
    case .jumpToClick: jumpToSelectedClick()
    default: look(action)
    }
    return []
  }

  /// Does what a key can do to the picture.
  private mutating func look(_ action: KeyAction) {
    let plane = settings.activePlane
    switch action {
    case .move(let right, let down):
      var voxel = cursor
      voxel[plane.horizontal] += right
      voxel[plane.vertical] += plane.isUpward ? -down : down
      moveCursor(to: voxel)
    case .moveSlices(let step): moveSlices(step, plane: plane)
    case .firstSlice: moveSlices(-scan.geometry.shape[plane.normal], plane: plane)
    case .lastSlice: moveSlices(scan.geometry.shape[plane.normal], plane: plane)
    case .nextPane: activate(plane.neighbor(1))
    case .previousPane: activate(plane.neighbor(-1))
    case .toggleFullScreen: toggleFullScreen(plane)
    case .zoom(let step): changeZoom(to: settings.zoomStep + step)
    case .wholeSlice: changeZoom(to: 0)
    case .nextPreset: stepPreset(1)
    case .previousPreset: stepPreset(-1)
    case .changeWidth(let step): setWindow(width: window.width * (step < 0 ? 1 / 1.1 : 1.1), level: window.level)
    case .changeLevel(let step):
      setWindow(width: window.width, level: window.level + Double(step) * window.width * 0.05)
    case .nextMaskStyle: settings.maskStyle = next(settings.maskStyle)
    case .toggleChange: settings.showsChange.toggle()
    case .nextPictureStyle: settings.pictureStyle = next(settings.pictureStyle)
    case .chooseKind(let kind): settings.clickKind = kind
    case .togglePanel: togglePanel()
    case .leavePanel: focus = .viewing
    default: return
    }
    noteSettingsChange()
  }

  private func next<Value: CaseIterable & Equatable>(_ value: Value) -> Value where Value.AllCases == [Value] {
    let all = Value.allCases
    return all[((all.firstIndex(of: value) ?? 0) + 1) % all.count]
  }

  /// Moves the crosshair through the slices of a plane.
  mutating func moveSlices(_ step: Int, plane: Plane) {
    var voxel = cursor
    voxel[plane.normal] += step
    moveCursor(to: voxel)
  }

  /// Makes a pane the one that keys act on.
  mutating func activate(_ plane: Plane) {
    guard plane != settings.activePlane else { return }
    settings.activePlane = plane
    followCursor()
  }

  /// Lets a pane fill the screen, or shows all again.
  mutating func toggleFullScreen(_ plane: Plane) {
    settings.activePlane = plane
    settings.isFullScreen.toggle()
    followCursor()
    noteSettingsChange()
  }

  private mutating func stepPreset(_ step: Int) {
    let all = WindowPreset.allCases
    let index = preset.flatMap(all.firstIndex(of:)).map { $0 + step } ?? 0
    let chosen = all[(index + all.count) % all.count]
    window = scan.window(chosen)
    preset = chosen
    settings.window = chosen == .automatic ? nil : window
    say("window \(chosen.name)")
  }

  /// Sets the window by hand, within what can be drawn.
  mutating func setWindow(width: Double, level: Double) {
    let span = max(scan.range.highest - scan.range.lowest, 1e-6)
    guard width.isFinite, level.isFinite else { return }
    window = GreyWindow(
      width: max(span * 1e-4, min(span * 100 + 1e4, width)),
      level: max(scan.range.lowest - span - 1e4, min(scan.range.highest + span + 1e4, level)))
    preset = nil
    settings.window = window
    noteSettingsChange()
  }

  private mutating func togglePanel() {
    if settings.showsClickPanel, focus == .panel {
      settings.showsClickPanel = false
      focus = .viewing
    } else {
      settings.showsClickPanel = true
      focus = .panel
      if selectedClick == nil { selectClick(-1) }
    }
    followCursor()
  }

  private mutating func stop() -> [ViewerEffect] {
    guard job != nil else {
      notice = ""
      isAlarm = false
      return []
    }
    let wasAsking = job?.isAsking == true
    let effects = stopJob()
    say(wasAsking ? "not run: clicks are kept; r asks again" : "stopped: clicks are kept; r asks the network again")
    return effects
  }

  private mutating func scrollHelp(_ step: Int) {
    guard case .help(let scroll, let isFromPanel) = focus else { return }
    let most = max(0, helpLines.count - helpRect.rows + 2)
    focus = .help(scroll: max(0, min(most, scroll + step)), isFromPanel: isFromPanel)
  }

  private mutating func dismiss() {
    switch focus {
    case .help(_, let isFromPanel): focus = isFromPanel ? .panel : .viewing
    case .overwrite(let path):
      focus = .viewing
      say("\(path) was kept; nothing was written")
    default: focus = .viewing
    }
  }

  /// Ends the program; nothing has to be saved, unless the disk refused.
  mutating func quit() -> [ViewerEffect] {
    if !failedStores.isEmpty, !hasWarnedOfQuitting {
      hasWarnedOfQuitting = true
      alarm(
        "\(failedStores.count) event\(failedStores.count == 1 ? "" : "s") could not be saved; q again quits without")
      return []
    }
    if exportsUnderway > 0, !quitsWhenWritten {
      quitsWhenWritten = true
      say("a mask is still being written: quits when it is there, q again quits before")
      return []
    }
    return storeSettings() + stopJob() + [.quit]
  }
}
