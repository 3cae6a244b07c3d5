import Foundation
import PseudoTerminal
import Testing
import Volume

@Suite("What is kept on disk, from the command line")
struct KeptFilesTests {
  /// Opens the viewer on the reference scan, waits for its mask, does something, leaves.
  private func view(
    _ place: Workplace, extra: [String] = [], _ body: (PseudoTerminal) -> Void = { _ in }
  ) throws {
    let terminal = try PseudoTerminal(
      PseudoTerminal.builtProduct("canalis"),
      [Case.scan, "--model", Case.checkpoint, "--session", place.path("s.jsonl")] + extra,
      environment: place.environment, columns: 120, rows: 30)
    #expect(
      terminal.wait(seconds: 60) {
        terminal.ending != nil || terminal.screen.frame.text.contains("voxel")
      }, "\(terminal.screen.frame.text)")
    body(terminal)
    terminal.send("q")
    #expect(terminal.waitForEnd() == .exit(0), "\(terminal.screen.frame.text)")
  }

  /// Whether the mask that is shown took no window: the rest of a frame may still be on its way.
  private func saysNoWindow(_ terminal: PseudoTerminal) -> Bool {
    terminal.wait(seconds: 10) { terminal.screen.frame.text.contains(" s, 0 windows") }
  }

  private func files(_ place: Workplace, _ kind: String) -> [String] {
    let folder = place.path(".cache/canalis/\(kind)")
    return ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).map { folder + "/" + $0 }
  }

  private func folder(_ kind: String, _ outcome: Workplace.Outcome) -> [String: Any] {
    let folders = outcome.json["folders"] as? [[String: Any]] ?? []
    return folders.first { $0["kind"] as? String == kind } ?? [:]
  }

  @Test("cache show says where, how much and of which scan; cache clear deletes it")
  func showAndClear() throws {
    let place = try Workplace()
    let empty = try place.run("cache", "show", "--json")
    #expect(empty.status == 0, "\(empty.errors)")
    #expect(folder("masks", empty)["files"] as? Int == 0)
    #expect((folder("encodings", empty)["path"] as? String) == place.path(".cache/canalis/encodings"))
    #expect(try place.run("cache", "clear").output.contains("removed 0 files"))

    try view(place)
    let show = try place.run("cache", "show", "--json")
    #expect(folder("masks", show)["files"] as? Int == 1, "\(show.output)")
    let scans = try #require(show.json["scans"] as? [[String: Any]])
    let session = try place.run("session", "show", "s.jsonl", "--json")
    let hash = try #require((session.json["scan"] as? [String: Any])?["sha256"] as? String)
    // A viewer that was left while it measured the disk leaves that file, which is of no scan.
    #expect(scans.compactMap { $0["scan"] as? String }.filter { $0 != "other" } == [String(hash.prefix(12))])
    let table = try place.run("cache", "show")
    #expect(table.output.contains("1 file, ") && table.output.contains(hash.prefix(12)), "\(table.output)")
    for path in files(place, "masks") {
      let mode = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
      #expect(mode == 0o600)
    }

    #expect(try place.run("cache", "clear", "--unused-for", "1").output.contains("removed 0 files"))
    #expect(try place.run("cache", "clear", "--scan", "0000").output.contains("removed 0 files"))
    #expect(try place.run("cache", "clear", "--scan", "no hash").status == 64)
    let cleared = try place.run("cache", "clear", "--scan", String(hash.prefix(20)), "--json")
    // Where the disk is fast, there are encodings too.
    #expect(cleared.json["removed_files"] as? Int ?? 0 >= 1, "\(cleared.output)\(cleared.errors)")
    let left = (files(place, "masks") + files(place, "encodings")).filter { !$0.contains("/other-") }
    #expect(left.isEmpty, "\(left)")
  }

  @Test("A scan that is opened again shows its mask at once, and clicks go on from it with the same bytes")
  func warm() throws {
    let place = try Workplace()
    try view(place)
    #expect(files(place, "masks").count == 1)
    try view(place) { terminal in
      // A mask that was kept took no window.
      #expect(saysNoWindow(terminal), "\(terminal.screen.frame.text)")
      terminal.send("\r")
      #expect(
        terminal.wait(seconds: 60) { terminal.screen.frame.text.contains("click 1 left: ") },
        "\(terminal.screen.frame.text)")
      terminal.send("e")
      terminal.settle(milliseconds: 200)
      terminal.send("\u{15}" + place.path("m.nii.gz") + "\r")
      #expect(terminal.wait(seconds: 30) { place.has("m.json") }, "\(terminal.screen.frame.text)")
    }
    let replay = try place.run(
      "session", "replay", "s.jsonl", "--output", "r.nii.gz", "--model", Case.checkpoint, "--quiet")
    #expect(replay.status == 0, "\(replay.errors)")
    #expect(try place.bytes("m.nii.gz") == place.bytes("r.nii.gz"))
  }

  @Test("A damaged mask is computed again, and a folder that cannot be used changes nothing")
  func damage() throws {
    let place = try Workplace()
    try view(place)
    let file = try #require(files(place, "masks").first)
    #expect(truncate(file, 5000) == 0)
    try view(place) { #expect(!$0.screen.frame.text.contains(" s, 0 windows")) }
    #expect(files(place, "masks").count == 1)
    try view(place) { #expect(saysNoWindow($0), "\($0.screen.frame.text)") }
    try view(place, extra: ["--disk-limit", "0"]) { #expect(!$0.screen.frame.text.contains(" s, 0 windows")) }
    try FileManager.default.removeItem(atPath: place.path(".cache"))
    try Data().write(to: URL(fileURLWithPath: place.path(".cache")))
    try view(place)
    #expect(try place.run("cache", "show").status == 0)
  }

  @Test("A memory limit that a run cannot keep is refused with both numbers, and nonsense is refused")
  func memoryLimit() throws {
    let place = try Workplace()
    let arguments = ["segment", Case.scan, "--output", "m.nii.gz", "--model", Case.checkpoint, "--quiet"]
    func run(_ limit: String) throws -> Workplace.Outcome {
      try place.run(
        arguments[0], arguments[1], arguments[2], arguments[3], arguments[4], arguments[5], arguments[6],
        "--memory-limit", limit)
    }
    let small = try run("1M")
    #expect(small.status == 2 && small.errors.contains("may take 1 MiB"), "\(small.errors)")
    for nonsense in ["", "G", "1X", "-1G", "1e3", "99999999T"] {
      #expect(try run(nonsense).status == 64, "\(nonsense)")
    }
    #expect(try run("1.5GiB").status == 0)
    #expect(place.has("m.nii.gz"))
  }
}
