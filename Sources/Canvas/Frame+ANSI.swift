extension Frame {
  /// The frame as a terminal with these capabilities would have it: colours reduced to what there is, and without UTF-8
  /// characters replaced by those of ASCII that are most like them.
  public func reduced(to capabilities: DisplayCapabilities) -> Frame {
    var frame = self
    for row in 0..<rows {
      for column in 0..<columns {
        var cell = self[column, row]
        cell.foreground = cell.foreground.reduced(to: capabilities.colors)
        cell.background = cell.background.reduced(to: capabilities.colors)
        if cell.scalar.columnWidth != 1 {
          cell.scalar = "?"
        } else if !capabilities.isUTF8 {
          cell.scalar = cell.scalar.asciiFallback
        }
        frame[column, row] = cell
      }
    }
    return frame
  }

  /// The frame as text with escape sequences, to be shown with `cat`.
  ///
  /// A line for each row, without the blanks at its end; each line ends in the terminal's default colours. Only changes
  /// of colour and style are written.
  ///
  /// - Parameter capabilities: What the terminal can show.
  /// - Returns: Lines that end with a line feed.
  public func ansi(capabilities: DisplayCapabilities = DisplayCapabilities()) -> String {
    let frame = reduced(to: capabilities)
    var text = ""
    for row in 0..<rows {
      let cells = frame.cells[row * columns..<(row + 1) * columns]
      let end = (cells.lastIndex { !$0.isInvisible } ?? cells.startIndex - 1) + 1
      var pen = Cell()
      for cell in cells[..<end] {
        text += cell.selection(changing: &pen)
        text.unicodeScalars.append(cell.scalar)
      }
      if !pen.hasDefaultLook { text += "\u{1b}[0m" }
      text += "\n"
    }
    return text
  }
}

extension Cell {
  /// Whether a cell shows nothing on the terminal's default background.
  fileprivate var isInvisible: Bool {
    scalar == " " && background == .standard && style.isDisjoint(with: [.reverse, .underline])
  }

  /// Whether a cell has the default colours and no style.
  fileprivate var hasDefaultLook: Bool { foreground == .standard && background == .standard && style.isEmpty }

  /// The sequence that changes the pen's colours and style to this cell's.
  fileprivate func selection(changing pen: inout Cell) -> String {
    var wanted = self
    // A blank's foreground cannot be seen: the pen keeps its own.
    if scalar == " ", style.isDisjoint(with: [.reverse, .underline]) { wanted.foreground = pen.foreground }
    let before = pen
    if wanted.foreground == before.foreground, wanted.background == before.background, wanted.style == before.style {
      return ""
    }
    if hasDefaultLook {
      pen = Cell()
      return "\u{1b}[0m"
    }
    pen = wanted
    var codes: [String] = []
    var previous = before
    if !before.style.isSubset(of: style) {
      codes.append("0")
      previous = Cell()
    }
    let added = style.subtracting(previous.style)
    if added.contains(.bold) { codes.append("1") }
    if added.contains(.dim) { codes.append("2") }
    if added.contains(.underline) { codes.append("4") }
    if added.contains(.reverse) { codes.append("7") }
    if wanted.foreground != previous.foreground { codes.append(Self.code(wanted.foreground, base: 30)) }
    if background != previous.background { codes.append(Self.code(background, base: 40)) }
    return "\u{1b}[\(codes.joined(separator: ";"))m"
  }

  /// The code that selects a colour; the base is 30 for characters and 40 for what is behind them.
  private static func code(_ color: CellColor, base: Int) -> String {
    switch color {
    case .standard: return "\(base + 9)"
    case .palette(let index) where index < 8: return "\(base + Int(index))"
    case .palette(let index) where index < 16: return "\(base + 52 + Int(index))"
    case .palette(let index): return "\(base + 8);5;\(index)"
    case .rgb(let red, let green, let blue): return "\(base + 8);2;\(red);\(green);\(blue)"
    }
  }
}
