import Canvas
import Volume

/// A row of parts of which the least important are left out where there is no room.
struct StatusParts {
  /// A part: its text, its style, and how soon it is left out (the highest first).
  struct Part {
    let text: String
    let style: TextStyle
    let rank: Int
  }

  private var parts: [Part] = []

  /// Adds a part.
  mutating func add(_ text: String, rank: Int, style: TextStyle = .plain) {
    if !text.isEmpty { parts.append(Part(text: text, style: style, rank: rank)) }
  }

  /// Writes as many parts as fit, two blanks apart.
  func draw(row: Int, columns: Int, painter: TextPainter, in frame: inout Frame) {
    var kept = parts
    func length() -> Int { kept.reduce(-2) { $0 + painter.width($1.text) + 2 } }
    while kept.count > 1, length() > columns,
      let last = kept.indices.max(by: { kept[$0].rank < kept[$1].rank })
    {
      kept.remove(at: last)
    }
    var column = 0
    for part in kept {
      column = painter.write(part.text, column: column, row: row, limit: columns, style: part.style, in: &frame) + 2
    }
  }
}

extension ViewerModel {
  /// Draws the place of the crosshair, its grey value and how the scan is looked at.
  func drawStatus(_ layout: PaneLayout, in frame: inout Frame) {
    let painter = TextPainter(isUTF8: capabilities.isUTF8)
    let theme = Theme(colors: capabilities.colors)
    let voxel = scan.geometry.stored(cursor)
    var parts = StatusParts()
    let kind = settings.clickKind
    let sign = ClickMark.sign(kind, isPending: false, isUTF8: capabilities.isUTF8)
    parts.add("next: \(sign) \(kind.displayName)", rank: 0, style: theme.mark(ClickMark.color(kind)))
    parts.add("[\(voxel.axis0), \(voxel.axis1), \(voxel.axis2)]", rank: 1)
    parts.add(scan.volume.grid.position(ofVoxel: voxel).map { "\($0.lettered) mm" } ?? "", rank: 3)
    parts.add("grey value \(NumberText.grey(Double(scan.greyValue(at: voxel))))", rank: 2)
    parts.add(maskText(at: voxel), rank: 5)
    parts.add("W \(NumberText.grey(window.width)) L \(NumberText.grey(window.level))", rank: 4)
    parts.add(preset.map { $0 == .automatic || $0 == .fullRange ? $0.name : "" } ?? "", rank: 8)
    parts.add("zoom \(NumberText.fixed(zoom, decimals: 1))", rank: 6)
    if settings.maskStyle != .fill { parts.add("mask \(settings.maskStyle.rawValue)", rank: 7) }
    if settings.showsChange { parts.add("changes shown", rank: 7) }
    parts.draw(row: layout.statusRow, columns: frame.columns, painter: painter, in: &frame)
  }

  private func maskText(at voxel: Axes3<Int>) -> String {
    guard let labels = shownLabels else { return "" }
    switch labels[scan.volume.grid.shape.offset(of: voxel)] {
    case 1: return "in left canal"
    case 2: return "in right canal"
    default: return ""
    }
  }

  /// Draws what is asked, typed or running, and what happened last.
  func drawMessage(_ layout: PaneLayout, in frame: inout Frame) {
    let painter = TextPainter(isUTF8: capabilities.isUTF8)
    let theme = Theme(colors: capabilities.colors)
    let row = layout.messageRow
    let columns = frame.columns
    switch focus {
    case .commandLine(let line):
      drawLine(line, prompt: ":", row: row, in: &frame)
      return
    case .exportPath(let line):
      drawLine(line, prompt: "export to: ", row: row, in: &frame)
      return
    case .overwrite(let path):
      let question = "\(DisplayText.escaped(path)) or its .json exists. y replaces, Esc keeps them"
      painter.write(
        painter.shortened(question, columns: columns), column: 0, row: row, limit: columns, style: theme.warning,
        in: &frame)
      return
    case .viewing, .panel, .help:
      break
    }
    var column = 0
    if let job {
      let text = job.isAsking ? questionText(job) : progressText(job)
      column = painter.write(
        painter.shortened(text, columns: columns), column: 0, row: row, limit: columns,
        style: job.isAsking ? theme.warning : .bold, in: &frame)
      if !notice.isEmpty { column += 2 }
    }
    painter.write(
      painter.shortened(notice, columns: max(0, columns - column)), column: column, row: row, limit: columns,
      style: isAlarm ? theme.alarm : .plain, in: &frame)
  }

  private func questionText(_ running: RunningJob) -> String {
    guard let estimate = running.estimate else { return "run the network? y runs it, Esc does not" }
    return
      "\(NumberText.windows(estimate.windows)): about \(NumberText.duration(estimate.seconds)) and \(NumberText.bytes(estimate.bytes)): "
      + "y runs it, Esc not now"
  }

  private func progressText(_ running: RunningJob) -> String {
    var text = running.preview.map { "PREVIEW of \($0.windowsRun) of \($0.windows) windows: " } ?? ""
    if running.fraction == nil, let estimate = running.estimate {
      text += "\(NumberText.windows(estimate.windows)), about \(NumberText.duration(estimate.seconds)): "
    }
    text += DisplayText.escaped(running.stage)
    if let fraction = running.fraction { text += " \(Int(fraction * 100)) %" }
    if let seconds = running.secondsLeft { text += ", \(NumberText.duration(seconds)) left" }
    return text + " (Esc cancels)"
  }

  /// Draws a line that is being typed, scrolled so that the caret is seen.
  private func drawLine(_ line: LineEditor, prompt: String, row: Int, in frame: inout Frame) {
    let painter = TextPainter(isUTF8: capabilities.isUTF8)
    let start = painter.write(prompt, column: 0, row: row, limit: frame.columns, style: .bold, in: &frame)
    let room = max(1, frame.columns - start - 1)
    let first = max(0, line.caret - room)
    var column = start
    for (index, character) in (line.characters + [" "]).enumerated().dropFirst(first) {
      column = painter.write(
        String(character), column: column, row: row, limit: frame.columns,
        style: index == line.caret ? .reverse : .plain, in: &frame)
    }
  }
}
