import Canvas
import Foundation
import PseudoTerminal
import Testing
import Volume

@Suite("The viewer on a real terminal")
struct ViewerProcessTests {
  /// The viewer on the reference scan.
  private func open(_ place: Workplace, columns: Int = 100, rows: Int = 30, extra: [String] = []) throws
    -> PseudoTerminal
  {
    try PseudoTerminal(
      PseudoTerminal.builtProduct("canalis"),
      [Case.scan, "--model", Case.checkpoint, "--session", place.path("s.jsonl")] + extra,
      environment: place.environment, columns: columns, rows: rows)
  }

  private func text(_ terminal: PseudoTerminal) -> String { terminal.screen.frame.text }

  /// Waits until the screen shows a text.
  private func shows(_ text: String, _ terminal: PseudoTerminal) -> Bool { shows(anyOf: [text], terminal) }

  /// Waits until the screen shows one of some texts: what was done gives way to the network's answer to it.
  private func shows(anyOf texts: [String], _ terminal: PseudoTerminal) -> Bool {
    func isShown() -> Bool { texts.contains { self.text(terminal).contains($0) } }
    return terminal.wait(seconds: 60) { terminal.ending != nil || isShown() } && isShown()
  }

  /// Places a click at the crosshair and waits for the network's answer to it.
  private func click(_ number: Int, _ terminal: PseudoTerminal) -> Bool {
    terminal.send("\r")
    return terminal.wait(seconds: 60) {
      let screen = self.text(terminal)
      return screen.contains("click \(number) ") && screen.contains("voxel")
    }
  }

  @Test(
    "Clicks of all kinds, undo, redo, quit, reopen, export; replay gives the export's bytes",
    arguments: [(80, 24), (200, 50)])
  func wholeSession(columns: Int, rows: Int) throws {
    let place = try Workplace()
    do {
      let terminal = try open(place, columns: columns, rows: rows)
      #expect(shows("axial", terminal), "\(text(terminal))")
      #expect(shows("for research only", terminal), "\(text(terminal))")
      #expect(shows("voxel", terminal), "\(text(terminal))")
      #expect(click(1, terminal), "\(text(terminal))")
      terminal.send("2\u{1B}[C\u{1B}[C\u{1B}[B")
      #expect(click(2, terminal), "\(text(terminal))")
      terminal.send("3]]")
      #expect(click(3, terminal), "\(text(terminal))")
      terminal.send("u")
      #expect(shows(anyOf: ["undid click 3", "undo of click 3"], terminal), "\(text(terminal))")
      terminal.send("\u{12}")
      #expect(shows(anyOf: ["redid click 3", "redo of click 3"], terminal), "\(text(terminal))")
      terminal.send("q")
      #expect(terminal.waitForEnd() == .exit(0), "\(text(terminal))")
      #expect(!terminal.screen.isAlternate)
      #expect(terminal.modes == terminal.modesBefore)
    }
    let shown = try place.run("session", "show", "s.jsonl", "--json")
    #expect(shown.status == 0, "\(shown.errors)")
    let kinds = ((shown.json["clicks"] as? [[String: Any]]) ?? []).compactMap { $0["kind"] as? String }
    #expect(kinds == ["left", "right", "background"])

    let again = try open(place, columns: columns, rows: rows)
    #expect(shows("voxel", again), "\(text(again))")
    again.send("e")
    #expect(shows("mask.nii.gz", again), "\(text(again))")
    again.send("\u{15}" + place.path("m.nii.gz") + "\r")
    #expect(again.wait(seconds: 30) { place.has("m.json") }, "\(text(again))")
    again.send("q")
    #expect(again.waitForEnd() == .exit(0))
    let replay = try place.run(
      "session", "replay", "s.jsonl", "--output", "r.nii.gz", "--model", Case.checkpoint, "--json", "--quiet")
    #expect(replay.status == 0, "\(replay.errors)")
    #expect(try place.bytes("m.nii.gz") == place.bytes("r.nii.gz"))
    let verified = try place.run("session", "verify", "s.jsonl", "--model", Case.checkpoint)
    #expect(verified.status == 0, "\(verified.output)\(verified.errors)")
    let csv = try place.run("session", "export", "s.jsonl", "--format", "csv")
    #expect(csv.output.split(separator: "\n").count == 4, "\(csv.output)")
    #expect(try place.run("session", "export", "s.jsonl").status == 2)
    #expect(try place.run("session", "export", "s.jsonl", "--drop-negative").status == 0)
  }

  @Test("A click whose mark is not pending survives kill -9")
  func killed() throws {
    let place = try Workplace()
    let terminal = try open(place)
    #expect(shows("axial", terminal), "\(text(terminal))")
    terminal.send("\r")
    #expect(shows("click 1 left", terminal), "\(text(terminal))")
    terminal.settle(milliseconds: 300)
    terminal.signal(SIGKILL)
    _ = terminal.waitForEnd()
    let shown = try place.run("session", "show", "s.jsonl", "--json")
    #expect((shown.json["clicks"] as? [Any])?.count == 1, "\(shown.errors)")
  }

  @Test("A negative click with a two-kind checkpoint is said to act after the network")
  func negative() throws {
    let place = try Workplace()
    let terminal = try open(place, columns: 160)
    #expect(shows("voxel", terminal), "\(text(terminal))")
    terminal.send("3\r")
    #expect(shows("applied after it", terminal), "\(text(terminal))")
    terminal.send("q")
    _ = terminal.waitForEnd()
  }

  @Test("A hang-up and a polite kill give the terminal back", arguments: [SIGTERM, SIGHUP])
  func signalled(number: Int32) throws {
    let place = try Workplace()
    let terminal = try open(place)
    #expect(shows("axial", terminal))
    terminal.signal(number)
    #expect(terminal.waitForEnd() == .exit(128 + number))
    #expect(!terminal.screen.isAlternate)
  }

  @Test("Without a terminal the message names the commands that need none")
  func noTerminal() throws {
    let place = try Workplace()
    let outcome = try place.run(Case.scan)
    #expect(outcome.status == 1)
    #expect(outcome.errors.contains("canalis render"))
    #expect(outcome.errors.contains("canalis segment"))
  }

  @Test("The viewer starts on every colour depth", arguments: ["0", "8", "16", "256", "24bit"])
  func colors(depth: String) throws {
    let place = try Workplace()
    let terminal = try open(place, extra: ["--colors", depth])
    #expect(shows("axial", terminal), "\(text(terminal))")
    terminal.send("q")
    #expect(terminal.waitForEnd() == .exit(0))
  }
}
