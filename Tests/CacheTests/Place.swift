import Foundation

@testable import Cache

/// A folder for one test, removed with it.
final class Place: Sendable {
  let path = FileManager.default.temporaryDirectory.appendingPathComponent("cache-\(UUID().uuidString)").path

  /// The folder of kept files below; not made yet.
  var folder: CacheFolder { CacheFolder(path: path + "/canalis/encodings") }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  /// A store without the machine's own limits.
  func store(bytes: Int = 1 << 30, days: Double = 30, operations: CacheFile.Operations = .init()) -> CacheStore {
    CacheStore(
      folder: folder, limits: .init(bytes: bytes, reserveBytes: 0, days: days), operations: operations)
  }

  /// The path of a key's file.
  func file(_ key: CacheKey) -> String { folder.file(key.fileName) }

  /// All names in the folder.
  var names: [String] { ((try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []).sorted() }

  /// Pretends that a file was last used some time ago.
  func age(_ name: String, days: Double) throws {
    try FileManager.default.setAttributes(
      [.modificationDate: Date(timeIntervalSinceNow: -days * 86_400)], ofItemAtPath: folder.file(name))
  }
}

let scanHash = String(repeating: "0123456789abcdef", count: 4)

func key(_ number: Int) -> CacheKey { CacheKey(scan: scanHash, facts: ["content \(number)"]) }

/// Content that is another for every number: parts of odd sizes, more than one block together.
func content(_ number: Int) -> [[UInt8]] {
  [1_500_001, 0, 3, 70_000].map { count in
    (0..<count).map { UInt8(truncatingIfNeeded: ($0 &+ number) &* 2_654_435_761 >> 7) }
  }
}

extension CacheStore {
  /// Writes arrays.
  @discardableResult
  func put(_ key: CacheKey, _ parts: [[UInt8]], shouldGoOn: () throws -> Bool = { true }) throws -> Bool {
    let copies = parts.map { part in
      let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: part.count, alignment: 16)
      copy.copyBytes(from: part)
      return UnsafeRawBufferPointer(copy)
    }
    defer { copies.forEach { $0.deallocate() } }
    return try write(key, parts: copies, shouldGoOn: shouldGoOn)
  }

  /// Reads arrays of known sizes.
  func get(
    _ key: CacheKey, sizes: [Int], observer: (Double) throws -> Void = { _ in }
  ) throws -> [[UInt8]]? {
    let parts = sizes.map { UnsafeMutableRawBufferPointer.allocate(byteCount: $0, alignment: 16) }
    defer { parts.forEach { $0.deallocate() } }
    return try read(key, into: parts, observer: observer) ? parts.map { Array($0) } : nil
  }
}
