import CZlib

/// Compression of small content by zlib at its fastest.
public enum Deflate {
  /// Compresses bytes.
  ///
  /// - Parameter bytes: Any bytes.
  /// - Returns: Their number, 8 bytes little-endian, and zlib's stream.
  public static func compressed(_ bytes: [UInt8]) -> [UInt8] {
    var count = compressBound(uLong(bytes.count))
    var result = [UInt8](repeating: 0, count: 8 + Int(count))
    withUnsafeBytes(of: UInt64(bytes.count).littleEndian) { result.replaceSubrange(0..<8, with: $0) }
    let status = result.withUnsafeMutableBufferPointer { room in
      compress2(room.baseAddress.map { $0 + 8 }, &count, bytes, uLong(bytes.count), 1)
    }
    precondition(status == Z_OK, "zlib's bound is one, and its few hundred kilobytes are there")
    result.removeLast(result.count - 8 - Int(count))
    return result
  }

  /// Gives back what was compressed.
  ///
  /// - Parameters:
  ///   - bytes: What `compressed` returned.
  ///   - limit: The most bytes that may come.
  /// - Returns: The bytes; `nil` when they are not what was compressed, or more than the limit.
  public static func expanded(_ bytes: [UInt8], limit: Int) -> [UInt8]? {
    guard bytes.count >= 8 else { return nil }
    let number = UInt64(littleEndian: bytes.withUnsafeBytes { $0.loadUnaligned(as: UInt64.self) })
    // A stream of deflate is at most 1032 times as dense.
    guard let announced = Int(exactly: number), announced <= limit, announced / 1032 <= bytes.count else { return nil }
    // zlib makes nothing of whatever stream when there is no room.
    if announced == 0 { return bytes == compressed([]) ? [] : nil }
    var count = uLong(announced)
    var result = [UInt8](repeating: 0, count: announced)
    let status = bytes.withUnsafeBufferPointer { source in
      uncompress(&result, &count, source.baseAddress.map { $0 + 8 }, uLong(bytes.count - 8))
    }
    return status == Z_OK && count == uLong(announced) ? result : nil
  }
}
