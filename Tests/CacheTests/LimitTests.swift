import Foundation
import Testing

@testable import Cache

@Suite("The limit on what is kept on disk")
struct LimitTests {
  private let megabyte = [[UInt8](repeating: 7, count: 1 << 20)]

  @Test("Has what was not used for longest go first")
  func leastRecentlyUsed() throws {
    let place = Place()
    for number in 0..<5 { try place.store().put(key(number), megabyte) }
    for number in 0..<5 { try place.age(key(number).fileName, days: Double(5 - number)) }
    // Reading is use.
    let store = place.store(bytes: 4_400_000)
    #expect(try store.get(key(0), sizes: [1 << 20]) == megabyte)
    #expect(try store.put(key(9), megabyte))
    let left = Set(place.names)
    #expect(left == Set([0, 3, 4, 9].map { key($0).fileName }))
  }

  @Test("Never has a run's own files go for others of the same run")
  func noCircle() throws {
    let place = Place()
    let store = place.store(bytes: 3_400_000)
    let kept = try (0..<6).map { try store.put(key($0), megabyte) }
    #expect(kept == [true, true, true, false, false, false])
    #expect(store.counts.refused == 3)
    // The next run's go first by age, then this run's.
    #expect(try place.store(bytes: 3_400_000).put(key(7), megabyte))
    #expect(place.names.count == 3)
  }

  @Test("Has files go that nobody used for a month, and what programs left that were killed")
  func age() throws {
    let place = Place()
    for number in 0..<3 { try place.store().put(key(number), megabyte) }
    try place.age(key(1).fileName, days: 31)
    for name in [".\(getpid())-old.partial", ".\(getpid())-new.partial", ".4194305-gone.partial"] {
      try Data([1]).write(to: URL(fileURLWithPath: place.folder.file(name)))
    }
    try place.age(".\(getpid())-old.partial", days: 0.5)
    try place.store().put(key(4), megabyte)
    #expect(Set(place.names) == Set([0, 2, 4].map { key($0).fileName } + [".\(getpid())-new.partial"]))
  }

