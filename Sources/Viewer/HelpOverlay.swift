import Canvas

extension ViewerModel {
  /// A line of the list of keys: a heading, or keys and what they do.
  struct HelpLine {
    let keys: String
    let text: String
    let isHeading: Bool
  }

  /// The list of keys: first those of where the clinician came from, then the rest, the mouse and the commands.
  var helpLines: [HelpLine] {
    var contexts: [KeyContext] = [.viewing]
    if case .help(_, isFromPanel: true) = focus { contexts.insert(.panel, at: 0) }
    if job?.isAsking == true { contexts.insert(.question, at: 0) }
    var lines: [HelpLine] = []
    func heading(_ text: String) {
      if !lines.isEmpty { lines.append(HelpLine(keys: "", text: "", isHeading: false)) }
      lines.append(HelpLine(keys: text, text: "", isHeading: true))
    }
    for context in contexts {
      heading(context.title)
      lines += KeyBinding.lines(of: context).map { HelpLine(keys: $0.keys, text: $0.help, isHeading: false) }
    }
    heading("Mouse")
    lines += KeyBinding.mouse.map { HelpLine(keys: $0.action, text: $0.help, isHeading: false) }
    heading("Commands")
    lines += Command.usages.map {
      HelpLine(keys: ":\($0.name) \($0.arguments)", text: $0.help, isHeading: false)
    }
    heading("Marks")
    let signs = [
      ("\u{25CF} \u{25A0} \u{00D7}", "O # X", "a click: left, right, not canal, with its number"),
      ("\u{25CB} \u{25A1}  7~", "o H x  7~", "not on disk yet"), ("7!", "7!", "forced: the model said otherwise there"),
    ]
    lines += signs.map { HelpLine(keys: capabilities.isUTF8 ? $0.0 : $0.1, text: $0.2, isHeading: false) }
    return lines
  }

  /// Where the list is drawn.
  var helpRect: CellRect { helpRect(columns: columns, rows: rows) }

  private func helpRect(columns: Int, rows: Int) -> CellRect {
    let width = min(columns, 92)
    let layout = layout(columns: columns, rows: rows)
    let row = headerRows(columns: columns)
    return CellRect(
      column: (columns - width) / 2, row: row, columns: width, rows: max(0, layout.statusRow - row))
  }

  /// Draws the list of keys over the panes.
  func drawHelp(in frame: inout Frame) {
    guard case .help(let scroll, _) = focus else { return }
    let painter = TextPainter(isUTF8: capabilities.isUTF8)
    let rect = helpRect(columns: frame.columns, rows: frame.rows)
    let limit = rect.column + rect.columns
    painter.clear(rect, in: &frame)
    painter.clear(CellRect(column: rect.column, row: rect.row, columns: rect.columns, rows: 1), style: .bar, in: &frame)
    let lines = helpLines
    let shown = max(0, rect.rows - 1)
    let first = max(0, min(scroll, lines.count - shown))
    let more = first + shown < lines.count ? "  (\(lines.count - first - shown) more lines: Down)" : ""
    painter.write(" Keys\(more)", column: rect.column, row: rect.row, limit: limit, style: .bar, in: &frame)
    let keyWidth = rect.columns >= 60 ? 27 : 17
    for (index, line) in lines.dropFirst(first).prefix(shown).enumerated() {
      let row = rect.row + 1 + index
      let text = painter.shortened(line.keys, columns: keyWidth - 1)
      let column = rect.column + (line.isHeading ? 1 : 2)
      painter.write(text, column: column, row: row, limit: limit, style: .bold, in: &frame)
      painter.write(line.text, column: rect.column + keyWidth + 2, row: row, limit: limit, in: &frame)
    }
  }
}
