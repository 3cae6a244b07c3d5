import CNIfTI
import Foundation

/// The bytes of one file, decompressed when it is gzip, read from the start to the end.
final class ByteSource {
  /// The most bytes that can come: the file's size, or for gzip 1032 times that, the densest that deflate can be.
  let maximumByteCount: Int
  /// Bytes read so far.
  private(set) var position = 0

  private let path: String
  private let isCompressed: Bool
  private let file: OpaquePointer

  /// Opens a file.
  ///
  /// - Parameter path: A regular file.
  /// - Throws: `VolumeError.system` or `.notARegularFile`.
  init(path: String) throws {
    self.path = path
    var status = stat()
    guard stat(path, &status) == 0 else { throw VolumeError.system(path: path, operation: "open it", code: errno) }
    guard status.st_mode & S_IFMT == S_IFREG else { throw VolumeError.notARegularFile(path: path) }
    isCompressed = try Self.beginsLikeGzip(path)
    let size = Int(status.st_size)
    maximumByteCount = isCompressed ? size.multipliedReportingOverflow(by: 1032).partialValue : size
    guard let opened = canalis_nifti_open(path, isCompressed ? 1 : 0) else {
      throw VolumeError.system(path: path, operation: "open it", code: errno)
    }
    file = opened
  }

  deinit { canalis_nifti_close(file) }

  /// Fills a buffer as far as the file goes.
  ///
  /// - Returns: How many bytes came; fewer than asked only at the end of the file.
  /// - Throws: `VolumeError.damagedCompression` or `.system`.
  func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
    var done = 0
    while done < buffer.count {
      let count = canalis_nifti_read(file, buffer.baseAddress?.advanced(by: done), buffer.count - done)
      if count < 0 {
        throw isCompressed
          ? VolumeError.damagedCompression(path: path)
          : VolumeError.system(path: path, operation: "read it", code: errno)
      }
      if count == 0 { break }
      done += Int(count)
    }
    position += done
    return done
  }

  /// Reads up to a number of bytes, which must be small.
  func read(upTo count: Int) throws -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: count)
    let done = try bytes.withUnsafeMutableBytes { try read(into: $0) }
    return Array(bytes[..<done])
  }

  /// Reads on to a place in the file, or to its end if that comes first.
  func skip(to target: Int) throws {
    while position < target {
      let wanted = min(target - position, 1 << 16)
      if try read(upTo: wanted).count < wanted { return }
    }
  }

  private static func beginsLikeGzip(_ path: String) throws -> Bool {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw VolumeError.system(path: path, operation: "open it", code: errno) }
    defer { close(descriptor) }
    var start: [UInt8] = [0, 0]
    return Foundation.read(descriptor, &start, 2) == 2 && start == [0x1F, 0x8B]
  }
}
