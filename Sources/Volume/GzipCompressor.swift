import CZlib

/// Compresses bytes to gzip as they come, with no name and no time stamp: the same bytes give the same file.
final class GzipCompressor {
  private let stream = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)
  private var output = [UInt8](repeating: 0, count: 1 << 18)

  /// Prepares to compress.
  ///
  /// - Parameter level: 1, fastest, to 9, smallest.
  init(level: Int32 = 6) {
    stream.initialize(to: z_stream())
    let result = canalis_deflate_gzip_begin(stream, level)
    precondition(result == Z_OK, "zlib is the version it was compiled for and its few hundred kilobytes are there")
  }

  deinit {
    deflateEnd(stream)
    stream.deallocate()
  }

  /// Compresses more bytes.
  ///
  /// - Parameters:
  ///   - bytes: The next bytes.
  ///   - isLast: Whether these are the last; then the checksum follows.
  ///   - write: Called with compressed bytes, perhaps several times, perhaps never.
  func compress(_ bytes: UnsafeRawBufferPointer, isLast: Bool, write: (UnsafeRawBufferPointer) throws -> Void) rethrows
  {
    var rest = bytes[...]
    repeat {
      // zlib counts in 32 bits.
      let piece = UnsafeRawBufferPointer(rebasing: rest.prefix(1 << 30))
      rest = rest.dropFirst(piece.count)
      let flush = isLast && rest.isEmpty ? Z_FINISH : Z_NO_FLUSH
      // deflate only reads its input; its interface lacks the const.
      stream.pointee.next_in = UnsafeMutablePointer(mutating: piece.bindMemory(to: UInt8.self).baseAddress)
      stream.pointee.avail_in = UInt32(piece.count)
      try output.withUnsafeMutableBytes { buffer in
        repeat {
          stream.pointee.next_out = buffer.bindMemory(to: UInt8.self).baseAddress
          stream.pointee.avail_out = UInt32(buffer.count)
          deflate(stream, flush)
          let count = buffer.count - Int(stream.pointee.avail_out)
          if count > 0 { try write(UnsafeRawBufferPointer(rebasing: buffer[..<count])) }
        } while stream.pointee.avail_out == 0
      }
    } while !rest.isEmpty
  }

  /// Compresses bytes at once.
  static func compressed(_ bytes: [UInt8]) -> [UInt8] {
    var result: [UInt8] = []
    bytes.withUnsafeBytes { GzipCompressor().compress($0, isLast: true) { result.append(contentsOf: $0) } }
    return result
  }
}
