import Foundation
import PseudoTerminal
import Testing
import Volume

@Suite("Masks from the command line")
struct SegmentTests {
  @Test("segment under the published rules gives the reference's mask, from the checkpoint and from the import alike")
  func reference() throws {
    let place = try Workplace()
    let first = try place.run(
      "segment", Case.scan, "--output", "a.nii.gz", "--model", Case.checkpoint, "--clicks", Case.clicks, "--rules",
      "reference", "--save-logits", "a.npy", "--json", "--quiet")
    #expect(first.status == 0, "\(first.errors)")
    #expect(first.errors.isEmpty)
    let expected = try NIfTIReader.readMask(path: Case.mask)
    let actual = try NIfTIReader.readMask(path: place.path("a.nii.gz"), expectedGrid: expected.grid)
    #expect(actual.labels == expected.labels)
    #expect(first.json["clicks"] as? Int == 6)
    #expect(first.json["forced_clicks"] as? Int == 0)
    #expect((first.json["clicks_list"] as? [Any])?.count == 6)
    #expect((first.json["voxels"] as? [String: Int]) == ["left": 10183, "right": 10891])
    #expect(first.json["windows"] as? Int == 12)
    #expect(first.json["rules"] as? String == "reference")

    let imported = try place.run("model", "import", Case.checkpoint, "--output", "m.safetensors")
    #expect(imported.status == 0, "\(imported.errors)")
    #expect(imported.output.contains("optimizer_state"))
    let second = try place.run(
      "segment", Case.scan, "--output", "b.nii.gz", "--model", "m.safetensors", "--clicks", Case.clicks, "--rules",
      "reference", "--save-logits", "b.npy", "--quiet")
    #expect(second.status == 0, "\(second.errors)")
    #expect(try place.bytes("a.nii.gz") == place.bytes("b.nii.gz"))
    #expect(try place.bytes("a.npy") == place.bytes("b.npy"))
  }

  @Test("model verify compares with known logits, and fails above the tolerance")
  func verify() throws {
    let place = try Workplace()
    let checkpoint = Case.fixture("network/interactive/checkpoint_final.pth")
    let folder = Case.fixture("network/interactive")
    let good = try place.run("model", "verify", checkpoint, "--case", folder, "--tolerance", "1e-4", "--json")
    #expect(good.status == 0, "\(good.errors)")
    #expect(good.json["shape"] as? [Int] == [1, 3, 16, 24, 32])
    let difference = try #require(good.json["max_abs_difference"] as? Double)
    print("largest difference through the command: \(difference)")
    #expect(difference < 1e-4)
    let bad = try place.run("model", "verify", checkpoint, "--case", folder, "--tolerance", "1e-9")
    #expect(bad.status == 2)
    #expect(bad.errors.contains("more than the tolerance"))
  }

  @Test("model verify reports a difference that is no number as null, and fails")
  func verifyNonFinite() throws {
    let place = try Workplace()
    let fixture = Case.fixture("network/interactive")
    try FileManager.default.createDirectory(atPath: place.path("case"), withIntermediateDirectories: true)
    for name in ["input.npy", "points.npy", "labels.npy"] {
      try FileManager.default.copyItem(atPath: "\(fixture)/\(name)", toPath: place.path("case/\(name)"))
    }
    let logits = try NPYArray.read(path: "\(fixture)/logits.npy")
    for value in [Float.nan, .infinity] {
      var values = logits.floats
      values[7] = value
      try NPYArray(shape: logits.shape, values: .float32(values)).write(
        to: place.path("case/logits.npy"), overwrite: true)
      let outcome = try place.run(
        "model", "verify", "\(fixture)/checkpoint_final.pth", "--case", "case", "--json")
      #expect(outcome.status == 2)
      #expect(outcome.json["shape"] as? [Int] == logits.shape)
      #expect(outcome.json["max_abs_difference"] is NSNull, "\(outcome.output)")
      #expect(outcome.errors.contains("more than the tolerance"), "\(outcome.errors)")
    }
  }

  @Test("A named pipe is refused by every command that reads files, not waited for", .timeLimit(.minutes(10)))
  func pipes() throws {
    let place = try Workplace()
    #expect(mkfifo(place.path("pipe"), 0o600) == 0)
    let info = try place.run("info", "pipe")
    #expect(info.status == 2 && info.errors.contains("not a regular file"), "\(info.errors)")
    for option in ["--clicks", "--session"] {
      let segment = try place.run(
        "segment", Case.scan, "--output", "m.nii.gz", "--model", Case.checkpoint, option, "pipe", "--quiet")
      #expect(segment.status == 2 && segment.errors.contains("not a regular file"), "\(segment.errors)")
    }
  }

