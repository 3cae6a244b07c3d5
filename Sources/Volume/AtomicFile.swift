import Foundation

/// A file that appears whole under its name, or not at all.
///
/// Bytes go to a temporary file in the same folder; `commit()` syncs it and gives it its name. A file that is never
/// committed is removed when the object goes. An existing file is replaced only when that was asked for, and never when
/// it is one of the inputs.
public final class AtomicFile {
  /// The path that the file will have.
  public let path: String
  /// Bytes written so far.
  public private(set) var byteCount = 0

  private let destination: String
  private let temporaryPath: String
  private let replacesExisting: Bool
  private var descriptor: Int32
  /// Whether the temporary name is gone: moved or removed.
  private var isFinished = false

  /// Opens a temporary file beside the destination.
  ///
  /// - Parameters:
  ///   - path: Where the file will be. A symbolic link to a file is followed: the file that it names is replaced.
  ///   - overwrite: Whether a file of that name may be replaced.
  ///   - mode: Permissions of the new file, before the process's mask.
  ///   - inputs: Files that must never be replaced, whatever name they are reached by.
  /// - Throws: `VolumeError` when the file exists, is an input, is not a regular file, or cannot be created.
  public init(path: String, overwrite: Bool = false, mode: UInt32 = 0o666, protecting inputs: [String] = []) throws {
    self.path = path
    let destination = Self.resolvingLink(path)
    if let existing = Self.status(destination) {
      let isInput = inputs.contains { input in
        guard let other = Self.status(input) else { return false }
        return other.st_dev == existing.st_dev && other.st_ino == existing.st_ino
      }
      if isInput { throw VolumeError.wouldReplaceInput(path: path) }
      guard existing.st_mode & S_IFMT == S_IFREG else { throw VolumeError.notARegularFile(path: path) }
      if !overwrite { throw VolumeError.fileExists(path: path) }
    }
    self.destination = destination
    replacesExisting = overwrite
    let folder = destination.lastIndex(of: "/").map { String(destination[...$0]) } ?? ""
    temporaryPath = folder + ".canalis-" + String(UInt64.random(in: .min ... .max), radix: 36) + ".partial"
    descriptor = open(temporaryPath, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode_t(mode))
    if descriptor < 0 { throw VolumeError.system(path: path, operation: "create a file there", code: errno) }
  }

  deinit { discard() }

  /// Appends bytes.
  ///
  /// - Parameter bytes: What to append.
  /// - Throws: `VolumeError.system`, for instance on a full disk.
  public func write(_ bytes: UnsafeRawBufferPointer) throws {
    precondition(descriptor >= 0, "a file that was committed or discarded takes no more bytes")
    var done = 0
    while done < bytes.count {
      let written = Foundation.write(descriptor, bytes.baseAddress?.advanced(by: done), bytes.count - done)
      if written < 0 {
        if errno == EINTR { continue }
        throw VolumeError.system(path: path, operation: "write", code: errno)
      }
      done += written
    }
    byteCount += bytes.count
  }

  /// Appends bytes.
  ///
  /// - Parameter bytes: What to append.
  /// - Throws: `VolumeError.system`, for instance on a full disk.
  public func write(_ bytes: [UInt8]) throws {
    try bytes.withUnsafeBytes { try write($0) }
  }

  /// Appends a text as UTF-8.
  ///
  /// - Parameter text: What to append.
  /// - Throws: `VolumeError.system`, for instance on a full disk.
  public func write(_ text: String) throws {
    try write(Array(text.utf8))
  }

  /// Syncs the bytes to disk and gives the file its name.
  ///
  /// - Throws: `VolumeError`; then the temporary file is gone and the destination is as it was.
  public func commit() throws {
    precondition(descriptor >= 0, "a file is committed once")
    do {
      guard fsync(descriptor) == 0 else { throw VolumeError.system(path: path, operation: "sync", code: errno) }
      let closed = close(descriptor)
      descriptor = -1
      guard closed == 0 else { throw VolumeError.system(path: path, operation: "close", code: errno) }
      try moveIntoPlace()
      isFinished = true
    } catch {
      discard()
      throw error
    }
    Self.syncFolder(of: destination)
  }

  /// Removes the temporary file; the destination stays as it was. Does nothing after `commit()`.
  public func discard() {
    if descriptor >= 0 { close(descriptor) }
    descriptor = -1
    if !isFinished { unlink(temporaryPath) }
    isFinished = true
  }

  /// Writes a whole file.
  ///
  /// - Parameters:
  ///   - bytes: The file's content.
  ///   - path: Where the file will be.
  ///   - overwrite: Whether a file of that name may be replaced.
  ///   - mode: Permissions of the new file, before the process's mask.
  ///   - inputs: Files that must never be replaced, whatever name they are reached by.
  /// - Throws: `VolumeError`; then the destination is as it was.
  public static func write(
    _ bytes: [UInt8], to path: String, overwrite: Bool = false, mode: UInt32 = 0o666, protecting inputs: [String] = []
  ) throws {
    let file = try AtomicFile(path: path, overwrite: overwrite, mode: mode, protecting: inputs)
    try file.write(bytes)
    try file.commit()
  }

  private func moveIntoPlace() throws {
    if !replacesExisting {
      // A hard link fails when the name was taken meanwhile, which a rename would not.
      if link(temporaryPath, destination) == 0 {
        unlink(temporaryPath)
        return
      }
      if errno == EEXIST { throw VolumeError.fileExists(path: path) }
      // A file system without hard links: look, then rename.
      if Self.status(destination) != nil { throw VolumeError.fileExists(path: path) }
    }
    guard rename(temporaryPath, destination) == 0 else {
      throw VolumeError.system(path: path, operation: "rename the finished file", code: errno)
    }
  }

  private static func status(_ path: String) -> stat? {
    var result = stat()
    return stat(path, &result) == 0 ? result : nil
  }

  private static func resolvingLink(_ path: String) -> String {
    var information = stat()
    guard lstat(path, &information) == 0, information.st_mode & S_IFMT == S_IFLNK, let real = realpath(path, nil) else {
      return path
    }
    defer { free(real) }
    return String(cString: real)
  }

  /// Makes the new name survive a power cut; a folder that cannot be synced is no reason to fail a finished file.
  private static func syncFolder(of path: String) {
    let folder = path.lastIndex(of: "/").map { String(path[...$0]) } ?? "."
    let handle = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard handle >= 0 else { return }
    fsync(handle)
    close(handle)
  }
}
