import Foundation
import Testing
import UMamba2
import Volume

@testable import Checkpoint

@Suite("An imported model is the checkpoint it came from")
struct ImportTests {
  @Test(
    "parameters and description are the same, and a second import gives the same bytes",
    arguments: [
      "checkpoint/small_protocol2.pth", "checkpoint/small_protocol5.pth", "checkpoint/variants.pth",
      "checkpoint/old_plan.pth", "pipeline/p1/checkpoint_final.pth",
      "network/interactive/checkpoint_final.pth", "network/plan_variants/checkpoint_final.pth",
      "network/task1/checkpoint_final.pth",
    ])
  func sameParameters(file: String) throws {
    try Fixtures.withTemporaryFolder { folder in
      let first = folder.appending(path: "first.safetensors").path(percentEncoded: false)
      let second = folder.appending(path: "second.safetensors").path(percentEncoded: false)
      let summary = try ModelImporter.importCheckpoint(from: Fixtures.path(file), to: first)
      _ = try ModelImporter.importCheckpoint(from: Fixtures.path(file), to: second)
      #expect(try Data(contentsOf: URL(filePath: first)) == Data(contentsOf: URL(filePath: second)))

      let (original, originalValues) = try Fixtures.load(path: Fixtures.path(file))
      let (imported, importedValues) = try Fixtures.load(path: first)
      #expect(imported.metadata == original.metadata)
      #expect(imported.available == original.available)
      #expect(importedValues.map { $0.map(\.bitPattern) } == originalValues.map { $0.map(\.bitPattern) })
      #expect(imported.skipped.isEmpty)
      #expect(summary.tensorCount == original.available.count && summary.parameterCount == original.parameterCount)
      #expect(summary.skipped == original.skipped && !summary.skipped.isEmpty)
      let size = try FileManager.default.attributesOfItem(atPath: first)[.size] as? Int
      print("\(file): \(summary.tensorCount) tensors, \(summary.parameterCount) numbers, \(size ?? 0) bytes")
    }
  }

  @Test("the file holds float32 in order of names from a multiple of 64 bytes on, and readable metadata")
  func layout() throws {
    try Fixtures.withTemporaryFolder { folder in
      let path = folder.appending(path: "model.safetensors").path(percentEncoded: false)
      _ = try ModelImporter.importCheckpoint(from: Fixtures.path("checkpoint/variants.pth"), to: path)
      let file = try SafeTensorsFile(file: ByteFile(path: path))
      let ordered = file.tensors.sorted { $0.value.offset < $1.value.offset }
      #expect(ordered.map(\.key) == file.tensors.keys.sorted())
      #expect(try #require(ordered.first).value.offset % 64 == 0)
      #expect(file.tensors.values.allSatisfy { $0.elementType == .float32 })
      #expect(
        Set(file.metadata.keys) == [
          "canalis", "format_version", "plan", "classes", "click_kinds", "provenance", "license", "training",
        ])
      #expect(file.metadata["classes"] == #"["background","canal L","tooth","canal R"]"#)
      #expect(file.metadata["click_kinds"] == #"["left","right","background"]"#)
      #expect(file.metadata["format_version"] == "1")
    }
  }

  @Test("an existing file is kept, the input always, and a failed import leaves nothing")
  func protection() throws {
    try Fixtures.withTemporaryFolder { folder in
      let source = folder.appending(path: "model.pth")
      let target = folder.appending(path: "model.safetensors")
      try Data(Fixtures.bytes("checkpoint/small_protocol2.pth")).write(to: source)
      try Data("mine".utf8).write(to: target)
      let paths = (source.path(percentEncoded: false), target.path(percentEncoded: false))
      #expect(throws: VolumeError.self) { try ModelImporter.importCheckpoint(from: paths.0, to: paths.1) }
      #expect(try Data(contentsOf: target) == Data("mine".utf8))
      #expect(throws: VolumeError.self) {
        try ModelImporter.importCheckpoint(from: paths.0, to: paths.0, overwrite: true)
      }
      _ = try ModelImporter.importCheckpoint(from: paths.0, to: paths.1, overwrite: true)
      #expect(try Model.load(path: paths.1).metadata.name == "Trainer_Small")

      var damaged = try Fixtures.bytes("checkpoint/small_protocol2.pth")
      damaged[damaged.count / 2] ^= 1
      try Data(damaged).write(to: source)
      try FileManager.default.removeItem(at: target)
      #expect(throws: CheckpointError.self) { try ModelImporter.importCheckpoint(from: paths.0, to: paths.1) }
      #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path(percentEncoded: false)) == ["model.pth"])
    }
  }

  @Test("texts with quotes, controls and other scripts survive in the metadata")
  func texts() throws {
    try Fixtures.withTemporaryFolder { folder in
      let (model, _) = try Fixtures.load(path: Fixtures.path("checkpoint/small_protocol2.pth"))
      var metadata = model.metadata
      metadata.name = "a \"quoted\" \\ name\n\t\u{7F}\u{0} — 顎 🦷"
      metadata.training = ["seed": "7", "score/µ": "0.5"]
      let path = folder.appending(path: "model.safetensors").path(percentEncoded: false)
      try ModelWriter.write(metadata, parameters: model.parameters, to: path)
      #expect(try Model.load(path: path).metadata == metadata)
    }
  }
}
