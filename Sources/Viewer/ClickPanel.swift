import Canvas
import Session

extension ViewerModel {
  /// The first click that the list shows, so that the selected one is seen.
  private func firstListed(rows: Int) -> Int {
    let shown = max(1, rows - 1)
    let clicks = history.clicks
    guard let index = clicks.firstIndex(where: { $0.id == selectedClick }) else { return max(0, clicks.count - shown) }
    return max(0, min(clicks.count - shown, index - shown / 2))
  }

  /// The number of the click in a row of the list, whose first row is the heading.
  func panelClick(atRow row: Int, rows: Int) -> Int? {
    let index = firstListed(rows: rows) + row - 1
    return row >= 1 && history.clicks.indices.contains(index) ? history.clicks[index].id : nil
  }

  /// Draws the list of clicks.
  func drawPanel(_ rect: CellRect, in frame: inout Frame) {
    let painter = TextPainter(isUTF8: capabilities.isUTF8)
    let limit = rect.column + rect.columns
    painter.clear(rect, in: &frame)
    let hasFocus = focus == .panel
    let heading = CellRect(column: rect.column, row: rect.row, columns: rect.columns, rows: 1)
    let headingStyle: TextStyle = hasFocus ? .bar : .dim
    painter.clear(heading, style: headingStyle, in: &frame)
    let clicks = history.clicks
    painter.write(
      " clicks: \(clicks.count)", column: rect.column, row: rect.row, limit: limit, style: headingStyle, in: &frame)
    if clicks.isEmpty {
      painter.write(" none yet", column: rect.column, row: rect.row + 1, limit: limit, style: .dim, in: &frame)
    }
    let pending = pendingClicks
    let first = firstListed(rows: rect.rows)
    for (index, click) in clicks.dropFirst(first).prefix(max(0, rect.rows - 1)).enumerated() {
      let row = rect.row + 1 + index
      let isSelected = click.id == selectedClick
      let base: TextStyle = isSelected ? .reverse : .plain
      painter.clear(CellRect(column: rect.column, row: row, columns: rect.columns, rows: 1), style: base, in: &frame)
      let mark = mark(of: click, pending: pending)
      painter.write(mark.text, column: rect.column + 1, row: row, limit: limit, style: mark.style, in: &frame)
      let voxel = click.voxel
      let place = "\(voxel.axis0) \(voxel.axis1) \(voxel.axis2)"
      painter.write(
        click.kind.displayName, column: rect.column + 8, row: row, limit: limit - painter.width(place) - 1, style: base,
        in: &frame)
      painter.write(
        place, column: max(rect.column + 8, limit - painter.width(place) - 1), row: row, limit: limit, style: base,
        in: &frame)
    }
  }
}