  @Test(
    "A window step that makes no sense is a usage error, before anything is read",
    arguments: ["0", "-0.5", "1.01", "nan", "inf"])
  func stepOption(step: String) throws {
    let place = try Workplace()
    let option = "--step=\(step)"
    for arguments in [
      ["segment", "none.nii.gz", "--output", "m.nii.gz", option], ["open", "none.nii.gz", option],
      ["evaluate", "phantoms", option],
    ] {
      let outcome = try place.run(arguments: arguments)
      #expect(outcome.status == 64, "\(arguments) \(outcome.errors)")
      #expect(outcome.errors.contains("--step is above 0 and at most 1"), "\(outcome.errors)")
    }
  }

  @Test("An existing file is kept, and the scan is never written over")
  func existing() throws {
    let place = try Workplace()
    try Data("mine".utf8).write(to: place.folder.appendingPathComponent("a.nii.gz"))
    let kept = try place.run("segment", Case.scan, "--output", "a.nii.gz", "--model", Case.checkpoint, "--quiet")
    #expect(kept.status == 1)
    #expect(kept.errors.contains("--force"))
    #expect(try place.bytes("a.nii.gz") == Data("mine".utf8))

    try FileManager.default.copyItem(atPath: Case.scan, toPath: place.path("scan.nii.gz"))
    let before = try place.bytes("scan.nii.gz")
    let input = try place.run(
      "segment", "scan.nii.gz", "--output", "./scan.nii.gz", "--model", Case.checkpoint, "--quiet", "--force")
    #expect(input.status == 1, "\(input.output)\(input.errors)")
    #expect(try place.bytes("scan.nii.gz") == before)
  }

  @Test("Clicks, model, session and the other half of a scan's pair are never written over, with --force either")
  func inputs() throws {
    let place = try Workplace()
    func copy(_ source: String, _ name: String) throws {
      try FileManager.default.copyItem(atPath: source, toPath: place.path(name))
    }
    try copy(Case.scan, "case.nii.gz")
    try copy(Case.clicks, "masked.json")
    try copy(Case.checkpoint, "m.pth")
    let kept = try (place.bytes("masked.json"), place.bytes("m.pth"))
    let runs = [
      ["--output", "masked.nii.gz"], ["--output", "a.nii.gz", "--save-logits", "m.pth"],
      ["--output", "a.nii.gz", "--save-logits", "masked.json"],
    ]
    for run in runs {
      let outcome = try place.run(
        arguments: ["segment", "case.nii.gz", "--clicks", "masked.json", "--model", "m.pth", "--quiet", "--force"] + run
      )
      #expect(outcome.status == 1, "\(outcome.output)\(outcome.errors)")
      #expect(try (place.bytes("masked.json"), place.bytes("m.pth")) == kept)
      #expect(!place.has("a.nii.gz"))
    }

    let volume = try NIfTIReader.read(path: Case.scan)
    try MaskWriter.write(
      Mask(grid: volume.grid, labels: volume.voxels.map { $0 > 300 ? 1 : 0 }), likeScan: nil, to: place.path("pair.hdr")
    )
    try FileManager.default.moveItem(atPath: place.path("pair.hdr"), toPath: place.path("kept.hdr"))
    let zipped = try place.shell("gzip -k kept.hdr && mv kept.hdr.gz pair.hdr.gz")
    #expect(zipped == 0)
    let voxels = try place.bytes("pair.img")
    let pair = try place.run(
      "segment", "pair.hdr.gz", "--output", "pair.hdr", "--model", "m.pth", "--quiet", "--force")
    #expect(pair.status == 1, "\(pair.output)\(pair.errors)")
    #expect(try place.bytes("pair.img") == voxels)

    try copy(Case.fixture("session/golden.session.jsonl"), "s.session.jsonl")
    let session = try place.bytes("s.session.jsonl")
    let export = try place.run(
      "session", "export", "s.session.jsonl", "--format", "csv", "--output", "s.session.jsonl", "--force")
    #expect(export.status == 1, "\(export.output)\(export.errors)")
    #expect(try place.bytes("s.session.jsonl") == session)
  }

