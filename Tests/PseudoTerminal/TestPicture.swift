import Canvas

/// Pictures whose every cell a test can compute: what a viewer's frame is like, four panes of grey half blocks with
/// noise, lines of text and marks.
public enum TestPicture {
  /// A frame.
  ///
  /// The first pane, a quarter of the screen, changes everywhere with the slice; of the others one row and one column
  /// do, as crosshairs.
  public static func frame(
    columns: Int, rows: Int, slice: Int, capabilities: DisplayCapabilities
  ) -> Frame {
    var frame = Frame(columns: columns, rows: rows)
    let middle = (column: columns / 2, row: rows / 2)
    for row in 1..<max(1, rows - 1) {
      for column in 0..<columns {
        let isFirstPane = column < middle.column && row < middle.row
        let isCrosshair = !isFirstPane && (row == middle.row + slice % 5 || column == middle.column + slice % 7)
        let depth = isFirstPane ? slice : 0
        let upper = color(column, 2 * row, depth, capabilities)
        let lower = color(column, 2 * row + 1, depth, capabilities)
        frame[column, row] =
          isCrosshair
          ? Cell("▀", foreground: .palette(3), background: lower)
          : Cell("▀", foreground: upper, background: lower)
      }
    }
    frame.write("Probe: slice \(slice)", column: 0, row: 0, foreground: .palette(2), style: .bold)
    frame.write("größe ░▒▓ ─│┌ é", column: 24, row: 0, foreground: .palette(14), style: .underline)
    frame.write("reverse", column: 60, row: 0, style: .reverse)
    frame.write("q quits", column: 0, row: rows - 1, foreground: .rgb(250, 10, 10), background: .palette(17))
    return frame
  }

  /// A smooth shape with noise: greys, and with 24 bits hues of which no two are alike.
  private static func color(_ x: Int, _ y: Int, _ z: Int, _ capabilities: DisplayCapabilities) -> CellColor {
    let wave = 128 + (x * 3 + y * 2 + z * 5) % 97 - 48
    var hash = UInt32(truncatingIfNeeded: x &* 73_856_093 ^ y &* 19_349_663 ^ z &* 83_492_791)
    hash = (hash ^ (hash >> 13)) &* 0x5bd1_e995
    let grey = min(255, max(0, wave + Int((hash >> 16) % 21) - 10))
    switch capabilities.colors {
    case .trueColor: return .rgb(UInt8(grey), UInt8(hash >> 24), UInt8(hash >> 16 & 0xff))
    case .palette256: return .palette(UInt8(232 + grey * 24 / 256))
    case .sixteen: return .palette([0, 8, 7, 15][grey / 64])
    case .eight: return .palette(grey < 128 ? 0 : 7)
    case .none: return .standard
    }
  }
}
