import Canvas
import Foundation
import PseudoTerminal

/// The probe on a terminal, with the file in which it says what happened.
final class ProbeRun {
  let terminal: PseudoTerminal
  private let folder: URL
  private let log: URL

  /// Starts the probe and waits until it has shown its first frame.
  ///
  /// - Parameters:
  ///   - type: The terminal type.
  ///   - arguments: The probe's arguments.
  ///   - variables: More variables, over the ordinary ones.
  ///   - columns: Cells in a row.
  ///   - rows: Rows of cells.
  ///   - shell: A script for `sh` in which `$0` is the probe; nil starts the probe itself.
  /// - Throws: If the program or its files cannot be made.
  init(
    type: String = "xterm-256color", arguments: [String] = [], variables: [String: String] = [:], columns: Int = 80,
    rows: Int = 24, shell: String? = nil
  ) throws {
    folder = FileManager.default.temporaryDirectory.appendingPathComponent("probe-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    log = folder.appendingPathComponent("log")
    try Data().write(to: log)
    var environment = [
      "TERM": type, "LANG": "C.UTF-8", "PATH": "/usr/bin:/bin", "PROBE_LOG": log.path, "XDG_CACHE_HOME": folder.path,
      "SWIFT_BACKTRACE": "enable=no",
    ]
    environment.merge(variables) { $1 }
    let probe = PseudoTerminal.builtProduct("TerminalProbe")
    terminal = try PseudoTerminal(
      shell == nil ? probe : "/bin/sh", shell.map { ["-c", $0, probe] + arguments } ?? arguments,
      environment: environment.filter { !$0.value.isEmpty }, columns: columns, rows: rows)
    _ = terminal.wait { self.terminal.ending != nil || self.hasNoted("presented") }
    terminal.settle(milliseconds: 30)
  }

  deinit { try? FileManager.default.removeItem(at: folder) }

  /// What the probe has written to its file.
  var notes: [String] {
    ((try? String(contentsOf: log, encoding: .utf8)) ?? "").split(separator: "\n").map(String.init)
  }

  /// What the terminal could show, as the probe saw it: size, colours, characters, aspect.
  var ready: String { notes.first { $0.hasPrefix("ready") } ?? "" }

  /// Whether a line with this text has been written.
  func hasNoted(_ text: String) -> Bool { notes.contains { $0.contains(text) } }

  /// Waits for a line with this text.
  func waitFor(_ text: String, seconds: Double = 10) -> Bool {
    terminal.wait(seconds: seconds) { self.hasNoted(text) }
  }

  /// Sends keys and returns the events that the probe reports.
  func events(after keys: String, count: Int = 1) -> [String] {
    let before = notes.count
    func fresh() -> [String] { notes.dropFirst(before).filter { !$0.hasPrefix("presented") } }
    terminal.send(keys)
    _ = terminal.wait(seconds: 5) { fresh().count >= count }
    terminal.settle(milliseconds: 15)
    return fresh().map { $0.replacingOccurrences(of: "Canvas.", with: "") }
  }

  /// What the probe shows of a slice.
  func picture(slice: Int, colors: DisplayCapabilities.ColorDepth, isUTF8: Bool = true) -> Frame {
    TestPicture.frame(
      columns: terminal.screen.frame.columns, rows: terminal.screen.frame.rows, slice: slice,
      capabilities: DisplayCapabilities(colors: colors, isUTF8: isUTF8))
  }

  /// What is wrong with the terminal after the program, nothing if it is as before.
  var damage: [String] {
    var damage: [String] = []
    if terminal.modes != terminal.modesBefore { damage.append("terminal modes differ") }
    if terminal.screen.isAlternate { damage.append("alternate screen is still on") }
    if !terminal.screen.showsCursor { damage.append("cursor is hidden") }
    let left = terminal.screen.modes.intersection([1000, 1002, 1003, 1006, 1, 1049])
    if !left.isEmpty { damage.append("modes are still on: \(left.sorted())") }
    return damage
  }

  /// How often the screen was cleared.
  var clearCount: Int { outputText.components(separatedBy: "\u{1b}[2J").count - 1 }

  /// What the terminal was sent, as text.
  var outputText: String { String(decoding: terminal.output, as: UTF8.self) }
}

extension Frame {
  /// How many cells look different from another frame's, and the first of them.
  ///
  /// - Parameters:
  ///   - other: The frame that was meant.
  ///   - colors: The colours that the terminal has.
  ///   - hasDefaultColors: Without, the default colours are 7 on 0.
  ///   - isUTF8: Without, characters outside ASCII are replaced.
  ///   - hasUnderline: Whether the terminal underlines coloured text.
  /// - Returns: A line for each cell that differs.
  func differences(
    from other: Frame, colors: DisplayCapabilities.ColorDepth, hasDefaultColors: Bool = true, isUTF8: Bool = true,
    hasUnderline: Bool = true
  ) -> [String] {
    guard columns == other.columns, rows == other.rows else { return ["sizes differ"] }
    var found: [String] = []
    for (index, (seen, meant)) in zip(cells, other.cells).enumerated() {
      let first = Look(seen, colors, hasDefaultColors, isUTF8)
      var second = Look(meant, colors, hasDefaultColors, isUTF8)
      if !hasUnderline { second.style.remove(.underline) }
      if first != second { found.append("\(index % columns),\(index / columns): \(first) instead of \(second)") }
    }
    return found
  }

  /// What the eye sees of a cell: half blocks are two colours, blanks one.
  private struct Look: Equatable {
    var scalar: Unicode.Scalar
    var upper: CellColor
    var lower: CellColor
    var style: CellStyle

    init(_ cell: Cell, _ colors: DisplayCapabilities.ColorDepth, _ hasDefaultColors: Bool, _ isUTF8: Bool) {
      scalar = isUTF8 ? cell.scalar : cell.scalar.asciiFallback
      upper = Look.color(cell.foreground.reduced(to: colors), colors, hasDefaultColors ? .standard : .palette(7))
      lower = Look.color(cell.background.reduced(to: colors), colors, hasDefaultColors ? .standard : .palette(0))
      style = cell.style
      if scalar == " ", !style.contains(.reverse) { upper = lower }
      if scalar == "▄" || scalar == "_" && !isUTF8 {
        swap(&upper, &lower)
        scalar = isUTF8 ? "▀" : "\""
      }
    }

    private static func color(
      _ color: CellColor, _ colors: DisplayCapabilities.ColorDepth, _ standard: CellColor
    ) -> CellColor {
      switch color {
      case .standard: return standard
      case .palette(let index) where colors == .trueColor && index >= 16:
        let color = Palette.rgb(index)
        return .rgb(color.red, color.green, color.blue)
      // In the 24-bit description the sixteen darkest blues are the palette.
      case .rgb(0, 0, let blue) where blue < 16: return .rgb(1, 1, max(1, blue))
      default: return color
      }
    }
  }
}
