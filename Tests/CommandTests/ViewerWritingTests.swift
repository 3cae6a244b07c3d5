import Foundation
import PseudoTerminal
import Testing

@Suite("What the viewer writes, when something is in the way", .serialized)
struct ViewerWritingTests {
  private func open(_ place: Workplace, columns: Int = 100, rows: Int = 30) throws -> PseudoTerminal {
    let terminal = try PseudoTerminal(
      PseudoTerminal.builtProduct("canalis"),
      [Case.scan, "--model", Case.checkpoint, "--session", place.path("s.jsonl")],
      environment: place.environment, columns: columns, rows: rows)
    #expect(shows("voxel", terminal))
    return terminal
  }

  /// Waits until the screen shows a text.
  private func shows(_ text: String, _ terminal: PseudoTerminal) -> Bool {
    func isShown() -> Bool { terminal.screen.frame.text.contains(text) }
    return terminal.wait(seconds: 60) { terminal.ending != nil || isShown() } && isShown()
  }

  private func clicks(_ place: Workplace) throws -> [Int] {
    let shown = try place.run("session", "show", "s.jsonl", "--json")
    return ((shown.json["clicks"] as? [[String: Any]]) ?? []).compactMap { $0["id"] as? Int }
  }

  /// Lets files of a process grow to so many bytes and no further; `nil` lifts the limit.
  private func limitFiles(of terminal: PseudoTerminal, bytes: Int?, _ place: Workplace) throws {
    let limit = bytes.map { "\($0):" } ?? "unlimited:"
    #expect(try place.shell("prlimit --pid \(terminal.process) --fsize=\(limit)") == 0)
  }

  /// The exported mask has the bytes of the session's replay.
  private func expectReplayed(_ place: Workplace) throws {
    let replay = try place.run(
      "session", "replay", "s.jsonl", "--output", "r.nii.gz", "--model", Case.checkpoint, "--quiet")
    #expect(replay.status == 0, "\(replay.errors)")
    #expect(try place.bytes("m.nii.gz") == place.bytes("r.nii.gz"))
  }

  @Test("A mask is exported again to the same name after y, and the file then has the newer clicks")
  func exportTwice() throws {
    let place = try Workplace()
    let terminal = try open(place, columns: 200)
    terminal.send("e\u{15}" + place.path("m.nii.gz") + "\r")
    #expect(shows("wrote", terminal), "\(terminal.screen.frame.text)")
    let first = try place.bytes("m.json")
    terminal.send("\r")
    #expect(shows("+", terminal) && shows("click 1 left:", terminal), "\(terminal.screen.frame.text)")
    terminal.send("e\u{15}" + place.path("m.nii.gz") + "\r")
    #expect(shows("m.nii.gz or its .json exists", terminal), "\(terminal.screen.frame.text)")
    terminal.send("y")
    #expect(shows("wrote", terminal), "\(terminal.screen.frame.text)")
    #expect(try place.bytes("m.json") != first)
    terminal.send("q")
    #expect(terminal.waitForEnd() == .exit(0))
    try expectReplayed(place)
  }

