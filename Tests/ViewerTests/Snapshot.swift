import Canvas
import Foundation
import Testing

/// Frames as text, kept in Tests/Fixtures/viewer; a last line stands for all colours and styles.
enum Snapshot {
  static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .appendingPathComponent("Fixtures/viewer")

  /// Compares a frame with the kept one; with `CANALIS_RECORD_SNAPSHOTS` in the environment it is kept instead.
  static func check(_ frame: Frame, _ name: String, sourceLocation: SourceLocation = #_sourceLocation) throws {
    let url = folder.appendingPathComponent("\(name).txt")
    let text = frame.text + "\ncolours \(String(colorDigest(frame), radix: 16))\n"
    if ProcessInfo.processInfo.environment["CANALIS_RECORD_SNAPSHOTS"] != nil {
      try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
      try text.write(to: url, atomically: true, encoding: .utf8)
    }
    let kept = try String(contentsOf: url, encoding: .utf8)
    guard kept != text else { return }
    let differences = zip(
      kept.split(separator: "\n", omittingEmptySubsequences: false),
      text.split(separator: "\n", omittingEmptySubsequences: false)
    )
    .enumerated().filter { $0.element.0 != $0.element.1 }
    for (row, lines) in differences.prefix(5) { print("row \(row)\n  kept \(lines.0)\n  now  \(lines.1)") }
    Issue.record("\(name) differs from the kept frame in \(differences.count) rows", sourceLocation: sourceLocation)
  }

  /// FNV-1a over the colours and styles of all cells.
  private static func colorDigest(_ frame: Frame) -> UInt64 {
    var digest: UInt64 = 0xCBF2_9CE4_8422_2325
    func add(_ bytes: UInt8...) {
      for byte in bytes { digest = (digest ^ UInt64(byte)) &* 0x100_0000_01B3 }
    }
    for cell in frame.cells {
      for color in [cell.foreground, cell.background] {
        switch color {
        case .standard: add(0)
        case .palette(let index): add(1, index)
        case .rgb(let red, let green, let blue): add(2, red, green, blue)
        }
      }
      add(cell.style.rawValue)
    }
    return digest
  }
}
