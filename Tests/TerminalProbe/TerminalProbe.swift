import Canvas
import Foundation
import PseudoTerminal
import Terminal

/// A program for tests of the terminal driver: it shows frames, writes what happens to the file named in `PROBE_LOG`,
/// and obeys letters: see ``obey(_:)``.
///
/// Arguments: a colour depth (`256`), `text` to show words only.
@main
struct TerminalProbe {
  static func main() {
    do {
      try Probe().run()
    } catch {
      FileHandle.standardError.write(Data("\(error)\n".utf8))
      exit(1)
    }
  }
}

/// The state of the program.
final class Probe {
  private let driver: TerminalDriver
  private let log: FileHandle?
  private var slice = 0
  private var cursor: (column: Int, row: Int)?
  private var isRunning = true

  init() throws {
    let environment = ProcessInfo.processInfo.environment
    let wish = CommandLine.arguments.dropFirst().compactMap { DisplayCapabilities.ColorDepth(optionName: $0) }.first
    log = environment["PROBE_LOG"].flatMap { FileHandle(forWritingAtPath: $0) }
    driver = try TerminalDriver(colors: wish)
  }

  func run() {
    let capabilities = driver.capabilities
    note(
      "ready \(driver.columns)x\(driver.rows) \(capabilities.colors.optionName) "
        + "\(capabilities.isUTF8 ? "utf8" : "ascii") \(capabilities.cellAspect)")
    show()
    while isRunning {
      let events = driver.nextEvents(timeout: .seconds(20))
      if events.isEmpty { note("nothing") }
      for event in events {
        note("\(event)")
        switch event {
        case .key(.character(let letter)): obey(letter)
        case .resize: note("aspect \(driver.capabilities.cellAspect)")
        case .terminate(let signal):
          driver.close()
          exit(128 + signal)
        default: break
        }
      }
      show()
    }
    driver.close()
    driver.close()
    print("goodbye")
  }

  /// Does what a letter stands for.
  private func obey(_ letter: Character) {
    switch letter {
    case "q": isRunning = false
    case "n": slice += 1
    case "r": driver.repaint()
    case "c": cursor = (3, 2)
    case "w":
      Thread.detachNewThread {
        Thread.sleep(forTimeInterval: 0.1)
        TerminalDriver.wake()
      }
    case "e": FileHandle.standardError.write(Data("a message on standard error\n".utf8))
    case "x": exit(3)
    case "h":
      note("hanging")
      Thread.sleep(forTimeInterval: 60)
    case "i":
      do { _ = try TerminalDriver() } catch { note("\(error)") }
    case "T":
      let empty: [Int] = []
      note("\(empty[slice])")
    case "O": note("\(overflow(slice))")
    default: break
    }
  }

  /// Uses the stack up.
  private func overflow(_ depth: Int) -> Int {
    withUnsafeTemporaryAllocation(of: Int.self, capacity: 1024) { buffer in
      buffer[0] = depth
      return overflow(depth + 1) + buffer[0]
    }
  }

  private func note(_ text: String) {
    try? log?.write(contentsOf: Data((text + "\n").utf8))
  }

  private func show() {
    let started = ContinuousClock.now
    driver.present(
      TestPicture.frame(columns: driver.columns, rows: driver.rows, slice: slice, capabilities: driver.capabilities),
      cursor: cursor)
    note("presented slice \(slice) in \(started.duration(to: .now))")
  }
}
