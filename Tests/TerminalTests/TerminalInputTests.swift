import PseudoTerminal
import Testing

@Suite("Keys and mouse on a real terminal", .serialized)
struct TerminalInputTests {
  /// What a terminal sends for a key, and the key.
  struct SentKey: Sendable, CustomTestStringConvertible {
    let bytes: String
    let name: String
    var testDescription: String { "\(bytes.debugDescription) is \(name)" }

    init(_ bytes: String, _ name: String) {
      self.bytes = bytes
      self.name = name
    }
  }

  static let sentKeys: [SentKey] = [
    SentKey("a", "character(\"a\")"), SentKey("é", "character(\"é\")"), SentKey("漢", "character(\"漢\")"),
    SentKey("\r", "enter"), SentKey("\n", "enter"), SentKey("\t", "tab"), SentKey("\u{1b}[Z", "backTab"),
    SentKey("\u{7f}", "backspace"), SentKey("\u{1b}OA", "up"), SentKey("\u{1b}[A", "up"), SentKey("\u{1b}OB", "down"),
    SentKey("\u{1b}OC", "right"), SentKey("\u{1b}OD", "left"), SentKey("\u{1b}[1;5C", "right"),
    SentKey("\u{1b}[1;2A", "up"), SentKey("\u{1b}[5~", "pageUp"), SentKey("\u{1b}[6~", "pageDown"),
    SentKey("\u{1b}[H", "home"), SentKey("\u{1b}OH", "home"), SentKey("\u{1b}[1~", "home"),
    SentKey("\u{1b}[F", "end"), SentKey("\u{1b}[4~", "end"), SentKey("\u{1b}[2~", "insert"),
    SentKey("\u{1b}[3~", "delete"), SentKey("\u{1b}OP", "function(1)"), SentKey("\u{1b}[15~", "function(5)"),
    SentKey("\u{1b}[24~", "function(12)"), SentKey("\u{3}", "control(\"c\")"), SentKey("\u{12}", "control(\"r\")"),
    SentKey("\u{13}", "control(\"s\")"), SentKey("\u{0f}", "control(\"o\")"), SentKey("\u{1b}z", "alternate(\"z\")"),
    SentKey("\u{1b}", "escape"),
  ]

  @Test("Keys arrive as they are called", arguments: sentKeys)
  func keys(key: SentKey) throws {
    #expect(try Self.shared.events(after: key.bytes) == ["key(Key.\(key.name))"])
  }

  /// One probe for all keys: each is read by itself.
  private static let shared: KeyReader = KeyReader()

  /// Starts the probe on first use; the suite runs its tests one after the other.
  private final class KeyReader: @unchecked Sendable {
    private var run: ProbeRun?

    func events(after bytes: String) throws -> [String] {
      let run = try run ?? ProbeRun()
      self.run = run
      return run.events(after: bytes)
    }
  }

