import Canvas

/// A small xterm: what a terminal shows after the bytes that it was sent, as a frame.
///
/// It knows what curses sends for `xterm`, `tmux`, `screen`, `linux` and `vt100`; anything else is counted in
/// ``unknown``.
public struct ScreenEmulator {
  /// What is shown.
  public private(set) var frame: Frame
  /// Where the cursor is.
  public private(set) var cursor = (column: 0, row: 0)
  /// Whether the cursor can be seen.
  public private(set) var showsCursor = true
  /// Whether the alternate screen is shown.
  public private(set) var isAlternate = false
  /// The private modes that are on, as `1002` for mouse movement.
  public private(set) var modes: Set<Int> = []
  /// Sequences that were not understood.
  public private(set) var unknown: [String] = []

  private var pen = Cell()
  private var wrapsNext = false
  private var region: ClosedRange<Int>
  private var lastScalar: Unicode.Scalar = " "
  private var pending: [UInt8] = []
  private var primary: Frame?
  private var usesLineDrawing = false

  /// Creates a blank screen.
  public init(columns: Int, rows: Int) {
    frame = Frame(columns: columns, rows: rows)
    region = 0...max(0, rows - 1)
  }

  /// Gives the screen another size; what was shown stays at the top left.
  public mutating func resize(columns: Int, rows: Int) {
    var resized = Frame(columns: columns, rows: rows)
    for row in 0..<min(rows, frame.rows) {
      for column in 0..<min(columns, frame.columns) { resized[column, row] = frame[column, row] }
    }
    frame = resized
    region = 0...max(0, rows - 1)
    move(column: cursor.column, row: cursor.row)
  }

  /// Takes bytes that were sent.
  public mutating func feed(_ bytes: some Sequence<UInt8>) {
    pending += bytes
    var index = 0
    while index < pending.count, let end = step(from: index) { index = end }
    pending.removeFirst(index)
  }

  /// Takes one character or sequence. Returns where it ends, nil if it is not complete.
  private mutating func step(from start: Int) -> Int? {
    let byte = pending[start]
    switch byte {
    case 0x1b: return escape(from: start)
    case 0x08: move(column: cursor.column - 1, row: cursor.row)
    case 0x09: move(column: (cursor.column / 8 + 1) * 8, row: cursor.row)
    case 0x0a: lineFeed()
    case 0x0d: move(column: 0, row: cursor.row)
    case 0x0e: usesLineDrawing = true
    case 0x0f: usesLineDrawing = false
    case 0x00, 0x07: break
    case 0x01..<0x20: unknown.append("control \(byte)")
    case 0x80...:
      let length = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2
      guard start + length <= pending.count else { return nil }
      let text = String(decoding: pending[start..<start + length], as: UTF8.self)
      put(text.unicodeScalars.first ?? "?")
      return start + length
    default: put(Unicode.Scalar(byte))
    }
    return start + 1
  }

  private mutating func put(_ scalar: Unicode.Scalar) {
    if wrapsNext {
      move(column: 0, row: cursor.row)
      lineFeed()
    }
    var cell = pen
    cell.scalar = scalar
    frame[cursor.column, cursor.row] = cell
    lastScalar = scalar
    if cursor.column == frame.columns - 1 { wrapsNext = true } else { cursor.column += 1 }
  }

  private mutating func move(column: Int, row: Int) {
    cursor.column = min(max(column, 0), max(0, frame.columns - 1))
    cursor.row = min(max(row, 0), max(0, frame.rows - 1))
    wrapsNext = false
  }

  private mutating func lineFeed() {
    if cursor.row == region.upperBound {
      scroll(region, by: 1)
    } else {
      move(column: cursor.column, row: cursor.row + 1)
    }
    wrapsNext = false
  }

  /// Moves rows up, or down if the count is negative; blank rows follow.
  private mutating func scroll(_ rows: ClosedRange<Int>, by count: Int) {
    let before = frame
    for row in rows {
      for column in 0..<frame.columns {
        frame[column, row] = rows.contains(row + count) ? before[column, row + count] : blank
      }
    }
  }

  /// What erasing leaves: the colour behind stays.
  private var blank: Cell { Cell(background: pen.background) }

  private mutating func erase(_ columns: Range<Int>, row: Int) {
    frame.fill(columns: columns, rows: row..<row + 1, with: blank)
  }

  private mutating func escape(from start: Int) -> Int? {
    guard start + 1 < pending.count else { return nil }
    switch pending[start + 1] {
    case UInt8(ascii: "["):
      guard let final = pending[(start + 2)...].firstIndex(where: { (0x40...0x7e).contains($0) }) else { return nil }
      control(String(decoding: pending[start + 2..<final], as: UTF8.self), Character(Unicode.Scalar(pending[final])))
      return final + 1
    case UInt8(ascii: "("), UInt8(ascii: ")"):
      guard start + 2 < pending.count else { return nil }
      return start + 3
    case UInt8(ascii: "M"):
      if cursor.row == region.lowerBound { scroll(region, by: -1) } else { cursor.row -= 1 }
    case UInt8(ascii: "="), UInt8(ascii: ">"), UInt8(ascii: "7"), UInt8(ascii: "8"), UInt8(ascii: "c"): break
    default: unknown.append("ESC \(pending[start + 1])")
    }
    return start + 2
  }

