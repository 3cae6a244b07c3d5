import Foundation
import Testing
import Volume

@testable import Checkpoint

@Suite("Mutated files end in a named error or a valid model", .serialized)
struct FuzzTests {
  /// Changes bytes: flips, cuts, insertions, removals, and edits that look like lengths.
  private func mutate(_ bytes: [UInt8], changes: Int = 4, using generator: inout SeededGenerator) -> [UInt8] {
    var bytes = bytes
    for _ in 0..<Int.random(in: 1...changes, using: &generator) where !bytes.isEmpty {
      let position = Int.random(in: 0..<bytes.count, using: &generator)
      switch Int.random(in: 0..<7, using: &generator) {
      case 0: bytes[position] ^= 1 << UInt8.random(in: 0..<8, using: &generator)
      case 1: bytes[position] = UInt8.random(in: 0...255, using: &generator)
      case 2: bytes.removeSubrange(position...)
      case 3:
        let count = Int.random(in: 1...16, using: &generator)
        bytes.insert(contentsOf: (0..<count).map { _ in UInt8.random(in: 0...255, using: &generator) }, at: position)
      case 4: bytes.removeSubrange(position..<min(bytes.count, position + Int.random(in: 1...16, using: &generator)))
      case 5:
        let value: UInt64 = [0, 1, 0x7FFF_FFFF, 0xFFFF_FFFF, .max, 1 << 62].randomElement(using: &generator) ?? 0
        for index in 0..<min([2, 4, 8].randomElement(using: &generator) ?? 4, bytes.count - position) {
          bytes[position + index] = UInt8(truncatingIfNeeded: value >> UInt64(8 * index))
        }
      default:
        let source = Int.random(in: 0..<bytes.count, using: &generator)
        let part = Array(bytes[source..<min(bytes.count, source + 32)])
        bytes.replaceSubrange(position..<min(bytes.count, position + part.count), with: part)
      }
    }
    return bytes
  }

  /// Loads mutants; every one must give a `CheckpointError` or a model whose parameters can be read.
  private func run(_ what: String, count: Int, mutant: (Int) throws -> [UInt8]) throws {
    var valid = 0
    var kinds: [String: Int] = [:]
    var slowest = Duration.zero
    try Fixtures.withTemporaryFolder { folder in
      for index in 0..<count {
        let bytes = try mutant(index)
        slowest = max(
          slowest,
          try ContinuousClock().measure {
            do {
              let (model, values) = try Fixtures.load(bytes, named: "mutant", in: folder)
              #expect(model.metadata.problem == nil)
              #expect(values.map(\.count) == model.available.map { $0.shape.reduce(1, *) })
              #expect(values.joined().count <= bytes.count, "no more numbers than the file has bytes")
              valid += 1
            } catch let error as CheckpointError {
              #expect("\(error)".contains("mutant") && "\(error)".count < 2000)
              kinds[kind(of: error), default: 0] += 1
            }
          })
      }
    }
    print("\(what): \(count) mutants, \(valid) valid, slowest \(slowest), \(kinds)")
    #expect(slowest < .seconds(5))
  }

  private func kind(of error: CheckpointError) -> String {
    Mirror(reflecting: error).children.first?.label ?? "other"
  }

  @Test("1,000 mutated checkpoints", .timeLimit(.minutes(3)))
  func checkpoints() throws {
    var generator = SeededGenerator(seed: 3)
    let names = ["small_protocol2.pth", "small_protocol4.pth", "small_protocol5.pth", "variants.pth", "old_plan.pth"]
    let bases = try names.map { try Fixtures.bytes("checkpoint/\($0)") }
    try run("checkpoints", count: 1000) { mutate(bases[$0 % bases.count], using: &generator) }
  }

  @Test("1,000 checkpoints with a mutated pickle under a sound checksum", .timeLimit(.minutes(3)))
  func pickles() throws {
    var generator = SeededGenerator(seed: 4)
    let names = ["small_protocol2.pth", "small_protocol4.pth", "small_protocol5.pth", "variants.pth", "old_plan.pth"]
    let bases = try names.map { try HostileArchiveTests.smallEntries("checkpoint/\($0)") }
    try run("pickles", count: 1000) { index in
      var builder = ZipBuilder(entries: bases[index % bases.count])
      for entry in builder.entries.indices where builder.entries[entry].name.hasSuffix("data.pkl") {
        builder.entries[entry].content = mutate(
          builder.entries[entry].content, changes: 1 + index % 3, using: &generator)
      }
      return builder.bytes()
    }
  }

  @Test("1,000 mutated .safetensors models", .timeLimit(.minutes(3)))
  func safeTensors() throws {
    var generator = SeededGenerator(seed: 5)
    let bases = try Fixtures.withTemporaryFolder { folder in
      try ["small_protocol2.pth", "variants.pth", "old_plan.pth"].map { name in
        let url = folder.appending(path: "\(name).safetensors")
        _ = try ModelImporter.importCheckpoint(
          from: Fixtures.path("checkpoint/\(name)"), to: url.path(percentEncoded: false))
        return Array(try Data(contentsOf: url))
      }
    }
    try run("safetensors", count: 1000) { index in
      let base = bases[index % bases.count]
      // Two of three mutants change the header alone: in a whole file, numbers are most of the bytes.
      guard index % 3 != 0 else { return mutate(base, using: &generator) }
      var reader = ByteReader(Array(base[..<8]))
      let end = 8 + Int(reader.unsigned64() ?? 0)
      return mutate(Array(base[..<end]), changes: 1 + index % 3, using: &generator) + base[end...]
    }
  }
}
