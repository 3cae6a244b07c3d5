/// The central directory of a zip archive (APPNOTE 6.3, sections 4.3 and 4.5.3).
struct ZipDirectory {
  private let file: ByteFile
  private static let endSize = 22
  private static let longLocatorSize = 20
  private static let longEndSize = 56
  private static let headerSize = 46
  private static let localSize = 30
  private static let sizeLimit = 64 << 20

  /// Prepares to read the directory of a file.
  init(file: ByteFile) {
    self.file = file
  }

  /// A directory's own place in the file.
  private struct Extent {
    var offset: Int
    var size: Int
    var count: Int
  }

  /// What a directory header says of an entry.
  private struct Header {
    var name: String
    var nameBytes: [UInt8]
    var size: Int
    var checksum: UInt32
    var localOffset: Int
  }

  /// The numbers of a header that zip64 may move to an extra field, in the order in which they stand there.
  private struct Sizes {
    var unpacked: UInt64
    var packed: UInt64
    var offset: UInt64
  }

  /// Returns the validated entries by name.
  func entries() throws -> [String: ZipArchive.Entry] {
    let extent = try findDirectory()
    let bytes = try file.read(at: extent.offset, count: extent.size)
    var reader = ByteReader(bytes)
    var headers: [Header] = []
    for _ in 0..<extent.count {
      headers.append(try readHeader(&reader))
    }
    guard reader.isAtEnd else { throw damaged(nil, "its directory is longer than its entries") }

    var entries: [String: ZipArchive.Entry] = [:]
    var end = 0
    for header in headers.sorted(by: { $0.localOffset < $1.localOffset }) {
      guard header.localOffset >= end else { throw damaged(header.name, "it overlaps another entry") }
      let offset = try contentOffset(of: header, before: extent.offset)
      end = offset + header.size
      let entry = ZipArchive.Entry(
        name: header.name, offset: offset, size: header.size, checksum: header.checksum)
      guard entries.updateValue(entry, forKey: header.name) == nil else {
        throw damaged(header.name, "the name occurs twice")
      }
    }
    return entries
  }

  private func findDirectory() throws -> Extent {
    let window = min(file.size, Self.endSize + 65535)
    let tailOffset = file.size - window
    let tail = try file.read(at: tailOffset, count: window)
    var position = window - Self.endSize
    while position >= 0 {
      if tail[position] == 0x50, tail[position + 1] == 0x4B, tail[position + 2] == 5, tail[position + 3] == 6 {
        var reader = ByteReader(tail, at: position + 20)
        if let comment = reader.unsigned16(), position + Self.endSize + Int(comment) == window { break }
      }
      position -= 1
    }
    guard position >= 0 else { throw damaged(nil, "it has no directory; the file is cut off") }

    var reader = ByteReader(tail, at: position + 4)
    guard let disk = reader.unsigned16(), let directoryDisk = reader.unsigned16(), let here = reader.unsigned16(),
      let total = reader.unsigned16(), let size = reader.unsigned32(), let offset = reader.unsigned32()
    else { throw damaged(nil, "its directory record is cut off") }
    let endOffset = tailOffset + position
    if total == 0xFFFF || size == 0xFFFF_FFFF || offset == 0xFFFF_FFFF,
      let long = try readLongEnd(before: endOffset)
    {
      return long
    }
    guard disk == 0, directoryDisk == 0, here == total else { throw damaged(nil, "it is split over several disks") }
    return try proven(offset: UInt64(offset), size: UInt64(size), count: UInt64(total), end: endOffset)
  }

  private func readLongEnd(before endOffset: Int) throws -> Extent? {
    guard endOffset >= Self.longLocatorSize else { return nil }
    var locator = ByteReader(
      try file.read(at: endOffset - Self.longLocatorSize, count: Self.longLocatorSize))
    guard locator.unsigned32() == 0x0706_4B50 else { return nil }
    guard locator.unsigned32() == 0, let position = locator.unsigned64(), locator.unsigned32() == 1,
      let offset = Int(exactly: position), offset <= endOffset - Self.longLocatorSize - Self.longEndSize
    else { throw damaged(nil, "its zip64 locator points outside the file") }
    var reader = ByteReader(try file.read(at: offset, count: Self.longEndSize))
    guard reader.unsigned32() == 0x0606_4B50, reader.skip(12), reader.unsigned32() == 0, reader.unsigned32() == 0,
      let here = reader.unsigned64(), let total = reader.unsigned64(), here == total,
      let size = reader.unsigned64(), let start = reader.unsigned64()
    else { throw damaged(nil, "its zip64 directory record is broken") }
    return try proven(offset: start, size: size, count: total, end: offset)
  }

