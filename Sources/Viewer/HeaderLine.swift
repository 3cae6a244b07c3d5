import Canvas
import Volume

extension ViewerModel {
  /// Columns that the names get before the warnings move to rows of their own.
  private static let leastNameColumns = 20

  /// What must always be known, never left out: in what way the picture or the model cannot be trusted.
  private var standingWarnings: [(text: String, style: TextStyle)] {
    let theme = Theme(colors: capabilities.colors)
    var warnings: [(text: String, style: TextStyle)] = []
    if !scan.geometry.isOrientationKnown { warnings.append(("orientation unknown: taken as LPS", theme.alarm)) }
    if !failedStores.isEmpty { warnings.append(("\(failedStores.count) NOT SAVED", theme.alarm)) }
    if isReadOnly { warnings.append(("read-only", theme.alarm)) }
    if let line = network?.honestyLine { warnings.append((DisplayText.escaped(line), theme.warning)) }
    return warnings
  }

  /// The warnings by rows: all in the first beside the names where there is room, else below them.
  private func warningRows(columns: Int) -> [[(text: String, style: TextStyle)]] {
    let painter = TextPainter(isUTF8: capabilities.isUTF8)
    let warnings = standingWarnings
    let length = warnings.reduce(0) { $0 + painter.width($1.text) + 2 }
    if length + Self.leastNameColumns <= columns { return [warnings] }
    var rows: [[(text: String, style: TextStyle)]] = [[], []]
    var used = 0
    for warning in warnings {
      let width = painter.width(warning.text)
      if used > 0, used + 2 + width > columns {
        rows.append([])
        used = 0
      }
      rows[rows.count - 1].append(warning)
      used += width + (used > 0 ? 2 : 0)
    }
    return rows
  }

  /// How many rows the names and warnings take.
  func headerRows(columns: Int) -> Int { warningRows(columns: columns).count }

  /// Draws the names of the scan and the model, and what must always be known.
  func drawHeader(in frame: inout Frame) {
    let painter = TextPainter(isUTF8: capabilities.isUTF8)
    let width = frame.columns
    let rows = warningRows(columns: width)
    let model = network.map { "model \(DisplayText.escaped($0.name))" } ?? "no model"
    let room = width - rows[0].reduce(0) { $0 + painter.width($1.text) + 2 }
    // The scan's name goes before the model's: the wrong patient is the worse mistake.
    let beside = room - painter.width(model) - 2
    let isModelShown = beside >= min(painter.width(scan.name), Self.leastNameColumns)
    let name = painter.shortened(scan.name, columns: isModelShown ? beside : room, isPath: true)
    var column = painter.write(name, column: 0, row: 0, limit: width, style: .bold, in: &frame)
    if isModelShown { column = painter.write(model, column: column + 2, row: 0, limit: width, in: &frame) }
    for (row, warnings) in rows.enumerated() {
      var column = row == 0 ? column + 2 : 0
      for warning in warnings {
        let text = painter.shortened(warning.text, columns: width)
        column = painter.write(text, column: column, row: row, limit: width, style: warning.style, in: &frame) + 2
      }
    }
  }
}
