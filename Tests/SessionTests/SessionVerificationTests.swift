import Foundation
import Testing
import Volume

@testable import Session

@Suite("Checking a session against a scan and a model")
struct SessionVerificationTests {
  private func content() throws -> SessionContent {
    try SessionFile.read(Sample.fixtures.appendingPathComponent("golden.session.jsonl").path).content
  }

  @Test("The voxels' SHA-256 is the one that Python computes")
  func voxelHash() throws {
    let recorded = try content().header.scan
    #expect(ScanIdentity(path: recorded.path, volume: Sample.volume) == recorded)
  }

  @Test("Nothing is found when all is as it was")
  func nothing() throws {
    let content = try content()
    #expect(
      SessionVerification.findings(
        content, scan: content.header.scan, model: content.model, settings: content.header.settings,
        processor: content.header.processor, program: content.header.program
      ).isEmpty)
  }

  @Test("The same voxels under a header that exchanges left and right are an error; sessions that do not say are not")
  func orientation() throws {
    let content = try content()
    #expect(content.header.scan.orientation == .lps)
    let steps = [SIMD3(1.0, 0, 0), SIMD3(0, -0.25, 0), SIMD3(0, 0, 0.3)]
    let grid = Grid(
      shape: Sample.volume.grid.shape, spacing: Sample.volume.grid.spacing,
      affine: Affine(steps: Axes3(steps[2], steps[1], steps[0]), origin: [0, 0, 0]))
    let flipped = ScanIdentity(
      path: content.header.scan.path, volume: Volume(grid: grid, voxels: Sample.volume.voxels))
    let finding = try #require(SessionVerification.findings(content, scan: flipped).first)
    #expect(finding.severity == .error && finding.subject == .scanOrientation)
    #expect(finding.message.contains("LPS") && finding.message.contains("RPS"))
    var header = content.header
    header.scan.orientation = nil
    #expect(SessionVerification.findings(SessionContent(header: header), scan: flipped).isEmpty)
  }

  @Test("A session that says no orientation is read, and one that says nonsense is not")
  func orientationInFile() throws {
    let folder = try TemporaryFolder()
    var header = Sample.header
    header.scan.orientation = nil
    _ = try SessionFile.create(at: folder.file("old"), header: header)
    #expect(try SessionFile.read(folder.file("old")).content.header == header)
    for code in ["LPX", "LRS", "", "LP"] {
      let line = Sample.header.members(time: "2026-03-14T15:09:00.535Z").map { member in
        guard member.key == "scan", case .object(let members) = member.value else { return member }
        return .init("scan", .object(members.map { $0.key == "orientation" ? .init($0.key, .string(code)) : $0 }))
      }
      let path = folder.file("bad")
      try Data(SessionLine.encode(line, after: 0).bytes).write(to: URL(fileURLWithPath: path))
      #expect(throws: SessionError.self) { try SessionFile.read(path) }
    }
  }

  @Test("Every difference is found, with its weight")
  func everything() throws {
    let content = try content()
    var voxels = Sample.volume.voxels
    voxels[7] = voxels[7].nextUp
    let other = Volume(
      grid: Grid(shape: Axes3(4, 6, 5), spacing: Axes3(0.3, 0.3, 1), affine: nil), voxels: voxels)
    let findings = SessionVerification.findings(
      content, scan: ScanIdentity(path: "other.nii", volume: other), model: content.header.model,
      settings: ["step": 1], processor: ProcessorIdentity(kind: "x86-64 avx512", threads: 2), program: "0.2.0")
    #expect(
      findings.map(\.subject) == [
        .scanShape, .scanVoxels, .scanSpacing, .scanPath, .model, .settings, .processor, .program,
      ])
    #expect(findings.map(\.severity) == [.error, .error, .error, .note, .warning, .warning, .warning, .note])
  }
}
