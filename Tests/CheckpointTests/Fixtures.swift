import Foundation

@testable import Checkpoint

/// Files that tests read, and folders that they write to.
enum Fixtures {
  private static let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .appending(path: "Fixtures")

  /// The path of a fixture, from `Tests/Fixtures`.
  static func path(_ name: String) -> String {
    folder.appending(path: name).path(percentEncoded: false)
  }

  /// The bytes of a fixture.
  static func bytes(_ name: String) throws -> [UInt8] {
    Array(try Data(contentsOf: folder.appending(path: name)))
  }

  /// Calls a closure with a folder of its own, removed afterwards.
  static func withTemporaryFolder<Result>(_ body: (URL) throws -> Result) throws -> Result {
    let folder = FileManager.default.temporaryDirectory.appending(path: "canalis-checkpoint-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    return try body(folder)
  }

  /// Loads a model from bytes and reads every parameter that its plan needs.
  static func load(_ bytes: [UInt8], named name: String, in folder: URL) throws -> (Model, [[Float]]) {
    let url = folder.appending(path: name)
    try Data(bytes).write(to: url)
    return try load(path: url.path(percentEncoded: false))
  }

  /// Loads a model and reads every parameter that its plan needs.
  static func load(path: String) throws -> (Model, [[Float]]) {
    let model = try Model.load(path: path)
    return (model, try model.available.map { try model.parameters.values(of: $0.name, shape: $0.shape) })
  }
}

/// Builds zip archives of stored entries, also wrong ones.
struct ZipBuilder {
  /// An entry and what its headers say.
  struct Entry {
    var name: String
    var content: [UInt8]
    var checksum: UInt32?
    var method: UInt16 = 0
    var localName: String?
    var localOffset: UInt32?
    var claimedSize: UInt32?
  }

  var entries: [Entry] = []

  /// Adds an entry.
  mutating func add(_ name: String, _ content: [UInt8]) {
    entries.append(Entry(name: name, content: content))
  }

  /// The archive's bytes.
  func bytes() -> [UInt8] {
    var body: [UInt8] = []
    var directory: [UInt8] = []
    for entry in entries {
      let checksum = entry.checksum ?? Self.checksum(entry.content)
      let size = entry.claimedSize ?? UInt32(entry.content.count)
      let name = Array(entry.name.utf8)
      let localName = Array((entry.localName ?? entry.name).utf8)
      let offset = entry.localOffset ?? UInt32(body.count)
      body += little(UInt32(0x0403_4B50)) + little(UInt16(20)) + little(UInt16(0)) + little(entry.method)
      body += little(UInt32(0)) + little(checksum) + little(size) + little(size)
      body += little(UInt16(localName.count)) + little(UInt16(0)) + localName + entry.content
      directory += little(UInt32(0x0201_4B50)) + little(UInt16(20)) + little(UInt16(20)) + little(UInt16(0))
      directory += little(entry.method) + little(UInt32(0)) + little(checksum) + little(size) + little(size)
      directory += little(UInt16(name.count)) + [UInt8](repeating: 0, count: 12) + little(offset) + name
    }
    let end =
      little(UInt32(0x0605_4B50)) + little(UInt32(0)) + little(UInt16(entries.count)) + little(UInt16(entries.count))
      + little(UInt32(directory.count)) + little(UInt32(body.count)) + little(UInt16(0))
    return body + directory + end
  }

  private func little(_ value: some FixedWidthInteger) -> [UInt8] {
    withUnsafeBytes(of: value.littleEndian) { Array($0) }
  }

  /// CRC-32 as zip has it.
  static func checksum(_ bytes: [UInt8]) -> UInt32 {
    var value: UInt32 = .max
    for byte in bytes {
      value ^= UInt32(byte)
      for _ in 0..<8 { value = value >> 1 ^ (value & 1 == 1 ? 0xEDB8_8320 : 0) }
    }
    return ~value
  }
}
