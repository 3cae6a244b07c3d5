import Foundation
import Synchronization

/// Keeps content in a folder, within a limit, for this program's next run. Never needed: whatever goes wrong with a file
/// or the disk, content is then simply not kept or not found, and has to be computed again.
///
/// Files that were not used for longest go first. Two processes may share a folder. Any thread may use a store.
public final class CacheStore: Sendable {
  /// How much may be kept.
  public struct Limits: Sendable, Equatable {
    /// The most bytes in the folder; `nil` for a quarter of what the disk has free for it.
    public var bytes: Int?
    /// Bytes of the disk that are always left free; `nil` for a twentieth of the disk, at least 1 GiB.
    public var reserveBytes: Int?
    /// Files that were not used for so many days go.
    public var days: Double

    /// Creates limits.
    public init(bytes: Int? = nil, reserveBytes: Int? = nil, days: Double = 30) {
      self.bytes = bytes
      self.reserveBytes = reserveBytes
      self.days = days
    }

    /// The most bytes that a folder may hold now.
    ///
    /// - Parameters:
    ///   - used: Bytes that it holds.
    ///   - disk: The disk's free bytes and size, if known.
    /// - Returns: Bytes.
    public func allowedBytes(used: Int, disk: (free: Int, size: Int)?) -> Int {
      // What cannot be measured is taken as full.
      guard let disk else { return 0 }
      let reserve = reserveBytes ?? max(1 << 30, disk.size / 20)
      return max(0, min(bytes ?? (disk.free + used) / 4, disk.free + used - reserve))
    }
  }

  /// What a store did.
  public struct Counts: Sendable, Equatable {
    /// Files that were read.
    public var hits = 0
    /// Files that were not there.
    public var misses = 0
    /// Files that were not what was written, and were removed.
    public var damaged = 0
    /// Files that were written.
    public var written = 0
    /// Files that were not written for lack of room, or because the disk refused.
    public var refused = 0
  }

  /// The folder.
  public let folder: CacheFolder
  /// How much may be kept.
  public let limits: Limits

  private struct State {
    var counts = Counts()
    /// Files of this run: they are not evicted for others of this run, since whoever keeps more than fits in a circle
    /// keeps nothing.
    var own: Set<String> = []
    /// Bytes a second that files are read with; `nil` until one was.
    var readRate: Double?
    /// After a refusal nothing is written until then.
    var silentUntil = ContinuousClock.now
  }

  private let operations: CacheFile.Operations
  private let state = Mutex(State())

  /// Nothing is written for so long after the disk refused.
  static let secondsAfterRefusal = 60
  /// Files below this size say nothing about the disk's rate.
  static let smallestMeasuredBytes = 1 << 20

  /// Creates a store.
  ///
  /// - Parameters:
  ///   - folder: Where files go; made when the first is written.
  ///   - limits: How much may be kept.
  public convenience init(folder: CacheFolder, limits: Limits = Limits()) {
    self.init(folder: folder, limits: limits, operations: CacheFile.Operations())
  }

  init(folder: CacheFolder, limits: Limits, operations: CacheFile.Operations) {
    self.folder = folder
    self.limits = limits
    self.operations = operations
  }

  /// What the store did.
  public var counts: Counts { state.withLock { $0.counts } }

  /// Bytes a second at which files are read and checked, from the last reads; `nil` until one was.
  public var readRate: Double? { state.withLock { $0.readRate } }

  /// Takes a rate for measured, or forgets it.
  func assume(readRate: Double?) { state.withLock { $0.readRate = readRate } }

  /// Whether there is a file for a key. It can be gone, or prove damaged, when it is read.
  public func contains(_ key: CacheKey) -> Bool { access(folder.file(key.fileName), R_OK) == 0 }

  /// Reads content into memory.
  ///
  /// - Parameters:
  ///   - key: What is wanted.
  ///   - parts: Memory for the content; its bytes are undefined when false is returned or something is thrown.
  ///   - observer: Called now and then with the share that is done.
  /// - Returns: Whether the content is there, every byte as it was written.
  /// - Throws: What the observer throws, and nothing else.
  public func read(
    _ key: CacheKey, into parts: [UnsafeMutableRawBufferPointer], observer: (Double) throws -> Void = { _ in }
  ) throws -> Bool {
    try read(key, makeParts: { _ in parts }, observer: observer)
  }

