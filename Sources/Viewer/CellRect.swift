/// A rectangle of cells.
struct CellRect: Sendable, Hashable {
  var column: Int
  var row: Int
  var columns: Int
  var rows: Int

  /// Whether a cell lies inside.
  func contains(column: Int, row: Int) -> Bool {
    column >= self.column && column < self.column + columns && row >= self.row && row < self.row + rows
  }

  /// The nearest cell inside; the rectangle must not be empty.
  func clamped(column: Int, row: Int) -> (column: Int, row: Int) {
    (
      max(self.column, min(self.column + columns - 1, column)),
      max(self.row, min(self.row + rows - 1, row))
    )
  }
}
