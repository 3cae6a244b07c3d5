import Canvas
import Foundation
import PseudoTerminal
import Testing

@testable import Terminal

@Suite("Frames on a real terminal", .serialized)
struct TerminalDisplayTests {
  /// A terminal and what it should come to.
  struct Terminal: Sendable, CustomTestStringConvertible {
    var type: String
    var variables: [String: String] = [:]
    var arguments: [String] = []
    var colors: DisplayCapabilities.ColorDepth
    var isUTF8 = true
    var hasDefaultColors = true
    var testDescription: String { "\(type) \(variables) \(arguments) -> \(colors)" }
  }

  static let terminals: [Terminal] = [
    Terminal(type: "xterm-256color", colors: .palette256),
    Terminal(type: "tmux-256color", colors: .palette256),
    Terminal(type: "screen", colors: .eight, hasDefaultColors: false),
    Terminal(type: "xterm", colors: .eight, hasDefaultColors: false),
    Terminal(type: "linux", colors: .eight, hasDefaultColors: false),
    Terminal(type: "vt100", colors: .none),
    Terminal(type: "xterm-256color", variables: ["COLORTERM": "truecolor"], colors: .trueColor),
    Terminal(type: "tmux-256color", variables: ["COLORTERM": "24bit"], colors: .trueColor),
    Terminal(type: "xterm-256color", variables: ["NO_COLOR": "1"], colors: .none),
    Terminal(type: "xterm-256color", variables: ["NO_COLOR": "1", "COLORTERM": "truecolor"], colors: .none),
    Terminal(type: "xterm-256color", variables: ["NO_COLOR": "1"], arguments: ["256"], colors: .palette256),
    Terminal(type: "xterm-256color", arguments: ["24bit"], colors: .trueColor),
    Terminal(type: "xterm-256color", arguments: ["0"], colors: .none),
    Terminal(type: "xterm-256color", arguments: ["8"], colors: .eight),
    Terminal(type: "xterm-256color", arguments: ["16"], colors: .sixteen),
    Terminal(type: "xterm", arguments: ["16"], colors: .sixteen, hasDefaultColors: false),
    Terminal(type: "xterm", arguments: ["256"], colors: .palette256),
    Terminal(type: "vt100", arguments: ["8"], colors: .eight, hasDefaultColors: false),
    Terminal(type: "xterm-256color", variables: ["LANG": "C"], colors: .palette256, isUTF8: false),
    Terminal(type: "xterm-256color", variables: ["LANG": ""], colors: .palette256, isUTF8: false),
    Terminal(type: "xterm-256color", variables: ["LANG": "xx_YY.UTF-8"], colors: .palette256),
  ]

