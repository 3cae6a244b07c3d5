/// A key of the keyboard.
public enum Key: Sendable, Hashable {
  /// A printable character.
  case character(Character)
  /// A letter with Control held, lower case.
  case control(Character)
  /// A printable character with Alt held.
  case alternate(Character)
  /// A function key, 1 to 12.
  case function(Int)
  case enter, escape, tab, backTab, backspace, delete, insert
  case up, down, left, right, home, end, pageUp, pageDown
}

/// A mouse event in cell coordinates, column and row 0 at the top left.
public struct Mouse: Sendable, Hashable {
  /// What happened.
  public enum Action: Sendable, Hashable {
    case press, drag, release, wheelUp, wheelDown
  }
  /// Which button; meaningless for the wheel.
  public enum Button: Sendable, Hashable {
    case left, middle, right
  }
  /// What happened.
  public var action: Action
  /// Which button.
  public var button: Button
  /// The cell's column.
  public var column: Int
  /// The cell's row.
  public var row: Int
  /// Whether Shift, Alt or Control was held.
  public var hasModifier: Bool

  /// Creates an event.
  public init(_ action: Action, button: Button = .left, column: Int, row: Int, hasModifier: Bool = false) {
    self.action = action
    self.button = button
    self.column = column
    self.row = row
    self.hasModifier = hasModifier
  }
}

/// What a terminal can show.
public struct DisplayCapabilities: Sendable, Hashable {
  /// The colours that cells may use.
  public enum ColorDepth: Int, Sendable, Hashable, CaseIterable, Comparable {
    case none = 0
    case eight = 8
    case sixteen = 16
    case palette256 = 256
    case trueColor = 16_777_216

    /// Orders by number of colours.
    public static func < (left: ColorDepth, right: ColorDepth) -> Bool { left.rawValue < right.rawValue }
  }
  /// The colours that cells may use.
  public var colors: ColorDepth
  /// Whether block elements and other non-ASCII characters can be shown.
  public var isUTF8: Bool
  /// Height of a cell divided by its width; 2 when unknown.
  public var cellAspect: Double

  /// Creates a description.
  public init(colors: ColorDepth = .palette256, isUTF8: Bool = true, cellAspect: Double = 2) {
    self.colors = colors
    self.isUTF8 = isUTF8
    self.cellAspect = cellAspect
  }
}