  @Test("Leaves the disk its reserve, and is a quarter of what is free otherwise")
  func allowed() throws {
    let (mebibyte, gibibyte) = (1 << 20, 1 << 30)
    let limits = CacheStore.Limits()
    #expect(limits.allowedBytes(used: 0, disk: (free: 100 * gibibyte, size: 200 * gibibyte)) == 25 * gibibyte)
    #expect(
      limits.allowedBytes(used: 20 * gibibyte, disk: (free: 80 * gibibyte, size: 200 * gibibyte)) == 25 * gibibyte)
    // The reserve: a twentieth of a large disk, a gibibyte of a small one.
    #expect(limits.allowedBytes(used: 0, disk: (free: 11 * gibibyte, size: 200 * gibibyte)) == gibibyte)
    #expect(limits.allowedBytes(used: 0, disk: (free: 1100 * mebibyte, size: 4 * gibibyte)) == 76 * mebibyte)
    #expect(limits.allowedBytes(used: 5, disk: (free: 9 * gibibyte, size: 200 * gibibyte)) == 0)
    #expect(limits.allowedBytes(used: 0, disk: nil) == 0)
    let own = CacheStore.Limits(bytes: 5 * gibibyte)
    #expect(own.allowedBytes(used: 0, disk: (free: 100 * gibibyte, size: 200 * gibibyte)) == 5 * gibibyte)
    #expect(own.allowedBytes(used: 0, disk: (free: 12 * gibibyte, size: 200 * gibibyte)) == 2 * gibibyte)
    let place = Place()
    #expect(try !place.store(bytes: 0).put(key(0), megabyte))
    #expect(place.names.isEmpty)
    let disk = try #require(CacheFolder(path: place.path + "/not/there").disk)
    #expect(disk.free > 0 && disk.size >= disk.free)
  }

  @Test("Finds out how fast the disk is and leaves nothing of it")
  func rate() throws {
    let place = Place()
    let store = place.store()
    #expect(store.readRate == nil)
    let rate = try #require(store.measureReadRate())
    print(String(format: "reads with checksums at %.0f MB/s", rate / 1e6))
    #expect(rate > 1e6 && store.readRate == rate && place.names.isEmpty)
  }

  @Test("Can be seen and cleared, all or what is old")
  func clear() throws {
    let place = Place()
    let other = CacheKey(scan: "fedcba9876543210", facts: [])
    try place.store().put(key(1), megabyte)
    try place.store().put(other, megabyte)
    try place.age(other.fileName, days: 3)
    #expect(place.folder.entries.map(\.scan) == ["fedcba987654", "0123456789ab"])
    #expect(place.folder.entries.allSatisfy { $0.bytes > 1 << 20 && $0.bytes < 1 << 21 })
    let limit = Date().timeIntervalSince1970 - 86_400
    #expect(try place.folder.remove { $0.lastUse < limit }.map(\.name) == [other.fileName])
    // What is not ours stays.
    try Data([1]).write(to: URL(fileURLWithPath: place.folder.file("mine.txt")))
    #expect(try place.folder.remove().map(\.name) == [key(1).fileName])
    #expect(place.names == ["mine.txt"])
  }

  @Test("Is of a folder that the environment names")
  func location() {
    func path(_ environment: [String: String]) -> String? {
      CacheFolder.standard(.encodings, environment: environment)?.path
    }
    #expect(path(["XDG_CACHE_HOME": "/c", "HOME": "/h"]) == "/c/canalis/encodings")
    #expect(path(["XDG_CACHE_HOME": "c", "HOME": "/h"]) == "/h/.cache/canalis/encodings")
    #expect(path(["XDG_CACHE_HOME": "", "HOME": "/h"]) == "/h/.cache/canalis/encodings")
    #expect(path([:]) == nil)
    #expect(CacheFolder.standard(.masks, environment: ["HOME": "/h"])?.path == "/h/.cache/canalis/masks")
  }

  @Test("Tells facts apart that read alike")
  func keys() {
    let lists = [[], [""], ["", ""], ["ab"], ["a", "b"], ["1:a"], ["ab", ""], ["", "ab"]]
    #expect(Set(lists.map { CacheKey(scan: scanHash, facts: $0).digest }).count == lists.count)
    #expect(CacheKey(scan: scanHash, facts: []) != CacheKey(scan: "0123456789ab", facts: []))
    #expect(CacheKey(scan: "../../etc", facts: []).fileName.hasPrefix("other-"))
    #expect(CacheKey.scan(ofFileName: key(1).fileName) == "0123456789ab")
    for name in ["x.kept", "a-b.kept", "0123456789ab-" + String(repeating: "g", count: 64) + ".kept", "mine.txt"] {
      #expect(CacheKey.scan(ofFileName: name) == nil, "\(name)")
    }
  }

  @Test("Compressed content comes back, and nothing else is believed")
  func deflate() {
    for bytes in [[], [1], [UInt8](repeating: 0, count: 3_000_000), (0..<70_000).map { UInt8($0 * $0 % 251) }] {
      let packed = Deflate.compressed(bytes)
      #expect(Deflate.expanded(packed, limit: 3_000_000) == bytes)
      #expect(Deflate.expanded(packed, limit: bytes.count - 1) == nil || bytes.isEmpty)
      #expect(Deflate.expanded(Array(packed.dropLast()), limit: 3_000_000) == nil)
      var larger = packed
      larger[0] ^= 1
      #expect(Deflate.expanded(larger, limit: 3_000_000) == nil)
    }
    #expect(Deflate.expanded([], limit: 10) == nil)
    #expect(Deflate.expanded([255, 255, 255, 255, 255, 255, 255, 255, 1], limit: .max) == nil)
  }
}
