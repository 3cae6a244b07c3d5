extension Frame {
  /// Writes one line of text; what does not fit is cut off.
  ///
  /// Control characters are written out, wide characters become `?`, so one character is always one column.
  ///
  /// - Parameters:
  ///   - text: The text.
  ///   - column: Where it begins; what lies left of column 0 is cut off.
  ///   - row: The row.
  ///   - foreground: The colour of the characters.
  ///   - background: The colour behind them; nil keeps what each cell has.
  ///   - style: How they are drawn.
  ///   - end: The column before which the text must end; the frame's width if it is nil.
  /// - Returns: The column after the last character, had nothing been cut off.
  @discardableResult
  public mutating func write(
    _ text: String, column: Int, row: Int, foreground: CellColor = .standard, background: CellColor? = .standard,
    style: CellStyle = [], before end: Int? = nil
  ) -> Int {
    var position = column
    let limit = min(end ?? columns, columns)
    for scalar in text.cellScalars {
      if position >= 0, position < limit {
        self[position, row] = Cell(
          scalar, foreground: foreground, background: background ?? self[position, row].background, style: style)
      }
      position += 1
    }
    return position
  }

  /// Sets every cell of a rectangle; what lies outside the frame is ignored.
  public mutating func fill(columns: Range<Int>, rows: Range<Int>, with cell: Cell = Cell()) {
    for row in rows.clamped(to: 0..<self.rows) {
      for column in columns.clamped(to: 0..<self.columns) { self[column, row] = cell }
    }
  }
}