  private func proven(offset: UInt64, size: UInt64, count: UInt64, end: Int) throws -> Extent {
    guard let offset = Int(exactly: offset), let size = Int(exactly: size), let count = Int(exactly: count),
      offset <= end, size <= end - offset
    else { throw damaged(nil, "its directory lies outside the file") }
    guard size <= Self.sizeLimit else {
      throw CheckpointError.limitExceeded(
        file: file.path, what: "the archive's directory of \(size) bytes", limit: Self.sizeLimit)
    }
    guard count <= size / Self.headerSize else { throw damaged(nil, "its directory is too short for its entries") }
    return Extent(offset: offset, size: size, count: count)
  }

  private func readHeader(_ reader: inout ByteReader) throws -> Header {
    guard reader.unsigned32() == 0x0201_4B50, reader.skip(4), let flags = reader.unsigned16(),
      let method = reader.unsigned16(), reader.skip(4), let checksum = reader.unsigned32(),
      let packed = reader.unsigned32(), let unpacked = reader.unsigned32(), let nameLength = reader.unsigned16(),
      let extraLength = reader.unsigned16(), let commentLength = reader.unsigned16(), reader.skip(8),
      let localOffset = reader.unsigned32(), let nameBytes = reader.bytes(Int(nameLength)),
      let extra = reader.bytes(Int(extraLength)), reader.skip(Int(commentLength))
    else { throw damaged(nil, "its directory is broken") }
    guard let name = String(validating: nameBytes, as: UTF8.self) else {
      throw damaged(nil, "an entry's name is not UTF-8")
    }
    guard flags & 1 == 0 else { throw damaged(name, "it is encrypted") }
    guard method == 0 else {
      throw damaged(name, "it is compressed (method \(method)), expected stored as PyTorch writes it")
    }
    var sizes = Sizes(unpacked: UInt64(unpacked), packed: UInt64(packed), offset: UInt64(localOffset))
    try readLongSizes(extra, name: name, into: &sizes)
    guard sizes.packed == sizes.unpacked else { throw damaged(name, "its stored and real sizes differ") }
    guard let size = Int(exactly: sizes.unpacked), let offset = Int(exactly: sizes.offset), size <= file.size,
      offset <= file.size
    else { throw damaged(name, "it lies outside the file") }
    return Header(name: name, nameBytes: nameBytes, size: size, checksum: checksum, localOffset: offset)
  }

  private func readLongSizes(_ extra: [UInt8], name: String, into sizes: inout Sizes) throws {
    var reader = ByteReader(extra)
    while let tag = reader.unsigned16(), let length = reader.unsigned16() {
      guard let content = reader.bytes(Int(length)) else { throw damaged(name, "its extra fields are broken") }
      guard tag == 1 else { continue }
      var long = ByteReader(content)
      for path in [\Sizes.unpacked, \.packed, \.offset] where sizes[keyPath: path] == 0xFFFF_FFFF {
        guard let value = long.unsigned64() else { throw damaged(name, "its zip64 sizes are broken") }
        sizes[keyPath: path] = value
      }
      return
    }
  }

  private func contentOffset(of header: Header, before limit: Int) throws -> Int {
    let room = limit - header.localOffset
    guard room >= Self.localSize else { throw damaged(header.name, "it lies outside the file") }
    var reader = ByteReader(
      try file.read(at: header.localOffset, count: min(room, Self.localSize + header.nameBytes.count)))
    guard reader.unsigned32() == 0x0403_4B50, reader.skip(22), let nameLength = reader.unsigned16(),
      let extraLength = reader.unsigned16(), Int(nameLength) == header.nameBytes.count,
      reader.bytes(Int(nameLength)) == header.nameBytes
    else { throw damaged(header.name, "its local header does not agree with the directory") }
    let before = Self.localSize + Int(nameLength) + Int(extraLength)
    guard before <= room, header.size <= room - before else {
      throw damaged(header.name, "it lies outside the file")
    }
    return header.localOffset + before
  }

  private func damaged(_ entry: String?, _ problem: String) -> CheckpointError {
    .damagedArchive(file: file.path, entry: entry, problem: problem)
  }
}
