import Glibc

/// An open file, closed when it goes; every failure is a `SessionError` that names the file.
struct Descriptor: ~Copyable {
  /// The number that the system knows it by.
  let number: Int32
  /// The file's name.
  let path: String

  /// Opens a file. Never blocks on a pipe or device, never becomes the program's terminal, is not inherited.
  ///
  /// - Parameters:
  ///   - path: The file.
  ///   - flags: How, as for `open(2)`.
  ///   - mode: The permissions of a file that is made.
  ///   - name: What the file is called in messages; `path` when absent.
  /// - Throws: `SessionError`.
  init(_ path: String, _ flags: Int32, mode: mode_t = 0o600, name: String? = nil) throws {
    var number: Int32
    repeat {
      number = Glibc.open(path, flags | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, mode)
    } while number < 0 && errno == EINTR
    guard number >= 0 else { throw SessionError.system("open", name ?? path) }
    self.number = number
    self.path = name ?? path
  }

  deinit { Glibc.close(number) }

  /// What the system says about the file.
  func status() throws -> stat {
    var status = stat()
    guard fstat(number, &status) == 0 else { throw SessionError.system("look at", path) }
    return status
  }

  /// The file's size in bytes; refuses what is no regular file.
  func regularFileSize() throws -> Int {
    let status = try status()
    guard status.st_mode & S_IFMT == S_IFREG else {
      throw SessionError.notASession(path: path, reason: "it is not a regular file")
    }
    return Int(status.st_size)
  }

  /// Tries to become the file's only writer, until the descriptor closes.
  ///
  /// A lock outlives its holder's `close` for a moment when a child process was being started just then: the child has the
  /// descriptor until it becomes another program. So half a second of refusals is waited out.
  ///
  /// - Returns: False when another descriptor is.
  /// - Throws: `SessionError` when the file system has no locks.
  func lock() throws -> Bool {
    var refusals = 0
    while flock(number, LOCK_EX | LOCK_NB) != 0 {
      switch errno {
      case EINTR: continue
      case EWOULDBLOCK where refusals < 50:
        refusals += 1
        usleep(10_000)
      case EWOULDBLOCK: return false
      default: throw SessionError.system("lock", path)
      }
    }
    return true
  }

  /// Reads the whole file.
  ///
  /// - Parameter limit: The most bytes that are read.
  /// - Returns: The bytes.
  /// - Throws: `SessionError`.
  func contents(limit: Int) throws -> [UInt8] {
    let size = try regularFileSize()
    guard size <= limit else { throw SessionError.tooLarge(path: path, bytes: size, limit: limit) }
    return try [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
      while count < size {
        let read = pread(number, buffer.baseAddress.map { $0 + count }, size - count, off_t(count))
        if read < 0, errno == EINTR { continue }
        guard read >= 0 else { throw SessionError.system("read", path) }
        if read == 0 { break }
        count += read
      }
    }
  }

  /// Makes file and size safe against a power cut; for a folder, its names.
  func synchronize() throws {
    while fsync(number) != 0 {
      // Some file systems cannot sync a folder and say so with EINVAL; there is then nothing to be done.
      if errno == EINVAL { return }
      if errno != EINTR { throw SessionError.system("sync", path) }
    }
  }

  /// Makes the names in a folder safe against a power cut.
  static func synchronizeFolder(of path: String) throws {
    let folder = try Descriptor(FilePaths.folder(of: path), O_RDONLY | O_DIRECTORY)
    try folder.synchronize()
  }
}

extension SessionError {
  /// The error of the system call that just failed.
  static func system(_ operation: String, _ path: String) -> SessionError {
    .fileSystem(operation: operation, path: path, code: errno)
  }
}

/// Names of files and folders.
enum FilePaths {
  /// The folder that a file lies in.
  static func folder(of path: String) -> String {
    guard let slash = path.lastIndex(of: "/") else { return "." }
    return slash == path.startIndex ? "/" : String(path[..<slash])
  }

  /// The last part of a path, without slashes at the end.
  static func name(of path: String) -> String {
    path.split(separator: "/").last.map(String.init) ?? ""
  }

  /// Whether there is a folder of this name.
  static func isFolder(_ path: String) -> Bool {
    var status = stat()
    return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
  }

  /// Whether there is anything of this name.
  static func exists(_ path: String) -> Bool {
    var status = stat()
    return lstat(path, &status) == 0
  }

  /// Makes a folder and those above it, mode 0700, as far as they are missing.
  static func makeFolder(_ path: String) throws {
    if isFolder(path) { return }
    let parent = folder(of: path)
    if parent != path { try makeFolder(parent) }
    if mkdir(path, 0o700) == 0 {
      try Descriptor.synchronizeFolder(of: path)
    } else if errno != EEXIST || !isFolder(path) {
      throw SessionError.system("make the folder", path)
    }
  }
}
