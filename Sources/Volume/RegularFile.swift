import Foundation

/// Files that are read into memory in one go.
public enum RegularFile {
  /// Reads a file, or its beginning; one that is not a regular file is refused instead of waited for.
  ///
  /// - Parameters:
  ///   - path: The file.
  ///   - limit: The most bytes that are read.
  /// - Returns: Its first bytes, all of them when there are at most `limit`.
  /// - Throws: `VolumeError.system` or `.notARegularFile`.
  public static func contents(of path: String, upTo limit: Int = .max) throws -> Data {
    // Without O_NONBLOCK, opening a named pipe would wait for a writer.
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)
    guard descriptor >= 0 else { throw VolumeError.system(path: path, operation: "open it", code: errno) }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else {
      throw VolumeError.system(path: path, operation: "open it", code: errno)
    }
    guard status.st_mode & S_IFMT == S_IFREG else { throw VolumeError.notARegularFile(path: path) }
    var data = Data(count: min(Int(status.st_size), limit))
    let count = try data.withUnsafeMutableBytes { buffer in
      var done = 0
      while done < buffer.count {
        let count = read(descriptor, buffer.baseAddress?.advanced(by: done), buffer.count - done)
        if count < 0, errno == EINTR { continue }
        guard count >= 0 else { throw VolumeError.system(path: path, operation: "read it", code: errno) }
        if count == 0 { break }
        done += count
      }
      return done
    }
    return count < data.count ? data.prefix(count) : data
  }
}
