import CZlib
import Foundation

/// One kept file: a header with a checksum for each block, then the blocks.
///
///     0   "CANALISK"                       8 bytes
///     8   version of this layout           UInt32
///     12  bytes of a block                 UInt32
///     16  bytes of the content             UInt64
///     24  SHA-256 of what decides the content
///     56  CRC-32 of the rest of the header UInt32
///     60  zero                             UInt32
///     64  CRC-32 of each block             UInt32 each
///         the content, from the next multiple of 4096 on
///
/// All numbers are little-endian. The content is cut into parts; each part into blocks of its own, the last one shorter.
/// CRC-32 (zlib's) runs at several times the speed of SHA-256: what is kept must be read faster than it is computed.
enum CacheFile {
  /// The version of the layout.
  static let version: UInt32 = 1
  /// Bytes of a block.
  static let blockBytes = 1 << 20

  private static let magic = Array("CANALISK".utf8)
  private static let tableOffset = 64
  private static let alignment = 4096
  /// Blocks that are read between two calls of the observer.
  private static let blocksAtOnce = 8

  /// What the disk does, so that tests can have it fail.
  struct Operations: Sendable {
    /// `pwrite(2)`.
    var write: @Sendable (Int32, UnsafeRawPointer?, Int, off_t) -> Int = { pwrite($0, $1, $2, $3) }
    /// `rename(2)`.
    var rename: @Sendable (String, String) -> Int32 = { Foundation.rename($0, $1) }
  }

  /// A block of the content.
  private struct Block {
    let part: Int
    let range: Range<Int>
    let fileOffset: Int
  }

  /// Where everything lies in a file whose content has parts of these sizes.
  private struct Layout {
    var blocks: [Block] = []
    let contentBytes: Int
    let headerBytes: Int
    var fileBytes: Int { headerBytes + contentBytes }

    init(partBytes: [Int]) {
      let count = partBytes.reduce(0) { $0 + ($1 + blockBytes - 1) / blockBytes }
      headerBytes = (tableOffset + 4 * count + alignment - 1) / alignment * alignment
      contentBytes = partBytes.reduce(0, +)
      var offset = headerBytes
      for (part, bytes) in partBytes.enumerated() {
        for start in stride(from: 0, to: bytes, by: blockBytes) {
          let range = start..<min(bytes, start + blockBytes)
          blocks.append(Block(part: part, range: range, fileOffset: offset))
          offset += range.count
        }
      }
    }

    func header(digest: [UInt8], checksums: [UInt32]) -> [UInt8] {
      var bytes = [UInt8](repeating: 0, count: headerBytes)
      func put<Number: FixedWidthInteger>(_ number: Number, at place: Int) {
        withUnsafeBytes(of: number.littleEndian) { bytes.replaceSubrange(place..<place + $0.count, with: $0) }
      }
      bytes.replaceSubrange(0..<8, with: magic)
      put(version, at: 8)
      put(UInt32(blockBytes), at: 12)
      put(UInt64(contentBytes), at: 16)
      bytes.replaceSubrange(24..<56, with: digest)
      for (index, checksum) in checksums.enumerated() { put(checksum, at: tableOffset + 4 * index) }
      put(headerChecksum(bytes), at: 56)
      return bytes
    }
  }

  /// Writes a file. It has mode 0600 and appears under its name whole, or not at all. It is not synced: what a power
  /// cut leaves of it does not match its checksums.
  ///
  /// - Parameters:
  ///   - parts: The content.
  ///   - key: What the content is of.
  ///   - folder: Where the file goes; exists.
  ///   - operations: What the disk does.
  ///   - shouldGoOn: Called between blocks; false ends the writing.
  /// - Returns: Whether the file was written to its end.
  /// - Throws: `CacheError.system`, or what `shouldGoOn` throws.
  static func write(
    _ parts: [UnsafeRawBufferPointer], key: CacheKey, folder: CacheFolder, operations: Operations = Operations(),
    shouldGoOn: () throws -> Bool
  ) throws -> Bool {
    let layout = Layout(partBytes: parts.map(\.count))
    let temporary = folder.file(CacheFolder.partialName())
    let file = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
    guard file >= 0 else { throw CacheError.system("create a file there", folder.path) }
    var isOpen = true
    var isInPlace = false
    defer {
      if isOpen { close(file) }
      if !isInPlace { unlink(temporary) }
    }
    var checksums: [UInt32] = []
    for block in layout.blocks {
      guard try shouldGoOn() else { return false }
      let bytes = UnsafeRawBufferPointer(rebasing: parts[block.part][block.range])
      checksums.append(checksum(bytes))
      try write(bytes, at: block.fileOffset, to: file, path: temporary, operations)
    }
    try layout.header(digest: key.digestBytes, checksums: checksums).withUnsafeBytes {
      try write($0, at: 0, to: file, path: temporary, operations)
    }
    isOpen = false
    guard close(file) == 0 else { throw CacheError.system("write", temporary) }
    guard operations.rename(temporary, folder.file(key.fileName)) == 0 else {
      throw CacheError.system("rename the finished file", temporary)
    }
    isInPlace = true
    return true
  }