  @Test("A mask is there when q follows at once")
  func exportAndQuit() throws {
    let place = try Workplace()
    let terminal = try open(place)
    terminal.send("e\u{15}" + place.path("m.nii.gz") + "\rq")
    #expect(terminal.waitForEnd() == .exit(0))
    #expect(place.has("m.nii.gz") && place.has("m.json"))
    #expect(
      try FileManager.default.contentsOfDirectory(atPath: place.folder.path).allSatisfy { !$0.hasSuffix("partial") })
  }

  @Test("A click that is taken back while its answer is on the way leaves no trace in what is exported")
  func exportAfterUndo() throws {
    let place = try Workplace()
    let terminal = try open(place, columns: 400, rows: 100)
    // The click's frame does not fit into what the terminal takes unread: the answer comes while it is written, and the
    // key is read before it.
    terminal.send("\r\u{0C}")
    Thread.sleep(forTimeInterval: 3)
    terminal.send("u")
    terminal.settle(milliseconds: 500)
    terminal.send("e\u{15}" + place.path("m.nii.gz") + "\r")
    #expect(terminal.wait(seconds: 30) { place.has("m.nii.gz") }, "\(terminal.screen.frame.text)")
    terminal.send("q")
    #expect(terminal.waitForEnd() == .exit(0))
    let report = try #require(
      try JSONSerialization.jsonObject(with: place.bytes("m.json")) as? [String: Any])
    #expect((report["clicks"] as? [Any])?.isEmpty == true)
    try expectReplayed(place)
  }

  @Test("A damaged session is gone on with when that is asked for, and the damaged file is kept")
  func recover() throws {
    let place = try Workplace()
    let terminal = try open(place, columns: 160)
    for number in 1...2 {
      terminal.send("\r")
      #expect(shows("click \(number) left:", terminal), "\(terminal.screen.frame.text)")
    }
    terminal.send("q")
    #expect(terminal.waitForEnd() == .exit(0))
    let text = String(decoding: try place.bytes("s.jsonl"), as: UTF8.self)
    try text.replacingOccurrences(of: "\"id\":1", with: "\"id\":3").write(
      toFile: place.path("s.jsonl"), atomically: false, encoding: .utf8)
    func reopened(_ extra: [String]) throws -> PseudoTerminal {
      try PseudoTerminal(
        PseudoTerminal.builtProduct("canalis"),
        ["open", Case.scan, "--model", Case.checkpoint, "--session", place.path("s.jsonl")] + extra,
        environment: place.environment, columns: 160, rows: 30)
    }
    let refused = try reopened([])
    #expect(refused.waitForEnd() == .exit(2))
    #expect(String(decoding: refused.output, as: UTF8.self).contains("--recover"))
    let again = try reopened(["--recover"])
    #expect(shows("voxel", again), "\(again.screen.frame.text)")
    again.send("\r")
    #expect(shows("click 1 left:", again), "\(again.screen.frame.text)")
    again.send("q")
    #expect(again.waitForEnd() == .exit(0))
    #expect(try clicks(place) == [1])
    #expect(place.has("s.jsonl.damaged-1"))
  }

  @Test("What the disk refused is written when there is room again, in order")
  func fullDisk() throws {
    let place = try Workplace()
    let terminal = try open(place, columns: 160)
    terminal.send("\r")
    #expect(shows("click 1 left:", terminal), "\(terminal.screen.frame.text)")
    try limitFiles(of: terminal, bytes: place.bytes("s.jsonl").count, place)
    terminal.send("\u{1B}[C\r")
    #expect(shows("1 NOT SAVED", terminal), "\(terminal.screen.frame.text)")
    terminal.send("u")
    #expect(shows("2 NOT SAVED", terminal), "\(terminal.screen.frame.text)")
    #expect(try clicks(place) == [1])
    try limitFiles(of: terminal, bytes: nil, place)
    #expect(terminal.wait(seconds: 20) { !terminal.screen.frame.text.contains("NOT SAVED") })
    terminal.send("q")
    #expect(terminal.waitForEnd() == .exit(0))
    #expect(try clicks(place) == [1])
    let shown = try place.run("session", "show", "s.jsonl")
    #expect(shown.output.contains("click 2 left") && shown.output.contains("undo"), "\(shown.output)")
  }

  @Test("Who leaves while the disk refuses a click is told, and so is who called")
  func leavingUnsaved() throws {
    let place = try Workplace()
    let terminal = try open(place)
    try limitFiles(of: terminal, bytes: place.bytes("s.jsonl").count, place)
    terminal.send("\rq")
    if terminal.waitForEnd(seconds: 2) == nil { terminal.send("q") }
    #expect(terminal.waitForEnd() == .exit(1))
    #expect(String(decoding: terminal.output, as: UTF8.self).contains("could not be saved"))
    #expect(try clicks(place) == [])
  }

  @Test("A signal ends the viewer although its terminal takes nothing")
  func stalledTerminal() throws {
    let place = try Workplace()
    let terminal = try open(place, columns: 200, rows: 50)
    for _ in 0..<20 {
      terminal.send("]\u{0C}")
      Thread.sleep(forTimeInterval: 0.05)
    }
    terminal.signal(SIGTERM)
    #expect(terminal.waitForEndUnread(seconds: 6) != nil)
    _ = terminal.waitForEnd()
    #expect(terminal.modes == terminal.modesBefore)
  }
}
