import Clicks
import Volume

extension ViewerModel {
  /// Changes the line that is being typed.
  mutating func editLine(_ edit: LineEditor.Edit) {
    switch focus {
    case .commandLine(var line):
      if edit == .backspace, line.characters.isEmpty {
        focus = .viewing
        return
      }
      line.edit(edit)
      focus = .commandLine(line)
    case .exportPath(var line):
      line.edit(edit)
      focus = .exportPath(line)
    default: break
    }
  }

  /// Takes the first line of what was pasted into the line that is being typed. Elsewhere nothing is done with it: taken
  /// for keys it would place clicks.
  mutating func paste(_ text: String) {
    let characters = text.prefix { !$0.isNewline }
    switch focus {
    case .commandLine(var line):
      characters.forEach { line.insert($0) }
      focus = .commandLine(line)
    case .exportPath(var line):
      characters.forEach { line.insert($0) }
      focus = .exportPath(line)
    default:
      say("pasted text is taken only where a line is typed: after : or e")
    }
  }

  /// Completes the word before the end of the command line as far as it is certain.
  mutating func completeLine() {
    guard case .commandLine(var line) = focus else { return }
    line.replace(with: Command.completed(line.text))
    focus = .commandLine(line)
  }

  /// Does what the line says.
  mutating func acceptLine() -> [ViewerEffect] {
    switch focus {
    case .commandLine(let line):
      focus = .viewing
      if line.text.allSatisfy({ $0 == " " }) { return [] }
      switch Command.parse(line.text) {
      case .success(let command):
        // What was wrong with the line before is over.
        if isAlarm { say("") }
        return run(command)
      case .failure(let problem):
        alarm(problem.description)
        return []
      }
    case .exportPath(let line):
      focus = .viewing
      return export(to: line.text, overwrite: false)
    default: return []
    }
  }

  /// Asks for the path to export to.
  mutating func openExport() {
    if let obstacle = exportObstacle {
      say(obstacle)
    } else {
      focus = .exportPath(LineEditor(exportPath))
    }
  }

  /// Replaces the existing file.
  mutating func replaceFile() -> [ViewerEffect] {
    guard case .overwrite(let path) = focus else { return [] }
    focus = .viewing
    return export(to: path, overwrite: true)
  }

  private mutating func export(to path: String, overwrite: Bool) -> [ViewerEffect] {
    if let obstacle = exportObstacle {
      say(obstacle)
      return []
    }
    guard path.contains(where: { $0 != " " }) else {
      say("no path given: nothing was written")
      return []
    }
    say("writing \(path)")
    exportsUnderway += 1
    return [.export(path: path, overwrite: overwrite)]
  }

  /// Takes note that a mask was written, or could not be; then the user must see why, and does not leave.
  mutating func endExport(isWritten: Bool) -> [ViewerEffect] {
    exportsUnderway = max(0, exportsUnderway - 1)
    guard quitsWhenWritten, isWritten else {
      quitsWhenWritten = false
      return []
    }
    return exportsUnderway == 0 ? quit() : []
  }

  /// Why there is nothing to export now, if so.
  private var exportObstacle: String? {
    if labels == nil { return "there is no mask yet" }
    if !isMaskCurrent {
      return job == nil
        ? "not exported: the mask is older than the clicks; r asks the network"
        : "not exported: the network is still at work"
    }
    return nil
  }

  private mutating func run(_ command: Command) -> [ViewerEffect] {
    switch command {
    case .goTo(let voxel):
      guard scan.volume.grid.shape.contains(voxel) else {
        let shape = scan.volume.grid.shape
        alarm(
          "voxel \(voxel.array) is outside the scan: k 0-\(shape.axis0 - 1), j 0-\(shape.axis1 - 1), "
            + "i 0-\(shape.axis2 - 1)")
        return []
      }
      moveCursor(to: scan.geometry.patient(voxel))
    case .window(let width, let level): setWindow(width: width, level: level)
    case .export(let path): return export(to: path ?? exportPath, overwrite: false)
    case .note(let text):
      if let readOnlyReason {
        alarm("notes cannot be kept: \(readOnlyReason)")
        return []
      }
      say("noted: \(text)")
      return [store(.note(text))]
    case .kind(let kind):
      settings.clickKind = kind
      noteSettingsChange()
    case .mask(let style):
      settings.maskStyle = style
      noteSettingsChange()
    case .flash(let isOn):
      settings.flashesChange = isOn
      noteSettingsChange()
    case .help: focus = .help(scroll: 0, isFromPanel: false)
    case .quit: return quit()
    }
    return []
  }
}
