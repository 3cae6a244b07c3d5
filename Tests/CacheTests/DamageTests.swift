import Foundation
import Synchronization
import Testing

@testable import Cache

private let sizes = content(0).map(\.count)

@Suite("What is kept on disk")
struct CacheStoreTests {
  @Test("Comes back byte for byte, is for the owner's eyes only, and is found by what it is of")
  func roundTrip() throws {
    let place = Place()
    let store = place.store()
    #expect(try store.get(key(1), sizes: sizes) == nil)
    #expect(try store.put(key(1), content(1)))
    #expect(try store.put(key(2), content(2)))
    #expect(try store.get(key(1), sizes: sizes) == content(1))
    #expect(try place.store().get(key(2), sizes: sizes) == content(2))
    #expect(try store.get(key(3), sizes: sizes) == nil)
    #expect(store.counts == .init(hits: 1, misses: 2, damaged: 0, written: 2, refused: 0))
    for (path, mode) in [(place.file(key(1)), 0o600), (place.folder.path, 0o700), (place.path + "/canalis", 0o700)] {
      let attributes = try FileManager.default.attributesOfItem(atPath: path)
      #expect((attributes[.posixPermissions] as? Int) == mode, "\(path)")
    }
    #expect(place.folder.entries.map(\.scan) == [String(scanHash.prefix(12)), String(scanHash.prefix(12))])
  }

  @Test("Comes back whole when only its largest size is known")
  func unknownSize() throws {
    let place = Place()
    let store = place.store()
    for bytes in [[], [5], content(1)[0]] as [[UInt8]] {
      try store.put(key(bytes.count), [bytes])
      #expect(store.content(key(bytes.count), limit: bytes.count) == bytes)
    }
    #expect(store.content(key(1_500_001), limit: 1_500_000) == nil)
  }

  @Test("Is not found when its file was truncated anywhere, and the file is removed")
  func truncated() throws {
    let place = Place()
    let store = place.store()
    try store.put(key(1), content(1))
    let whole = try Data(contentsOf: URL(fileURLWithPath: place.file(key(1))))
    for length in [0, 1, 63, 64, 4095, 4096, 4097, 1_000_000, whole.count - 1] {
      try whole.prefix(length).write(to: URL(fileURLWithPath: place.file(key(1))))
      #expect(try store.get(key(1), sizes: sizes) == nil, "\(length)")
      #expect(!store.contains(key(1)), "\(length)")
    }
    try (whole + [0]).write(to: URL(fileURLWithPath: place.file(key(1))))
    #expect(try store.get(key(1), sizes: sizes) == nil)
    #expect(store.counts.damaged == 10)
    try whole.write(to: URL(fileURLWithPath: place.file(key(1))))
    #expect(try store.get(key(1), sizes: sizes) == content(1))
  }

  @Test("Is not found when one bit of its file was flipped, wherever it matters")
  func bitFlipped() throws {
    let place = Place()
    let store = place.store()
    try store.put(key(1), content(1))
    let whole = try Data(contentsOf: URL(fileURLWithPath: place.file(key(1))))
    let places = [0, 8, 12, 16, 20, 24, 55, 56, 60, 64, 68, 72, 76, 80, 4095, 4096, 500_000, whole.count - 1]
    for place0 in places {
      var damaged = whole
      damaged[place0] ^= 1 << UInt8(place0 % 8)
      try damaged.write(to: URL(fileURLWithPath: place.file(key(1))))
      #expect(try store.get(key(1), sizes: sizes) == nil, "byte \(place0)")
    }
    #expect(store.counts.damaged == places.count)
  }

  @Test("Is not found under another name, nor with another size")
  func mistaken() throws {
    let place = Place()
    let store = place.store()
    try store.put(key(1), content(1))
    try FileManager.default.copyItem(atPath: place.file(key(1)), toPath: place.file(key(2)))
    #expect(try store.get(key(2), sizes: sizes) == nil)
    #expect(try store.get(key(1), sizes: [1_500_001, 0, 3, 70_001]) == nil)
    // A folder, a link, a pipe of that name.
    try FileManager.default.createDirectory(atPath: place.file(key(3)), withIntermediateDirectories: false)
    try FileManager.default.createSymbolicLink(atPath: place.file(key(4)), withDestinationPath: "/dev/zero")
    #expect(mkfifo(place.file(key(5)), 0o600) == 0)
    for number in 3...5 { #expect(try store.get(key(number), sizes: sizes) == nil) }
    #expect(place.folder.entries.isEmpty)
  }

  @Test("Does not come back when folder and files vanish at any moment, and can be kept again")
  func deletedUnderFoot() throws {
    let place = Place()
    let store = place.store()
    try store.put(key(1), content(1))
    // While it is read: the open file goes on.
    let read = try store.get(key(1), sizes: sizes) { _ in try? FileManager.default.removeItem(atPath: place.path) }
    #expect(read == content(1))
    #expect(try store.get(key(1), sizes: sizes) == nil)
    // While it is written: it cannot get its name.
    #expect(
      try !store.put(key(1), content(1)) {
        try? FileManager.default.removeItem(atPath: place.path)
        return true
      })
    #expect(store.counts.refused == 1)
    #expect(try place.store().put(key(1), content(1)))
    #expect(try store.get(key(1), sizes: sizes) == content(1))
  }

