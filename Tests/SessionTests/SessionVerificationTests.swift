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
