import Foundation
import Testing

@Suite("Standard output and error that take nothing, and what is left behind")
struct StreamTests {
  private func canalis(_ place: Workplace, _ command: String) throws -> Int32 {
    let program = Workplace.program
    return try place.shell("P='\(program)'; \(command)")
  }

  private func session(_ place: Workplace) throws {
    try FileManager.default.copyItem(
      atPath: Case.fixture("session/golden.session.jsonl"), toPath: place.path("s.session.jsonl"))
  }

  @Test("Progress and messages that nobody takes cost nothing", arguments: ["2>/dev/full", "2>&-", "0<&- 2>&-"])
  func standardError(redirection: String) throws {
    let place = try Workplace()
    let command = "\"$P\" segment '\(Case.scan)' --model '\(Case.checkpoint)' --output m.nii.gz >/dev/null"
    #expect(try canalis(place, "\(command) \(redirection)") == 0)
    #expect(place.has("m.nii.gz") && place.has("m.json"))
    #expect(try canalis(place, "\"$P\" segment none --output x.nii.gz \(redirection)") == 1)
  }

  @Test("Results that are lost are a failure; a reader that has gone is none")
  func standardOutput() throws {
    let place = try Workplace()
    try session(place)
    for arguments in ["session show s.session.jsonl", "session export s.session.jsonl --drop-negative"] {
      #expect(try canalis(place, "\"$P\" \(arguments) >/dev/full 2>errors") == 1)
      #expect(String(decoding: try place.bytes("errors"), as: UTF8.self).contains("standard output"))
      #expect(try canalis(place, "(\"$P\" \(arguments); echo $? >status) 2>errors | true") == 0)
      #expect(String(decoding: try place.bytes("status"), as: UTF8.self) == "0\n")
      #expect(try place.bytes("errors").isEmpty)
    }
  }

  @Test("Jaws are not begun where one would be replaced")
  func phantom() throws {
    let place = try Workplace()
    for name in ["a", "k/6"] {
      try FileManager.default.createDirectory(atPath: place.path(name), withIntermediateDirectories: true)
      try Data("mine".utf8).write(to: place.folder.appendingPathComponent(name + "/scan.nii.gz"))
    }
    try Data().write(to: place.folder.appendingPathComponent("file"))
    for (output, count) in [("a", 1), ("k", 2), ("file", 1)] {
      let run = try place.run(
        "phantom", "--seed", "5", "--output", output, "--count", "\(count)", "--shape", "20x24x24", "--spacing", "2",
        "--quiet")
      #expect(run.status == 1, "\(run.errors)")
      #expect(run.errors.contains(output == "file" ? "name a folder" : "--force"), "\(run.errors)")
    }
    #expect(!place.has("a/truth.nii.gz") && !place.has("k/5"))
  }
}