  @Test("Escape followed by other keys later is Escape, and the rest is read as it is")
  func escapeThenKeys() throws {
    let run = try ProbeRun()
    #expect(run.events(after: "\u{1b}") == ["key(Key.escape)"])
    #expect(run.events(after: "ab", count: 2) == ["key(Key.character(\"a\"))", "key(Key.character(\"b\"))"])
    #expect(
      run.events(after: "\u{1b}\u{1b}OA", count: 2) == ["key(Key.escape)", "key(Key.up)"],
      "Alt with an arrow, as some terminals send it")
  }

  @Test("Sequences that nobody knows, cut or endless, do not become keys")
  func unknownSequences() throws {
    let run = try ProbeRun()
    #expect(run.events(after: "\u{1b}[99;88;77yv") == ["key(Key.character(\"v\"))"])
    #expect(run.events(after: "\u{1b}[I\u{1b}[Ov") == ["key(Key.character(\"v\"))"], "focus in and out")
    let endless = "\u{1b}[" + String(repeating: "1;", count: 200) + "\u{1b}OA"
    #expect(run.events(after: endless).last == "key(Key.up)")
  }

  @Test("The mouse is pressed, dragged and released with each button, and the wheel turns")
  func mouse() throws {
    let run = try ProbeRun(columns: 300, rows: 60)
    #expect(run.terminal.screen.modes.isSuperset(of: [1000, 1002, 1006]))
    func mouse(_ action: String, _ button: String, _ column: Int, _ row: Int, _ modifier: Bool = false) -> String {
      "mouse(Mouse(action: Mouse.Action.\(action), button: Mouse.Button.\(button), "
        + "column: \(column), row: \(row), hasModifier: \(modifier)))"
    }
    #expect(run.events(after: "\u{1b}[<0;13;7M") == [mouse("press", "left", 12, 6)])
    #expect(run.events(after: "\u{1b}[<32;14;7M") == [mouse("drag", "left", 13, 6)])
    #expect(run.events(after: "\u{1b}[<0;14;7m") == [mouse("release", "left", 13, 6)])
    #expect(run.events(after: "\u{1b}[<1;1;1M") == [mouse("press", "middle", 0, 0)])
    #expect(run.events(after: "\u{1b}[<2;280;59M") == [mouse("press", "right", 279, 58)])
    #expect(run.events(after: "\u{1b}[<38;280;60M") == [mouse("drag", "right", 279, 59, true)])
    #expect(run.events(after: "\u{1b}[<64;5;5M") == [mouse("wheelUp", "left", 4, 4)])
    #expect(run.events(after: "\u{1b}[<81;5;5M") == [mouse("wheelDown", "left", 4, 4, true)])
    // Movement that came while the program was busy is one event; it ends where the mouse is.
    let quick = (1...50).map { "\u{1b}[<32;\($0);5M" }.joined() + "\u{1b}[<0;50;5m"
    let events = run.events(after: quick, count: 2)
    #expect(events.last == mouse("release", "left", 49, 4))
    #expect(events.dropLast().last == mouse("drag", "left", 49, 4))
    // The report of terminals that know nothing better.
    #expect(run.events(after: "\u{1b}[M !!") == [mouse("press", "left", 0, 0)])
    #expect(run.events(after: "\u{1b}[M#!!") == [mouse("release", "left", 0, 0)])
  }

  @Test("Nonsense instead of a mouse report does nothing, and the keys after it count")
  func brokenMouseReports() throws {
    let run = try ProbeRun()
    for bytes in [
      "\u{1b}[<;;M", "\u{1b}[<0;0;0M", "\u{1b}[<0;1M", "\u{1b}[<99999999999999999999;1;1M", "\u{1b}[<0;1;1;1M",
    ] {
      #expect(run.events(after: bytes + "v") == ["key(Key.character(\"v\"))"], "after \(bytes)")
    }
  }

  @Test("A report that arrives in two pieces is one event")
  func splitReport() throws {
    let run = try ProbeRun()
    run.terminal.send("\u{1b}[<0;1")
    run.terminal.settle(milliseconds: 100)
    #expect(run.events(after: "0;5Mv").filter { $0 != "nothing" }.first?.contains("column: 9, row: 4") == true)
  }

  @Test("Another thread ends the wait")
  func wake() throws {
    let run = try ProbeRun()
    run.terminal.send("w")
    #expect(run.waitFor("nothing", seconds: 3))
  }

  @Test("A terminal type without arrow keys in its description has them all the same", arguments: ["vt100", "linux"])
  func commonKeys(type: String) throws {
    let run = try ProbeRun(type: type)
    #expect(run.events(after: "\u{1b}[A\u{1b}[5~", count: 2) == ["key(Key.up)", "key(Key.pageUp)"])
  }

  @Test("Pasted text is one event; Escape, Ctrl-C and other keys end a paste whose end never comes")
  func paste() throws {
    let run = try ProbeRun()
    let pasted = run.events(after: "\u{1b}[200~uq 1\r\u{1b}[201~v", count: 2)
    #expect(pasted == ["paste(\"uq 1\\r\")", "key(Key.character(\"v\"))"])
    #expect(run.events(after: "\u{1b}[200~abc\u{1b}", count: 1) == ["key(Key.escape)"])
    #expect(run.events(after: "\u{1b}[200~abc\u{3}", count: 1) == ["key(Key.control(\"c\"))"])
    #expect(run.events(after: "\u{1b}[200~abc\u{1b}[A", count: 1) == ["key(Key.up)"])
    #expect(run.events(after: "\u{1b}[201~v", count: 1) == ["key(Key.character(\"v\"))"])
  }
}
