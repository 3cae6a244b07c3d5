/// A colour of a cell, in one of the spaces that terminals have.
public enum CellColor: Sendable, Hashable {
  /// The terminal's own default.
  case standard
  /// An entry of the terminal's palette: 0-7, 0-15 or 0-255 by what the terminal has.
  case palette(UInt8)
  /// A 24-bit colour.
  case rgb(UInt8, UInt8, UInt8)
}

/// How a cell's character is drawn.
public struct CellStyle: OptionSet, Sendable, Hashable {
  /// The bits.
  public let rawValue: UInt8
  /// Creates a style from its bits.
  public init(rawValue: UInt8) { self.rawValue = rawValue }
  /// Bold or bright.
  public static let bold = CellStyle(rawValue: 1)
  /// Foreground and background exchanged.
  public static let reverse = CellStyle(rawValue: 2)
  /// Underlined.
  public static let underline = CellStyle(rawValue: 4)
  /// Dimmed.
  public static let dim = CellStyle(rawValue: 8)
}

/// One character position of a screen.
public struct Cell: Sendable, Hashable {
  /// The character; one column wide.
  public var scalar: Unicode.Scalar
  /// The colour of the character.
  public var foreground: CellColor
  /// The colour behind it.
  public var background: CellColor
  /// How it is drawn.
  public var style: CellStyle

  /// Creates a cell.
  public init(
    _ scalar: Unicode.Scalar = " ", foreground: CellColor = .standard, background: CellColor = .standard,
    style: CellStyle = []
  ) {
    self.scalar = scalar
    self.foreground = foreground
    self.background = background
    self.style = style
  }
}
