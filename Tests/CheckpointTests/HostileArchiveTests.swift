import Foundation
import Testing

@testable import Checkpoint

@Suite("A damaged or hostile archive ends in an error that says what and where")
struct HostileArchiveTests {
  private func failure(_ bytes: [UInt8], named name: String = "model.pth") throws -> String {
    try Fixtures.withTemporaryFolder { folder in
      do {
        _ = try Fixtures.load(bytes, named: name, in: folder)
        return "no error"
      } catch let error as CheckpointError {
        #expect("\(error)".contains(name))
        return "\(error)"
      }
    }
  }

  private func archive(_ change: (inout ZipBuilder) throws -> Void) throws -> [UInt8] {
    var builder = ZipBuilder()
    for entry in try Self.smallEntries() { builder.add(entry.name, entry.content) }
    try change(&builder)
    return builder.bytes()
  }

  /// The entries of a sound checkpoint.
  static func smallEntries(_ name: String = "checkpoint/small_protocol2.pth") throws -> [ZipBuilder.Entry] {
    let archive = try ZipArchive(file: ByteFile(path: Fixtures.path(name)))
    return try archive.entries.values.sorted { $0.offset < $1.offset }.map {
      ZipBuilder.Entry(name: $0.name, content: try archive.read($0))
    }
  }

  @Test("a rebuilt archive is sound, so that what the other tests change is what they test")
  func rebuilt() throws {
    #expect(try failure(archive { _ in }) == "no error")
  }

  @Test("archives with wrong headers are refused by name")
  func headers() throws {
    let cases: [(String, (inout ZipBuilder) -> Void)] = [
      ("CRC-32", { $0.entries[0].checksum = 1 }),
      ("CRC-32", { $0.entries[5].checksum = 1 }),
      ("compressed (method 8)", { $0.entries[3].method = 8 }),
      ("local header", { $0.entries[3].localName = "small_protocol2/data/7" }),
      ("overlaps", { $0.entries[3].localOffset = 0 }),
      ("outside the file", { $0.entries[$0.entries.count - 1].claimedSize = 0x7FFF_FFFF }),
      ("overlaps", { $0.entries[3].claimedSize = 4000 }),
      ("occurs twice", { $0.entries[4].name = $0.entries[3].name }),
      ("byte order", { $0.entries[1].content = Array("big".utf8) }),
      ("0 data.pkl", { $0.entries = [] }),
      ("0 data.pkl", { $0.entries[0].name = "small/other.pkl" }),
      ("TorchScript", { $0.add("small_protocol2/constants.pkl", []) }),
      ("not in the archive", { $0.entries[2].name = "small_protocol2/data/999" }),
      ("bytes, expected", { $0.entries[2].content.removeLast() }),
    ]
    for (expected, change) in cases {
      let message = try failure(archive(change))
      #expect(message.contains(expected), "\(message)")
    }
  }

  @Test("control characters of an entry's name do not reach the terminal")
  func escapedNames() throws {
    let message = try failure(
      archive {
        $0.entries[0].name = "\u{1B}[2J\u{202E}x/data.pkl"; $0.entries[0].checksum = 1
      })
    #expect(message.contains("\\u{1b}[2J\\u{202e}x"), "\(message)")
    #expect(!message.contains("\u{1B}"))
  }

  @Test("files that are no models say what they are")
  func notModels() throws {
    let cases: [([UInt8], String)] = [
      ([], "empty"), (Array("hello, world and more".utf8), "no known kind"), ([0x80, 2, 0x8A, 10], "bare pickle"),
      ([0x1F, 0x8B, 8, 0], "gzip"), ([0x50, 0x4B, 3, 4], "directory"),
    ]
    for (bytes, expected) in cases {
      let message = try failure(bytes)
      #expect(message.contains(expected), "\(message)")
    }
    #expect(throws: CheckpointError.self) { try Model.load(path: "/nonexistent/model.pth") }
    #expect(throws: CheckpointError.self) { try Model.load(path: NSTemporaryDirectory()) }
    #expect(throws: CheckpointError.self) { try Model.load(path: "/dev/zero") }
  }

  @Test("a small archive whose tensors all share one storage cannot ask for a large network")
  func sharedStorage() throws {
    let message = try failure(Fixtures.bytes("checkpoint/shared_storage.pth"))
    #expect(message.contains("bytes of tensors, in a file that is smaller"), "\(message)")
  }

  @Test("every cut of a checkpoint is an error")
  func truncated() throws {
    let bytes = try Fixtures.bytes("checkpoint/small_protocol2.pth")
    for count in stride(from: 0, to: bytes.count, by: 977) {
      #expect(try failure(Array(bytes[..<count])) != "no error", "cut at \(count)")
    }
  }
}