  private mutating func control(_ text: String, _ final: Character) {
    if text.hasPrefix("?") || text.hasPrefix(">") || text.hasPrefix("!") || text.hasPrefix("<") {
      setModes(text, final)
      return
    }
    let numbers = text.split(separator: ";", omittingEmptySubsequences: false).map { Int($0) ?? 0 }
    let count = max(1, numbers.first ?? 1)
    switch final {
    case "H", "f": move(column: max(1, numbers.count > 1 ? numbers[1] : 1) - 1, row: count - 1)
    case "A": move(column: cursor.column, row: cursor.row - count)
    case "B": move(column: cursor.column, row: cursor.row + count)
    case "C": move(column: cursor.column + count, row: cursor.row)
    case "D": move(column: cursor.column - count, row: cursor.row)
    case "G": move(column: count - 1, row: cursor.row)
    case "d": move(column: cursor.column, row: count - 1)
    case "J": eraseDisplay(numbers.first ?? 0)
    case "K": eraseLine(numbers.first ?? 0)
    case "X": erase(cursor.column..<min(cursor.column + count, frame.columns), row: cursor.row)
    case "P", "@": shift(by: final == "P" ? count : -count)
    case "L": scroll(cursor.row...max(cursor.row, region.upperBound), by: -count)
    case "M": scroll(cursor.row...max(cursor.row, region.upperBound), by: count)
    case "S": scroll(region, by: count)
    case "T": scroll(region, by: -count)
    case "b": for _ in 0..<count { put(lastScalar) }
    case "m": select(numbers)
    case "r":
      let bottom = numbers.count > 1 && numbers[1] > 0 ? numbers[1] : frame.rows
      region = min(count, bottom) - 1...bottom - 1
      move(column: 0, row: 0)
    case "Z": move(column: (cursor.column - 1) / 8 * 8, row: cursor.row)
    case "h", "l", "t": break
    default: unknown.append("CSI \(text)\(final)")
    }
  }

  private mutating func setModes(_ text: String, _ final: Character) {
    guard text.hasPrefix("?"), final == "h" || final == "l" else { return }
    for mode in text.dropFirst().split(separator: ";").compactMap({ Int($0) }) {
      if final == "h" { modes.insert(mode) } else { modes.remove(mode) }
      switch mode {
      case 25: showsCursor = final == "h"
      case 1049, 47, 1047:
        if final == "h", !isAlternate {
          primary = frame
          frame = Frame(columns: frame.columns, rows: frame.rows)
        } else if final == "l", isAlternate, let before = primary {
          frame = before
        }
        isAlternate = final == "h"
      default: break
      }
    }
  }

  private mutating func eraseDisplay(_ part: Int) {
    switch part {
    case 0:
      erase(cursor.column..<frame.columns, row: cursor.row)
      for row in cursor.row + 1..<max(cursor.row + 1, frame.rows) { erase(0..<frame.columns, row: row) }
    case 1:
      erase(0..<cursor.column + 1, row: cursor.row)
      for row in 0..<cursor.row { erase(0..<frame.columns, row: row) }
    case 2: for row in 0..<frame.rows { erase(0..<frame.columns, row: row) }
    default: break
    }
  }

  private mutating func eraseLine(_ part: Int) {
    switch part {
    case 0: erase(cursor.column..<frame.columns, row: cursor.row)
    case 1: erase(0..<cursor.column + 1, row: cursor.row)
    default: erase(0..<frame.columns, row: cursor.row)
    }
  }

  /// Deletes characters at the cursor, or makes room for them if the count is negative.
  private mutating func shift(by count: Int) {
    let before = frame
    for column in cursor.column..<frame.columns {
      let source = column + count
      let isKept = source >= cursor.column && source < frame.columns
      frame[column, cursor.row] = isKept ? before[source, cursor.row] : blank
    }
  }

  private mutating func select(_ numbers: [Int]) {
    var rest = ArraySlice(numbers.isEmpty ? [0] : numbers)
    while let number = rest.popFirst() {
      switch number {
      case 0: pen = Cell()
      case 1: pen.style.insert(.bold)
      case 2: pen.style.insert(.dim)
      case 4: pen.style.insert(.underline)
      case 7: pen.style.insert(.reverse)
      case 3, 5, 10, 11: break
      case 22: pen.style.subtract([.bold, .dim])
      case 23: break
      case 24: pen.style.remove(.underline)
      case 27: pen.style.remove(.reverse)
      case 30...37: pen.foreground = .palette(UInt8(number - 30))
      case 39: pen.foreground = .standard
      case 40...47: pen.background = .palette(UInt8(number - 40))
      case 49: pen.background = .standard
      case 90...97: pen.foreground = .palette(UInt8(number - 82))
      case 100...107: pen.background = .palette(UInt8(number - 92))
      case 38, 48:
        guard let color = color(&rest) else { return }
        if number == 38 { pen.foreground = color } else { pen.background = color }
      default: unknown.append("SGR \(number)")
      }
    }
  }

  private mutating func color(_ rest: inout ArraySlice<Int>) -> CellColor? {
    let values = Array(rest)
    if values.count >= 2, values[0] == 5, let index = UInt8(exactly: values[1]) {
      rest = rest.dropFirst(2)
      return .palette(index)
    }
    if values.count >= 4, values[0] == 2, let red = UInt8(exactly: values[1]), let green = UInt8(exactly: values[2]),
      let blue = UInt8(exactly: values[3])
    {
      rest = rest.dropFirst(4)
      return .rgb(red, green, blue)
    }
    unknown.append("SGR 38 \(values)")
    return nil
  }
}