  /// Reads a file into memory, several blocks at once, and checks every byte. Marks the file as used.
  ///
  /// - Parameters:
  ///   - key: What the content must be of.
  ///   - folder: Where the file is.
  ///   - makeParts: Called with the bytes of the content; gives the memory to be filled, of that size altogether.
  ///   - observer: Called between groups of blocks with the share that is done; throws to end.
  /// - Returns: False when there is no such file.
  /// - Throws: `CacheError` for a file that cannot be read or is not what was written, or what the callers' functions
  ///   throw. The memory's content is undefined then.
  static func read(
    _ key: CacheKey, folder: CacheFolder, into makeParts: (Int) throws -> [UnsafeMutableRawBufferPointer],
    observer: (Double) throws -> Void
  ) throws -> Bool {
    let path = folder.file(key.fileName)
    let file = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY)
    guard file >= 0 else {
      if errno == ENOENT || errno == ENOTDIR { return false }
      throw CacheError.system("open it", path)
    }
    defer { close(file) }
    var status = stat()
    guard fstat(file, &status) == 0 else { throw CacheError.system("look at it", path) }
    guard status.st_mode & S_IFMT == S_IFREG else { throw CacheError.damaged(path: path, reason: "no regular file") }
    let start = try readBytes(tableOffset, from: file, path: path)
    let content = number(UInt64.self, start, at: 16)
    guard Array(start[0..<8]) == magic, number(UInt32.self, start, at: 8) == version,
      number(UInt32.self, start, at: 12) == UInt32(blockBytes), content <= UInt64(clamping: status.st_size)
    else { throw CacheError.damaged(path: path, reason: "its beginning") }
    guard Array(start[24..<56]) == key.digestBytes else {
      throw CacheError.damaged(path: path, reason: "it is of something else")
    }
    let parts = try makeParts(Int(content))
    let layout = Layout(partBytes: parts.map(\.count))
    guard layout.contentBytes == Int(content), layout.fileBytes == Int(status.st_size) else {
      throw CacheError.damaged(path: path, reason: "\(status.st_size) bytes instead of \(layout.fileBytes)")
    }
    let header = try readBytes(layout.headerBytes, from: file, path: path)
    guard number(UInt32.self, header, at: 56) == headerChecksum(header) else {
      throw CacheError.damaged(path: path, reason: "the checksum of its header")
    }
    for first in stride(from: 0, to: layout.blocks.count, by: blocksAtOnce) {
      try observer(Double(first) / Double(layout.blocks.count))
      let group = Array(layout.blocks[first..<min(first + blocksAtOnce, layout.blocks.count)])
      let good = goodBlocks(group, of: parts, file: file) {
        number(UInt32.self, header, at: tableOffset + 4 * (first + $0))
      }
      guard good else { throw CacheError.damaged(path: path, reason: "the checksum of a block") }
    }
    futimens(file, nil)
    return true
  }

  private static func goodBlocks(
    _ blocks: [Block], of parts: [UnsafeMutableRawBufferPointer], file: Int32, expected: (Int) -> UInt32
  ) -> Bool {
    let expected = blocks.indices.map(expected)
    var isGood = [Bool](repeating: false, count: blocks.count)
    isGood.withUnsafeMutableBufferPointer { isGood in
      // Each run writes its own block and its own slot only.
      nonisolated(unsafe) let isGood = isGood
      nonisolated(unsafe) let parts = parts
      DispatchQueue.concurrentPerform(iterations: blocks.count) { index in
        let block = blocks[index]
        let memory = UnsafeMutableRawBufferPointer(rebasing: parts[block.part][block.range])
        isGood[index] =
          read(memory, at: block.fileOffset, from: file) && checksum(UnsafeRawBufferPointer(memory)) == expected[index]
      }
    }
    return isGood.allSatisfy { $0 }
  }

  private static func checksum(_ bytes: UnsafeRawBufferPointer) -> UInt32 {
    UInt32(truncatingIfNeeded: crc32_z(0, bytes.bindMemory(to: UInt8.self).baseAddress, bytes.count))
  }

  /// The checksum of everything in a header but itself.
  private static func headerChecksum(_ header: [UInt8]) -> UInt32 {
    header.withUnsafeBytes { bytes in
      let first = crc32_z(0, bytes.bindMemory(to: UInt8.self).baseAddress, 56)
      let rest = UnsafeRawBufferPointer(rebasing: bytes[60...])
      return UInt32(
        truncatingIfNeeded: crc32_z(first, rest.bindMemory(to: UInt8.self).baseAddress, rest.count))
    }
  }

  private static func number<Number: FixedWidthInteger>(_ type: Number.Type, _ bytes: [UInt8], at place: Int) -> Number
  {
    Number(littleEndian: bytes.withUnsafeBytes { $0.loadUnaligned(fromByteOffset: place, as: type) })
  }

  private static func readBytes(_ count: Int, from file: Int32, path: String) throws -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: count)
    guard bytes.withUnsafeMutableBytes({ read($0, at: 0, from: file) }) else {
      throw CacheError.damaged(path: path, reason: "it ends early")
    }
    return bytes
  }

  /// Fills memory from a place in a file; false when the file ends before or cannot be read.
  private static func read(_ memory: UnsafeMutableRawBufferPointer, at offset: Int, from file: Int32) -> Bool {
    var done = 0
    while done < memory.count {
      let count = pread(file, memory.baseAddress.map { $0 + done }, memory.count - done, off_t(offset + done))
      if count < 0, errno == EINTR { continue }
      if count <= 0 { return false }
      done += count
    }
    return true
  }

  private static func write(
    _ bytes: UnsafeRawBufferPointer, at offset: Int, to file: Int32, path: String, _ operations: Operations
  ) throws {
    var done = 0
    while done < bytes.count {
      let count = operations.write(
        file, bytes.baseAddress.map { $0 + done }, bytes.count - done, off_t(offset + done))
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { throw CacheError.system("write", path) }
      done += count
    }
  }
}
