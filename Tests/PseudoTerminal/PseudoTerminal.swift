import CPseudoTerminal
import Foundation

/// A program that runs on a terminal of its own: the test presses its keys, reads what it writes, and sees its screen.
public final class PseudoTerminal {
  /// How a program ended.
  public enum Ending: Equatable, Sendable {
    case exit(Int32)
    case signal(Int32)
  }

  /// Why a program could not be started.
  public struct StartError: Error {}

  /// Everything that the program has written.
  public private(set) var output: [UInt8] = []
  /// What a terminal would show.
  public private(set) var screen: ScreenEmulator
  /// How the program ended; nil while it runs.
  public private(set) var ending: Ending?
  /// The terminal's modes before the program began.
  public private(set) var modesBefore: [UInt8] = []
  private var terminal = pseudo_terminal()

  /// Where a product of this package lies that was built with the tests.
  public static func builtProduct(_ name: String) -> String {
    URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent()
      .appendingPathComponent(name).path
  }

  /// The program's process.
  public var process: Int32 { terminal.process }

  /// Starts a program.
  ///
  /// - Parameters:
  ///   - path: The program.
  ///   - arguments: What follows its name.
  ///   - environment: All of its variables.
  ///   - columns: Cells in a row.
  ///   - rows: Rows of cells.
  /// - Throws: `StartError` if the system refuses.
  public init(
    _ path: String, _ arguments: [String] = [], environment: [String: String], columns: Int = 80, rows: Int = 24
  ) throws {
    screen = ScreenEmulator(columns: columns, rows: rows)
    let words = ([path] + arguments).map { strdup($0) } + [nil]
    let variables = environment.map { strdup("\($0.key)=\($0.value)") } + [nil]
    defer { (words + variables).forEach { free($0) } }
    guard pseudo_terminal_open(&terminal, Int32(columns), Int32(rows)) else { throw StartError() }
    modesBefore = modes
    guard pseudo_terminal_start(&terminal, path, words, variables) else { throw StartError() }
  }

  deinit {
    if ending == nil && terminal.process > 0 {
      kill(terminal.process, SIGKILL)
      var status: Int32 = 0
      waitpid(terminal.process, &status, 0)
    }
    pseudo_terminal_close(&terminal)
  }

  /// The terminal's modes, to compare.
  public var modes: [UInt8] {
    var bytes = [UInt8](repeating: 0, count: 256)
    let count = pseudo_terminal_modes(&terminal, &bytes, bytes.count)
    return Array(bytes.prefix(count))
  }

  /// Sends keys.
  public func send(_ keys: String) {
    let bytes = Array(keys.utf8)
    _ = pseudo_terminal_write(&terminal, bytes, bytes.count)
  }

  /// Sends a signal to the program.
  public func signal(_ number: Int32) { kill(terminal.process, number) }

  /// Takes the terminal away, as when a connection drops.
  public func hangUp() {
    pseudo_terminal_close(&terminal)
    terminal.master = -1
    terminal.terminal = -1
  }

  /// Gives the terminal another size.
  public func resize(columns: Int, rows: Int, pixelWidth: Int = 0, pixelHeight: Int = 0) {
    screen.resize(columns: columns, rows: rows)
    _ = pseudo_terminal_resize(&terminal, Int32(columns), Int32(rows), Int32(pixelWidth), Int32(pixelHeight))
  }

  /// Reads what the program writes until a condition holds. Returns whether it held before the time was over.
  public func wait(seconds: Double = 10, until condition: () -> Bool) -> Bool {
    let end = Date(timeIntervalSinceNow: seconds)
    while !condition() {
      guard Date() < end else { return false }
      read(milliseconds: 10)
    }
    return true
  }

  /// Reads what the program writes until it has ended. Returns how, or nil if it did not in time.
  public func waitForEnd(seconds: Double = 10) -> Ending? {
    _ = wait(seconds: seconds) { self.ending != nil }
    // What it wrote last.
    while read(milliseconds: 0) {}
    return ending
  }

  /// Waits until the program has ended without taking what it writes, as a terminal does that hangs.
  public func waitForEndUnread(seconds: Double) -> Ending? {
    let end = Date(timeIntervalSinceNow: seconds)
    while ending == nil, Date() < end {
      noteEnd()
      usleep(10_000)
    }
    return ending
  }

  /// Reads until the program has been silent for some time.
  public func settle(milliseconds: Int32 = 40) {
    while read(milliseconds: milliseconds) {}
  }

  @discardableResult
  private func read(milliseconds: Int32) -> Bool {
    var bytes = [UInt8](repeating: 0, count: 65536)
    // Without a terminal only time passes.
    if terminal.master < 0 { usleep(UInt32(milliseconds) * 1000) }
    let count = terminal.master < 0 ? 0 : pseudo_terminal_read(&terminal, &bytes, bytes.count, milliseconds)
    if count > 0 {
      output += bytes.prefix(count)
      screen.feed(bytes.prefix(count))
    }
    noteEnd()
    return count > 0
  }

  private func noteEnd() {
    var status: Int32 = 0
    if ending == nil, pseudo_terminal_has_ended(&terminal, &status) {
      let number = status & 0x7f
      ending = number == 0 ? .exit(status >> 8 & 0xff) : .signal(number)
    }
  }
}
