import Foundation

/// Progress on standard error: a bar with the time left on a terminal, a plain line for each tenth elsewhere, nothing
/// when quiet.
final class ProgressPrinter {
  private let isQuiet: Bool
  private let isTerminal: Bool
  private let start = ContinuousClock.now
  private var lastPrinted = ContinuousClock.now
  private var lastTenth = -1
  private var hasLine = false

  /// Creates a printer.
  ///
  /// - Parameter isQuiet: Whether to print nothing.
  init(isQuiet: Bool) {
    self.isQuiet = isQuiet
    isTerminal = isatty(2) == 1 && ProcessInfo.processInfo.environment["TERM"] != "dumb"
  }

  /// Shows how far the work is.
  ///
  /// - Parameters:
  ///   - stage: What runs now.
  ///   - fraction: The share of the work done, 0 to 1.
  func show(stage: String, fraction: Double) {
    guard !isQuiet else { return }
    let now = ContinuousClock.now
    if isTerminal {
      guard now - lastPrinted > .milliseconds(100) || fraction >= 1 else { return }
      lastPrinted = now
      let filled = Int((min(max(fraction, 0), 1) * 24).rounded(.down))
      let bar = String(repeating: "#", count: filled) + String(repeating: ".", count: 24 - filled)
      let elapsed = Double((now - start).components.seconds) + Double((now - start).components.attoseconds) * 1e-18
      let left = fraction > 0.02 ? ", \(Self.duration(elapsed / fraction - elapsed)) left" : ""
      write("\r\u{1B}[K[\(bar)] \(Int(fraction * 100)) % \(stage)\(left)")
      hasLine = true
    } else {
      let tenth = Int(fraction * 10)
      guard tenth > lastTenth else { return }
      lastTenth = tenth
      write("\(Int(fraction * 100)) % \(stage)\n")
    }
  }

  /// Prints a line of its own.
  func note(_ text: String) {
    guard !isQuiet else { return }
    clear()
    write(text + "\n")
  }

  /// Removes the bar.
  func clear() {
    guard hasLine else { return }
    write("\r\u{1B}[K")
    hasLine = false
  }

  /// A duration in the largest unit that says enough; below zero it is none, and not a number is unknown.
  static func duration(_ seconds: Double) -> String {
    if !seconds.isFinite { return "an unknown time" }
    if seconds < 0.0995 { return "\(Int((max(0, seconds) * 1000).rounded())) ms" }
    if seconds < 10 { return String(format: "%.1f s", seconds) }
    if seconds < 90 { return "\(Int(seconds.rounded())) s" }
    if seconds < 5400 { return "\(Int((seconds / 60).rounded())) min" }
    return String(format: "%.1f h", seconds / 3600)
  }

  private func write(_ text: String) {
    StandardError.put(text)
  }
}
