/// A whole screen: `columns` x `rows` cells, row by row.
public struct Frame: Sendable, Equatable {
  /// Cells in a row.
  public let columns: Int
  /// Rows of cells.
  public let rows: Int
  /// The cells, row 0 first.
  public private(set) var cells: [Cell]

  /// Creates a blank screen.
  public init(columns: Int, rows: Int) {
    precondition(columns >= 0 && rows >= 0, "a frame's size is not negative")
    self.columns = columns
    self.rows = rows
    cells = Array(repeating: Cell(), count: columns * rows)
  }

  /// One cell; writing outside the frame is ignored, reading there gives a blank.
  public subscript(column: Int, row: Int) -> Cell {
    get {
      guard column >= 0, column < columns, row >= 0, row < rows else { return Cell() }
      return cells[row * columns + column]
    }
    set {
      guard column >= 0, column < columns, row >= 0, row < rows else { return }
      cells[row * columns + column] = newValue
    }
  }

  /// The characters alone, a line for each row, trailing blanks removed.
  public var text: String {
    (0..<rows).map { row in
      var line = String.UnicodeScalarView()
      line.append(contentsOf: cells[row * columns..<(row + 1) * columns].map(\.scalar))
      let text = String(line)
      return String(text.reversed().drop { $0 == " " }.reversed())
    }.joined(separator: "\n")
  }
}
