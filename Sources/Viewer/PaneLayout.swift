/// Where everything is on a screen of a given size.
struct PaneLayout: Sendable, Equatable {
  /// A plane's place: its title row and the picture under it.
  struct Pane: Sendable, Equatable {
    var plane: Plane
    var title: CellRect
    var picture: CellRect
  }

  /// The smallest screen that is of use.
  static let smallest = (columns: 40, rows: 12)

  /// The panes in reading order; empty when the screen is too small.
  var panes: [Pane] = []
  /// Columns of line between panes.
  var separators: [CellRect] = []
  /// The list of clicks, if shown.
  var panel: CellRect?
  /// The row of place and grey value.
  var statusRow = 0
  /// The row of what runs and what happened, also of prompts.
  var messageRow = 0
  /// The row of keys, if there is room.
  var hintRow: Int?

  /// Lays out a screen.
  ///
  /// - Parameters:
  ///   - columns: The screen's columns.
  ///   - rows: The screen's rows.
  ///   - size: Millimetres of the scan along each patient axis.
  ///   - cellAspect: Height of a cell divided by its width.
  ///   - planes: The planes to show: all, or the one that fills the screen.
  ///   - active: The plane to keep when there is room for one only.
  ///   - showsPanel: Whether the list of clicks is shown.
  ///   - headerRows: Rows at the top that names and warnings take.
  init(
    columns: Int, rows: Int, size: SIMD3<Double>, cellAspect: Double, planes: [Plane], active: Plane, showsPanel: Bool,
    headerRows: Int = 1
  ) {
    guard columns >= Self.smallest.columns, rows >= Self.smallest.rows else { return }
    let hasHints = rows >= 16
    hintRow = hasHints ? rows - 1 : nil
    messageRow = rows - (hasHints ? 2 : 1)
    statusRow = messageRow - 1
    var area = CellRect(column: 0, row: headerRows, columns: columns, rows: statusRow - headerRows)
    if showsPanel {
      // On a narrow screen the list covers the picture's right part: it can be hidden with one key.
      let width = min(max(26, columns / 5), 34)
      panel = CellRect(column: columns - width, row: headerRows, columns: width, rows: area.rows)
      if columns - width >= 40 {
        area.columns -= width + 1
        separators.append(CellRect(column: area.columns, row: headerRows, columns: 1, rows: area.rows))
      }
    }
    let single = Self.split(area, row: [1])
    let candidates: [[CellRect]]
    if planes.count < 3 || area.columns < 48 || area.rows < 14 {
      candidates = [single]
    } else {
      candidates = Self.arrangements(of: area)
    }
    let best = Self.best(candidates, size: size, cellAspect: cellAspect)
    let shown = best.count == 1 ? [planes.count == 1 ? planes[0] : active] : Plane.allCases
    for (plane, rect) in zip(shown, best) {
      panes.append(
        Pane(
          plane: plane, title: CellRect(column: rect.column, row: rect.row, columns: rect.columns, rows: 1),
          picture: CellRect(column: rect.column, row: rect.row + 1, columns: rect.columns, rows: rect.rows - 1)))
      let end = rect.column + rect.columns
      if end < area.columns { separators.append(CellRect(column: end, row: rect.row, columns: 1, rows: rect.rows)) }
    }
  }

  /// The pane whose picture holds a cell.
  func pane(atColumn column: Int, row: Int) -> Pane? {
    panes.first { $0.picture.contains(column: column, row: row) }
  }

  /// Ways to place three panes: side by side, one above the other, one large and two small in several proportions.
  private static func arrangements(of area: CellRect) -> [[CellRect]] {
    var result = [split(area, row: [1, 1, 1])]
    if area.rows >= 24 { result.append(split(area, column: [1, 1, 1])) }
    for share in [0.4, 0.45, 0.5, 0.55, 0.6, 0.65] {
      let sides = split(area, row: [share, 1 - share])
      result.append([sides[0]] + split(sides[1], column: [1, 1]))
    }
    return result
  }

  /// Cuts a rectangle into columns with a line between.
  private static func split(_ area: CellRect, row shares: [Double]) -> [CellRect] {
    cut(area.columns - (shares.count - 1), shares).enumerated().map { index, part in
      CellRect(column: area.column + part.start + index, row: area.row, columns: part.length, rows: area.rows)
    }
  }

  /// Cuts a rectangle into rows.
  private static func split(_ area: CellRect, column shares: [Double]) -> [CellRect] {
    cut(area.rows, shares).map { part in
      CellRect(column: area.column, row: area.row + part.start, columns: area.columns, rows: part.length)
    }
  }

  private static func cut(_ length: Int, _ shares: [Double]) -> [(start: Int, length: Int)] {
    let total = shares.reduce(0, +)
    var sum = 0.0
    var start = 0
    return shares.map { share in
      sum += share
      let end = Int((Double(length) * sum / total).rounded())
      defer { start = end }
      return (start, end - start)
    }
  }

  /// The arrangement in which the three slices, each fitted into its pane, are largest by their geometric mean.
  private static func best(_ candidates: [[CellRect]], size: SIMD3<Double>, cellAspect: Double) -> [CellRect] {
    func score(_ rects: [CellRect]) -> Double {
      zip(Plane.allCases, rects).reduce(0) { sum, item in
        let (plane, rect) = item
        let scale = max(
          size[plane.horizontal] / Double(max(1, rect.columns)),
          size[plane.vertical] / (Double(max(1, rect.rows - 1)) * cellAspect))
        return sum - 2 * log2Approximation(scale)
      }
    }
    var best = candidates[0]
    var bestScore = score(best)
    for candidate in candidates.dropFirst() {
      let value = score(candidate)
      if value > bestScore + 1e-9 { (best, bestScore) = (candidate, value) }
    }
    return best
  }

  private static func log2Approximation(_ value: Double) -> Double {
    // The exponent and the fraction of a double: monotonic, and exact enough to compare areas.
    Double(value.exponent) + value.significand - 1
  }
}
