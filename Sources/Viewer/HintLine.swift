import Canvas

/// A key in the row of keys.
struct Hint {
  let binding: KeyBinding
  let text: String
  let columns: Range<Int>
}

extension ViewerModel {
  /// The keys of where the clinician is, as many as fit; the last of a context, help and quit, come first of all.
  func hints(columns: Int) -> [Hint] {
    let painter = TextPainter(isUTF8: capabilities.isUTF8)
    let contexts = keyContexts
    var bindings: [KeyBinding] = []
    for context in contexts { bindings += KeyBinding.lines(of: context).filter { $0.hint != nil } }
    var result: [Hint] = []
    var column = 0
    for binding in Self.byImportance(bindings) {
      let text = "\(binding.keys.split(separator: " ").prefix(3).joined(separator: " ")) \(binding.hint ?? "")"
      let width = painter.width(text)
      guard column + width <= columns else { continue }
      result.append(Hint(binding: binding, text: text, columns: column..<column + width))
      column += width + 2
    }
    return result
  }

  /// Help and quit first: who finds these finds all.
  private static func byImportance(_ bindings: [KeyBinding]) -> [KeyBinding] {
    let isFirst: (KeyBinding) -> Bool = { $0.context == .viewing && ["?", "q"].contains($0.keys) }
    let others = bindings.filter { !isFirst($0) }
    let local = others.filter { $0.context != .viewing }
    return local + bindings.filter(isFirst) + others.filter { $0.context == .viewing }
  }

  /// Draws the row of keys; while a command is typed, what it could become.
  func drawHints(_ layout: PaneLayout, in frame: inout Frame) {
    guard let row = layout.hintRow else { return }
    let painter = TextPainter(isUTF8: capabilities.isUTF8)
    var limit = frame.columns
    if case .commandLine(let line) = focus {
      let text = commandHelp(line.text)
      let column = max(0, frame.columns - painter.width(text))
      painter.write(text, column: column, row: row, limit: frame.columns, style: .dim, in: &frame)
      limit = column - 2
    }
    for hint in hints(columns: limit) {
      let keys = hint.text.dropLast(hint.binding.hint?.count ?? 0)
      let column = painter.write(
        String(keys), column: hint.columns.lowerBound, row: row, limit: limit, style: .bold, in: &frame)
      painter.write(hint.binding.hint ?? "", column: column, row: row, limit: limit, style: .dim, in: &frame)
    }
  }

  private func commandHelp(_ line: String) -> String {
    let found = Command.candidates(line)
    let name = line.split(separator: " ").first.map(String.init) ?? ""
    if let usage = Command.usages.first(where: { $0.name == name }) {
      return ":\(usage.name) \(usage.arguments)  \(usage.help)"
    }
    return found.joined(separator: " ")
  }
}