  @Test("The screen shows the frame, cell by cell, and the next one", arguments: terminals)
  func frames(terminal: Terminal) throws {
    let run = try ProbeRun(type: terminal.type, arguments: terminal.arguments, variables: terminal.variables)
    #expect(
      run.ready == "ready 80x24 \(terminal.colors.optionName) \(terminal.isUTF8 ? "utf8" : "ascii") 2.0")
    for slice in 0..<3 {
      let meant = run.picture(slice: slice, colors: terminal.colors, isUTF8: terminal.isUTF8)
      let differences = run.terminal.screen.frame.differences(
        from: meant, colors: terminal.colors, hasDefaultColors: terminal.hasDefaultColors, isUTF8: terminal.isUTF8,
        hasUnderline: terminal.type != "linux")
      #expect(differences.count == 0, "slice \(slice): \(differences.prefix(3))")
      run.terminal.send("n")
      #expect(run.waitFor("presented slice \(slice + 1)"))
      run.terminal.settle()
    }
    #expect(run.terminal.screen.unknown == [])
    run.terminal.send("q")
    #expect(run.terminal.waitForEnd() == .exit(0))
    #expect(run.damage == [])
  }

  @Test("A step of one slice at 200x50 in 256 colours travels in at most 60 kB; without a change nothing travels")
  func bytes() throws {
    let run = try ProbeRun(columns: 200, rows: 50)
    let whole = run.terminal.output.count
    var largest = 0
    for slice in 1...5 {
      let before = run.terminal.output.count
      run.terminal.send("n")
      #expect(run.waitFor("presented slice \(slice)"))
      run.terminal.settle()
      largest = max(largest, run.terminal.output.count - before)
    }
    print("bytes at 200x50, 256 colours: whole frame \(whole), largest step \(largest)")
    #expect(largest <= 60_000)
    let before = run.terminal.output.count
    _ = run.events(after: "y")
    #expect(run.terminal.output.count - before <= 16)
  }

  @Test("More pairs of colours than curses can hold are shown all the same")
  func manyPairs() throws {
    let run = try ProbeRun(type: "xterm", arguments: ["24bit"], columns: 400, rows: 200)
    let clears = run.clearCount
    for slice in 1...14 {
      run.terminal.send("n")
      #expect(run.waitFor("presented slice \(slice)"))
    }
    run.terminal.settle()
    #expect(run.clearCount > clears, "the pairs were used up and the screen was drawn whole")
    let meant = run.picture(slice: 14, colors: .trueColor)
    #expect(run.terminal.screen.frame.differences(from: meant, colors: .trueColor).count == 0)
  }

  @Test("A new size is reported with the cells' proportions, and the next frame fills it")
  func resize() throws {
    let run = try ProbeRun()
    run.terminal.resize(columns: 120, rows: 40, pixelWidth: 120 * 9, pixelHeight: 40 * 20)
    #expect(run.waitFor("resize(columns: 120, rows: 40)"))
    #expect(run.waitFor("aspect 2.22"))
    run.terminal.settle()
    #expect(
      run.terminal.screen.frame.differences(from: run.picture(slice: 0, colors: .palette256), colors: .palette256).count
        == 0)
    for columns in [30, 200, 1, 61] {
      run.terminal.resize(columns: columns, rows: columns / 3 + 1)
    }
    #expect(run.waitFor("resize(columns: 61, rows: 21)"))
    run.terminal.settle()
    #expect(
      run.terminal.screen.frame.differences(from: run.picture(slice: 0, colors: .palette256), colors: .palette256).count
        == 0)
    run.terminal.send("q")
    #expect(run.terminal.waitForEnd() == .exit(0))
    #expect(run.damage == [])
  }

  @Test("The cursor is shown where the frame wants it")
  func cursor() throws {
    let run = try ProbeRun()
    _ = run.events(after: "c")
    #expect(run.terminal.screen.showsCursor)
    #expect(run.terminal.screen.cursor == (3, 2))
    _ = run.events(after: "n")
    #expect(run.terminal.screen.cursor == (3, 2))
  }

  @Test(
    "A terminal that cannot do it gets a message that names what can be done, and nothing else",
    arguments: ["dumb", "no-such-terminal", ""])
  func unusable(type: String) throws {
    let run = try ProbeRun(type: type)
    #expect(run.terminal.waitForEnd() == .exit(1))
    #expect(run.outputText.contains("canalis segment"))
    #expect(!run.outputText.contains("\u{1b}"))
    #expect(run.damage == [])
  }

  @Test("Without the compiler of descriptions, 24-bit colour becomes 256")
  func noCompiler() throws {
    let run = try ProbeRun(variables: ["COLORTERM": "truecolor", "PATH": "/nonexistent"])
    #expect(run.ready.contains(" 256 "))
  }

  @Test("Two programs that make the same description at once both get it")
  func concurrentDescriptions() throws {
    let cache = FileManager.default.temporaryDirectory.appendingPathComponent("cache-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: cache) }
    let found = Collected()
    DispatchQueue.concurrentPerform(iterations: 8) { _ in
      let description = PrivateTerminfo.find(
        type: "xterm-256color", depth: .trueColor,
        environment: ["PATH": "/usr/bin:/bin", "XDG_CACHE_HOME": cache.path])
      found.add(description?.name)
    }
    #expect(found.names == Array(repeating: "canalis1-24bit-xterm-256color", count: 8))
    let left = try FileManager.default.contentsOfDirectory(
      atPath: cache.appendingPathComponent("canalis/terminfo").path)
    #expect(left == ["canalis1-24bit-xterm-256color"])
  }

  /// Names from several threads.
  private final class Collected: @unchecked Sendable {
    private let lock = NSLock()
    private var collected: [String?] = []
    var names: [String?] { lock.withLock { collected } }
    func add(_ name: String?) { lock.withLock { collected.append(name) } }
  }
}

@Suite("Which colours to use")
struct ColorChoiceTests {
  @Test("The option outweighs NO_COLOR, NO_COLOR outweighs COLORTERM, an empty NO_COLOR is none")
  func order() {
    func depth(
      _ wish: DisplayCapabilities.ColorDepth?, _ environment: [String: String], _ described: Int = 256
    ) -> DisplayCapabilities.ColorDepth {
      ColorChoice(wish: wish, environment: environment, described: described).depth
    }
    #expect(depth(nil, [:]) == .palette256)
    #expect(depth(nil, ["NO_COLOR": ""]) == .palette256)
    #expect(depth(nil, ["NO_COLOR": "0"]) == .none)
    #expect(depth(nil, ["NO_COLOR": "1", "COLORTERM": "truecolor"]) == .none)
    #expect(depth(.sixteen, ["NO_COLOR": "1", "COLORTERM": "truecolor"]) == .sixteen)
    #expect(depth(nil, ["COLORTERM": "24bit"]) == .trueColor)
    #expect(depth(nil, ["COLORTERM": "rxvt"]) == .palette256)
    #expect(depth(nil, ["COLORTERM": "truecolor"], 0) == .none)
    #expect(depth(nil, [:], 88) == .sixteen)
    #expect(depth(nil, [:], 1 << 24) == .trueColor)
  }

  @Test("A terminal type that is no name makes no description", arguments: ["", "../x", "a|b", "a,b", "-x", "a b"])
  func names(type: String) {
    #expect(PrivateTerminfo.source(type: type, depth: .trueColor) == nil)
  }
}