  @Test("What cannot be written is refused before the network runs")
  func badOutputs() throws {
    let place = try Workplace()
    try FileManager.default.createDirectory(atPath: place.path("f.json"), withIntermediateDirectories: false)
    for (output, logits) in [
      ("a.mha", nil), (".", nil), ("f.nii.gz", nil), ("a.nii.gz", "a.nii.gz"), ("a.nii.gz", "a.json"),
    ]
      as [(String, String?)]
    {
      // The scan is none: had it been read, the exit code would be that of bad data.
      let outcome = try place.run(
        arguments: ["segment", Case.clicks, "--output", output, "--model", Case.checkpoint, "--quiet", "--force"]
          + (logits.map { ["--save-logits", $0] } ?? []))
      #expect(outcome.status == 1, "\(output) \(outcome.errors)")
      #expect(!place.has("a.nii.gz") && !place.has("f.nii.gz"))
    }
  }

  @Test("Bad input ends with its exit code and one line that says what to do")
  func errors() throws {
    let place = try Workplace()
    let missing = try place.run("segment", "none.nii.gz", "--output", "m.nii.gz", "--model", Case.checkpoint, "--quiet")
    #expect(missing.status == 1)
    #expect(missing.errors.contains("none.nii.gz"))

    try Data("not a checkpoint".utf8).write(to: place.folder.appendingPathComponent("x.pth"))
    let model = try place.run("segment", Case.scan, "--output", "m.nii.gz", "--model", "x.pth", "--quiet")
    #expect(model.status == 2)
    #expect(model.errors.split(separator: "\n").count == 1, "\(model.errors)")
    #expect(!place.has("m.nii.gz"))

    let clicks = """
      {"version": {"major": 1, "minor": 0}, "type": "Multiple points",
       "points": [{"point": [1, 2, 3], "name": "Middle_\\u001b[31mIAC"}]}
      """
    try Data(clicks.utf8).write(to: place.folder.appendingPathComponent("c.json"))
    let name = try place.run(
      "segment", Case.scan, "--output", "m.nii.gz", "--model", Case.checkpoint, "--clicks", "c.json", "--quiet")
    #expect(name.status == 2)
    #expect(name.errors.contains("Middle_"))
    #expect(!name.errors.contains("\u{1B}"))

    #expect(try place.run("segment", Case.scan).status == 64)
    #expect(try place.run("nonsense", "--flag").status == 64)
    #expect(try place.run("segment", Case.scan, "--output", "m.nii.gz", "--clicks", "a", "--session", "b").status == 64)
  }

  @Test("Ctrl-C ends a run with 130 and leaves no file")
  func interrupted() throws {
    let place = try Workplace()
    let terminal = try PseudoTerminal(
      PseudoTerminal.builtProduct("canalis"),
      ["segment", Case.scan, "--output", place.path("m.nii.gz"), "--model", Case.checkpoint, "--step", "0.02"],
      environment: place.environment, columns: 80, rows: 24)
    #expect(terminal.wait(seconds: 60) { terminal.screen.frame.text.contains("%") })
    terminal.signal(SIGINT)
    #expect(terminal.waitForEnd(seconds: 60) == .exit(130))
    #expect(!place.has("m.nii.gz"))
  }

  @Test("Help names every command, and the version is printed")
  func help() throws {
    let place = try Workplace()
    let help = try place.run("--help")
    #expect(help.status == 0)
    for command in ["open", "segment", "info", "model", "session", "render", "benchmark"] {
      #expect(help.output.contains("\n  \(command)"), "\(command)")
    }
    #expect(try place.run("--version").output.split(separator: ".").count == 3)
    #expect(try place.run("--generate-completion-script", "bash").output.contains("segment"))
  }

  @Test("info describes a scan, a model and a session, also as JSON")
  func info() throws {
    let place = try Workplace()
    let facts = try place.run("info", Case.scan, Case.checkpoint, "--json")
    #expect(facts.status == 0, "\(facts.errors)")
    let scan = try #require(facts.json[Case.scan] as? [String: Any])
    #expect(scan["shape"] as? [Int] == [36, 47, 56])
    let model = try #require(facts.json[Case.checkpoint] as? [String: Any])
    #expect(model["click_kinds"] as? [String] == ["left", "right"])
  }

  @Test("render draws the screen as text, with colours and as a picture")
  func render() throws {
    let place = try Workplace()
    for name in ["f.txt", "f.ansi", "f.png"] {
      let outcome = try place.run("render", Case.scan, "--mask", Case.mask, "--size", "80x24", "--output", name)
      #expect(outcome.status == 0, "\(outcome.errors)")
    }
    let text = String(decoding: try place.bytes("f.txt"), as: UTF8.self)
    #expect(text.split(separator: "\n", omittingEmptySubsequences: false).count == 25)
    #expect(text.contains("axial"))
    #expect(try place.bytes("f.png").starts(with: [0x89, 0x50, 0x4E, 0x47]))
    #expect(try place.bytes("f.ansi").contains(0x1B))
  }
}