  @Test("Is given up when the disk is full, leaves nothing behind, and the disk is left alone for a while")
  func fullDisk() throws {
    for failing in [0, 1, 2, 3] {
      let place = Place()
      let calls = Mutex(0)
      let operations = CacheFile.Operations(write: { file, bytes, count, offset in
        let call = calls.withLock { calls in
          defer { calls += 1 }
          return calls
        }
        if call < failing { return pwrite(file, bytes, count, offset) }
        errno = ENOSPC
        return -1
      })
      let store = place.store(operations: operations)
      #expect(try !store.put(key(1), content(1)))
      #expect(place.names.isEmpty && store.counts.refused == 1)
      let after = calls.withLock { $0 }
      #expect(try !store.put(key(2), content(2)))
      #expect(calls.withLock { $0 } == after, "a full disk is not asked again at once")
      #expect(try store.get(key(1), sizes: sizes) == nil)
    }
  }

  @Test("Is written whole by a disk that takes a little at a time")
  func shortWrites() throws {
    let place = Place()
    let isInterrupted = Mutex(false)
    let operations = CacheFile.Operations(write: { file, bytes, count, offset in
      let interrupts = isInterrupted.withLock { flag in
        flag.toggle()
        return flag
      }
      if interrupts {
        errno = EINTR
        return -1
      }
      return pwrite(file, bytes, min(count, 99_999), offset)
    })
    let store = place.store(operations: operations)
    #expect(try store.put(key(1), content(1)))
    #expect(try store.get(key(1), sizes: sizes) == content(1))
  }

  @Test("Is given up where nothing may be written")
  func unwritable() throws {
    let place = Place()
    // A file where a folder should be refuses everyone, the superuser too.
    try FileManager.default.createDirectory(atPath: place.path, withIntermediateDirectories: true)
    try Data().write(to: URL(fileURLWithPath: place.path + "/canalis"))
    let store = place.store()
    #expect(try !store.put(key(1), content(1)))
    #expect(try store.get(key(1), sizes: sizes) == nil)
    #expect(store.measureReadRate() == nil)
    #expect(place.folder.entries.isEmpty)
    #expect(try place.folder.remove().isEmpty)
  }

  @Test("Ends when whoever waits no longer wants it: nothing half-written is left, nothing half-read is believed")
  func cancelled() throws {
    let place = Place()
    let store = place.store()
    #expect(try !store.put(key(1), content(1)) { false })
    #expect(throws: CancellationError.self) { try store.put(key(1), content(1)) { throw CancellationError() } }
    #expect(place.names.isEmpty)
    #expect(try store.put(key(1), content(1)))
    #expect(throws: CancellationError.self) {
      try store.get(key(1), sizes: sizes) { _ in throw CancellationError() }
    }
    #expect(try store.get(key(1), sizes: sizes) == content(1))
  }

  @Test("Is true or absent while several write, read, evict and delete the same files")
  func manyAtOnce() throws {
    let place = Place()
    let stores = (0..<4).map { _ in place.store(bytes: 8_000_000) }
    let wrong = Mutex(0)
    let right = Mutex(0)
    DispatchQueue.concurrentPerform(iterations: 8) { worker in
      for round in 0..<12 {
        let number = (worker * 5 + round * 3) % 6
        let store = stores[worker % 4]
        switch (worker + round) % 4 {
        case 0, 1:
          _ = try? store.put(key(number), content(number))
        case 2:
          if let found = try? store.get(key(number), sizes: sizes) {
            if found == content(number) { right.withLock { $0 += 1 } } else { wrong.withLock { $0 += 1 } }
          }
        default:
          unlink(place.file(key(number)))
        }
      }
    }
    print("\(right.withLock { $0 }) reads found their content")
    #expect(wrong.withLock { $0 } == 0)
    #expect(place.names.allSatisfy { $0.hasSuffix(".kept") })
    #expect(stores.allSatisfy { $0.counts.damaged == 0 })
  }
}
