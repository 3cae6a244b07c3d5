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
        let upper = grey(column, 2 * row, depth)
        let lower = grey(column, 2 * row + 1, depth)
        frame[column, row] =
          isCrosshair
          ? Cell("▀", foreground: .palette(3), background: color(lower, capabilities))
          : Cell("▀", foreground: color(upper, capabilities), background: color(lower, capabilities))
      }
    }
    frame.write("Probe: slice \(slice)", column: 0, row: 0, foreground: .palette(2), style: .bold)
    frame.write("größe ░▒▓ ─│┌ é", column: 24, row: 0, foreground: .palette(14), style: .underline)
    frame.write("reverse", column: 60, row: 0, style: .reverse)
    frame.write("q quits", column: 0, row: rows - 1, foreground: .rgb(250, 10, 10), background: .palette(17))
    return frame
  }

  /// A smooth shape with noise, 0 to 255.
  private static func grey(_ x: Int, _ y: Int, _ z: Int) -> Int {
    let wave = 128 + (x * 3 + y * 2 + z * 5) % 97 - 48
    var hash = UInt32(truncatingIfNeeded: x &* 73_856_093 ^ y &* 19_349_663 ^ z &* 83_492_791)
    hash = (hash ^ (hash >> 13)) &* 0x5bd1_e995
    let noise = Int((hash >> 16) % 21) - 10
    return min(255, max(0, wave + noise))
  }

  private static func color(_ grey: Int, _ capabilities: DisplayCapabilities) -> CellColor {
    switch capabilities.colors {
    case .trueColor: return .rgb(UInt8(grey), UInt8(grey * 7 % 256), UInt8(grey * 29 % 256))
    case .palette256: return .palette(UInt8(232 + grey * 24 / 256))
    case .sixteen: return .palette([0, 8, 7, 15][grey / 64])
    case .eight: return .palette(grey < 128 ? 0 : 7)
    case .none: return .standard
    }
  }
}