  /// Reads content of unknown size.
  ///
  /// - Parameters:
  ///   - key: What is wanted.
  ///   - limit: The most bytes.
  /// - Returns: The content, if it is there, every byte as it was written.
  public func content(_ key: CacheKey, limit: Int) -> [UInt8]? {
    var memory: UnsafeMutableRawBufferPointer?
    defer { memory?.deallocate() }
    let isThere = try? read(
      key,
      makeParts: { bytes in
        guard bytes <= limit else { throw CacheError.damaged(path: key.fileName, reason: "\(bytes) bytes") }
        let room = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes, alignment: 16)
        memory = room
        return [room]
      }, observer: { _ in })
    guard isThere == true, let memory else { return nil }
    return Array(memory)
  }

  /// Writes content, if there is room for it or can be made.
  ///
  /// - Parameters:
  ///   - key: What the content is of.
  ///   - parts: The content.
  ///   - shouldGoOn: Called after every mebibyte; false ends the writing.
  /// - Returns: Whether the content is kept now.
  /// - Throws: What `shouldGoOn` throws, and nothing else.
  @discardableResult
  public func write(
    _ key: CacheKey, parts: [UnsafeRawBufferPointer], shouldGoOn: () throws -> Bool = { true }
  ) throws -> Bool {
    guard state.withLock({ $0.silentUntil <= .now }) else { return false }
    do {
      guard makeRoom(bytes: parts.reduce(8192) { $0 + $1.count }) else {
        state.withLock { $0.counts.refused += 1 }
        return false
      }
      try folder.make()
      guard try CacheFile.write(parts, key: key, folder: folder, operations: operations, shouldGoOn: shouldGoOn) else {
        return false
      }
      state.withLock {
        $0.counts.written += 1
        $0.own.insert(key.fileName)
      }
      return true
    } catch is CacheError {
      state.withLock {
        $0.counts.refused += 1
        $0.silentUntil = .now + .seconds(Self.secondsAfterRefusal)
      }
      return false
    }
  }

  /// Finds out how fast the disk is, by a file that is written, taken out of the system's memory, read, and removed.
  ///
  /// - Returns: Bytes a second; `nil` when the disk refuses.
  @discardableResult
  public func measureReadRate() -> Double? {
    let bytes = 16 << 20
    let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes, alignment: 64)
    defer { memory.deallocate() }
    memory.initializeMemory(as: UInt64.self, repeating: 0x5A5A_A5A5_0FF0_F00F)
    let key = CacheKey(scan: "rate", facts: ["\(getpid())"])
    defer { unlink(folder.file(key.fileName)) }
    guard (try? write(key, parts: [UnsafeRawBufferPointer(memory)])) == true else { return nil }
    let file = open(folder.file(key.fileName), O_RDONLY | O_CLOEXEC)
    if file >= 0 {
      fdatasync(file)
      posix_fadvise(file, 0, 0, POSIX_FADV_DONTNEED)
      close(file)
    }
    assume(readRate: nil)
    guard (try? read(key, into: [memory])) == true else { return nil }
    return readRate
  }

  private func read(
    _ key: CacheKey, makeParts: (Int) throws -> [UnsafeMutableRawBufferPointer], observer: (Double) throws -> Void
  ) throws -> Bool {
    let start = ContinuousClock.now
    var bytes = 0
    do {
      let isThere = try CacheFile.read(
        key, folder: folder,
        into: {
          bytes = $0
          return try makeParts($0)
        }, observer: observer)
      let duration = (ContinuousClock.now - start).components
      let rate = Double(bytes) / max(1e-6, Double(duration.seconds) + Double(duration.attoseconds) * 1e-18)
      state.withLock { state in
        guard isThere else {
          state.counts.misses += 1
          return
        }
        state.counts.hits += 1
        state.own.insert(key.fileName)
        if bytes >= Self.smallestMeasuredBytes { state.readRate = ((state.readRate ?? rate) + rate) / 2 }
      }
      return isThere
    } catch let error as CacheError {
      // A damaged file serves nobody; one that cannot be read now may be good.
      if case .damaged = error { unlink(folder.file(key.fileName)) }
      state.withLock { $0.counts.damaged += 1 }
      return false
    }
  }

  /// Removes what is too old, and of the rest what was not used for longest, until there is room.
  private func makeRoom(bytes: Int) -> Bool {
    folder.removeStale()
    let (own, now) = (state.withLock { $0.own }, Date().timeIntervalSince1970)
    var entries = folder.entries
    let isOld = entries.map { now - $0.lastUse > limits.days * 86_400 }
    for (entry, isOld) in zip(entries, isOld) where isOld { unlink(folder.file(entry.name)) }
    entries = zip(entries, isOld).filter { !$0.1 }.map(\.0)
    let used = entries.reduce(0) { $0 + $1.bytes }
    let excess = used + bytes - limits.allowedBytes(used: used, disk: folder.disk)
    if excess <= 0 { return true }
    var going: [CacheFolder.Entry] = []
    var freed = 0
    for entry in entries where freed < excess && !own.contains(entry.name) {
      going.append(entry)
      freed += entry.bytes
    }
    guard freed >= excess else { return false }
    for entry in going { unlink(folder.file(entry.name)) }
    return true
  }
}
