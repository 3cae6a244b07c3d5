import Canvas

/// How a piece of text is drawn.
struct TextStyle: Sendable, Hashable {
  var foreground: CellColor = .standard
  var background: CellColor = .standard
  var style: CellStyle = []

  static let plain = TextStyle()
  static let bold = TextStyle(style: .bold)
  static let dim = TextStyle(style: .dim)
  static let reverse = TextStyle(style: .reverse)
  static let bar = TextStyle(style: [.reverse, .bold])
}

/// Colours of text, by what the terminal has; without colour, weight says it.
struct Theme: Sendable {
  let colors: DisplayCapabilities.ColorDepth

  /// What must not be overlooked.
  var warning: TextStyle { styled(rgb: (255, 200, 0), palette256: 220, palette16: 11, palette8: 3) }
  /// What went wrong.
  var alarm: TextStyle {
    switch colors {
    case .none: .bar
    case .eight: TextStyle(foreground: .palette(7), background: .palette(1), style: .bold)
    case .sixteen: TextStyle(foreground: .palette(15), background: .palette(1), style: .bold)
    case .palette256: TextStyle(foreground: .palette(231), background: .palette(124), style: .bold)
    case .trueColor: TextStyle(foreground: .rgb(255, 255, 255), background: .rgb(175, 0, 0), style: .bold)
    }
  }
  /// Directions at the edges of a pane.
  var edge: TextStyle { styled(rgb: (255, 255, 120), palette256: 228, palette16: 11, palette8: 3, onBlack: true) }
  /// The arms of the crosshair where it is drawn with characters.
  var crosshair: TextStyle { styled(rgb: (200, 230, 0), palette256: 148, palette16: 10, palette8: 2) }

  /// The mark of a click.
  func mark(_ kind: MarkColor) -> TextStyle {
    switch kind {
    case .left: styled(rgb: (110, 190, 255), palette256: 117, palette16: 12, palette8: 6, onBlack: true)
    case .right: styled(rgb: (255, 175, 60), palette256: 215, palette16: 11, palette8: 3, onBlack: true)
    case .background: styled(rgb: (255, 110, 110), palette256: 210, palette16: 9, palette8: 1, onBlack: true)
    }
  }

  /// Which colour a mark has.
  enum MarkColor: Sendable { case left, right, background }

  private func styled(
    rgb: (UInt8, UInt8, UInt8), palette256: UInt8, palette16: UInt8, palette8: UInt8, onBlack: Bool = false
  ) -> TextStyle {
    switch colors {
    case .none: TextStyle(style: onBlack ? [.bold, .reverse] : .bold)
    case .eight:
      TextStyle(foreground: .palette(palette8), background: onBlack ? .palette(0) : .standard, style: .bold)
    case .sixteen:
      TextStyle(foreground: .palette(palette16), background: onBlack ? .palette(0) : .standard, style: .bold)
    case .palette256:
      TextStyle(foreground: .palette(palette256), background: onBlack ? .palette(16) : .standard, style: .bold)
    case .trueColor:
      TextStyle(
        foreground: .rgb(rgb.0, rgb.1, rgb.2), background: onBlack ? .rgb(0, 0, 0) : .standard, style: .bold)
    }
  }
}

/// Writes text into a frame, one column for each character, cut where there is no more room.
struct TextPainter {
  let isUTF8: Bool

  /// Writes a text and returns the column after it.
  @discardableResult
  func write(
    _ text: String, column: Int, row: Int, limit: Int, style: TextStyle = .plain, in frame: inout Frame
  ) -> Int {
    var column = column
    for scalar in scalars(text) {
      guard column < limit else { return column }
      frame[column, row] = Cell(scalar, foreground: style.foreground, background: style.background, style: style.style)
      column += 1
    }
    return column
  }

  /// Fills a rectangle with blanks.
  func clear(_ rect: CellRect, style: TextStyle = .plain, in frame: inout Frame) {
    frame.fill(
      columns: rect.column..<rect.column + max(0, rect.columns), rows: rect.row..<rect.row + max(0, rect.rows),
      with: Cell(" ", foreground: style.foreground, background: style.background, style: style.style))
  }

  /// Cuts a text in its middle so that it fits into some columns.
  ///
  /// - Parameters:
  ///   - text: The text.
  ///   - columns: The most columns that it may take.
  ///   - isPath: Whether its end tells most, as a path's does; otherwise both ends stay.
  /// - Returns: The text, or its beginning and end with an ellipsis between.
  func shortened(_ text: String, columns: Int, isPath: Bool = false) -> String {
    let scalars = scalars(text)
    guard scalars.count > columns else { return text }
    let gap: [Unicode.Scalar] = isUTF8 ? ["\u{2026}"] : [".", "."]
    guard columns > gap.count + 1 else { return string(Array(scalars.prefix(max(0, columns)))) }
    let kept = columns - gap.count
    let ending = isPath ? kept - kept / 4 : kept / 2
    return string(Array(scalars.prefix(kept - ending)) + gap + Array(scalars.suffix(ending)))
  }

  /// How many columns a text takes.
  func width(_ text: String) -> Int { scalars(text).count }

  /// The characters that cells hold, one column each.
  private func scalars(_ text: String) -> [Unicode.Scalar] {
    // Most texts are ASCII and need no table.
    if text.utf8.allSatisfy({ (0x20...0x7E).contains($0) }) { return Array(text.unicodeScalars) }
    return isUTF8 ? text.cellScalars : text.cellScalars.map(\.asciiFallback)
  }

  private func string(_ scalars: [Unicode.Scalar]) -> String {
    var view = String.UnicodeScalarView()
    view.append(contentsOf: scalars)
    return String(view)
  }
}
