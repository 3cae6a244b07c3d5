import CZlib
import Synchronization

/// The stored (uncompressed) entries of a zip archive, as PyTorch writes them; zip64 is understood.
///
/// Everything that the directory claims is proven against the file's size before it is used: extents lie inside the
/// file, do not overlap, and local headers agree with the directory. Bytes are checked against their CRC-32 the first
/// time an entry is read.
final class ZipArchive: Sendable {
  /// One entry.
  struct Entry: Sendable {
    /// The name, for instance `checkpoint/data/0`.
    let name: String
    /// Position of the first byte of content in the file.
    let offset: Int
    /// Bytes of content.
    let size: Int
    /// CRC-32 of the content.
    let checksum: UInt32
  }

  /// The file.
  let file: ByteFile
  /// The entries by name.
  let entries: [String: Entry]
  private let checked = Mutex<Set<String>>([])

  /// Reads and validates the directory.
  init(file: ByteFile) throws {
    self.file = file
    entries = try ZipDirectory(file: file).entries()
  }

  /// Returns bytes of an entry, after the whole entry was proven against its CRC-32.
  func read(_ entry: Entry, at offset: Int = 0, count: Int? = nil) throws -> [UInt8] {
    let count = count ?? entry.size
    precondition(offset >= 0 && count >= 0 && offset <= entry.size && count <= entry.size - offset)
    if count == entry.size {
      let bytes = try file.read(at: entry.offset, count: count)
      try note(entry, checksum: Self.checksum(of: bytes, continuing: 0))
      return bytes
    }
    if !checked.withLock({ $0.contains(entry.name) }) {
      var checksum: UInt32 = 0
      try file.forEachPiece(at: entry.offset, count: entry.size) { piece in
        checksum = Self.checksum(of: piece, continuing: checksum)
      }
      try note(entry, checksum: checksum)
    }
    return try file.read(at: entry.offset + offset, count: count)
  }

  private func note(_ entry: Entry, checksum: UInt32) throws {
    guard checksum == entry.checksum else {
      throw CheckpointError.checksumMismatch(
        file: file.path, entry: entry.name, expected: entry.checksum, actual: checksum)
    }
    checked.withLock { _ = $0.insert(entry.name) }
  }

  private static func checksum(of bytes: [UInt8], continuing checksum: UInt32) -> UInt32 {
    bytes.withUnsafeBufferPointer { buffer in
      UInt32(truncatingIfNeeded: crc32_z(UInt(checksum), buffer.baseAddress, buffer.count))
    }
  }
}
