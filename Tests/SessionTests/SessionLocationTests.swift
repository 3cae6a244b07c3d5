import Foundation
import Testing
import Volume

@testable import Session

@Suite("Where a session is kept")
struct SessionLocationTests {
  private func scan(_ path: String) -> ScanIdentity {
    ScanIdentity(
      path: path, sha256: "0123456789abcdef" + String(repeating: "0", count: 48), shape: Axes3(1, 1, 1),
      spacing: Axes3(1, 1, 1))
  }

  @Test("The first that is given of: --session, CANALIS_SESSIONS, ./Sessions, XDG_DATA_HOME, HOME")
  func order() throws {
    let folder = try TemporaryFolder()
    var environment = ["CANALIS_SESSIONS": "/a", "XDG_DATA_HOME": "/x", "HOME": "/home/m"]
    func path(explicit: String? = nil) throws -> String {
      try SessionLocation.path(
        for: scan("s/jaw.nii.gz"), explicit: explicit, environment: environment, workingFolder: folder.path)
    }
    #expect(try path(explicit: "mine.jsonl") == "mine.jsonl")
    #expect(try path() == "/a/jaw-01234567.session.jsonl")
    environment["CANALIS_SESSIONS"] = ""
    #expect(try path() == "/x/canalis/sessions/jaw-01234567.session.jsonl")
    environment["XDG_DATA_HOME"] = "relative"
    #expect(try path() == "/home/m/.local/share/canalis/sessions/jaw-01234567.session.jsonl")
    try FileManager.default.createDirectory(atPath: folder.file("Sessions"), withIntermediateDirectories: false)
    #expect(try path() == folder.file("Sessions/jaw-01234567.session.jsonl"))
    try FileManager.default.removeItem(atPath: folder.file("Sessions"))
    environment = [:]
    #expect(throws: SessionError.noFolder) { try path() }
  }

  @Test(
    "The name is the scan's, with nothing that a file system or terminal could stumble over",
    arguments: [
      ("jaw.nii.gz", "jaw"), ("/d/Case 7.NII.GZ", "Case 7"), ("x.mha", "x"), ("dicom/study/", "study"),
      ("Jürgen_é.nii", "Jürgen_é"), ("a\u{1B}[31mb.nii", "a__31mb"), ("a\nb", "a_b"), (".hidden.nii", "hidden"),
      ("..", "scan"), ("/", "scan"), ("", "scan"), (".nii", "nii"), ("-rf.nii", "rf"), ("a\u{202E}b.nii", "a_b"),
      (String(repeating: "ä", count: 300), String(repeating: "ä", count: 75)),
    ])
  func names(path: String, expected: String) {
    #expect(SessionLocation.fileName(for: scan(path)) == expected + "-01234567.session.jsonl")
  }
}
