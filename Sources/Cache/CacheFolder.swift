import Foundation

/// A folder of kept files: what lies in it, and what may be removed.
///
/// Files appear whole under their names, by rename, and may vanish at any time: another process evicts, a user deletes.
/// So nothing here needs a lock, and everything puts up with a file that is gone.
public struct CacheFolder: Sendable, Equatable {
  /// What is kept, each in a folder of its own.
  public enum Kind: String, Sendable, CaseIterable {
    /// The click-independent halves of forward passes.
    case encodings
    /// Finished masks.
    case masks
  }

  /// A kept file.
  public struct Entry: Sendable, Equatable {
    /// The file's name.
    public let name: String
    /// The first digits of the scan's hash.
    public let scan: String
    /// The file's size.
    public let bytes: Int
    /// When it was last written or read, seconds since 1970.
    public let lastUse: Double
  }

  /// The folder; it need not exist.
  public let path: String

  static let fileEnding = ".kept"
  static let partialEnding = ".partial"
  /// A file in progress that nobody wrote to for so many seconds was left by a program that is gone.
  static let secondsUntilStale = 3600.0

  /// Creates a folder's description.
  public init(path: String) { self.path = path }

  /// The user's folder for one kind.
  ///
  /// - Parameters:
  ///   - kind: What is kept.
  ///   - environment: The environment's variables.
  /// - Returns: `$XDG_CACHE_HOME/canalis/<kind>`, else `$HOME/.cache/canalis/<kind>`; `nil` when neither is set.
  public static func standard(_ kind: Kind, environment: [String: String]) -> CacheFolder? {
    // The XDG specification has relative paths ignored.
    if let home = environment["XDG_CACHE_HOME"], home.hasPrefix("/") {
      return CacheFolder(path: "\(home)/canalis/\(kind.rawValue)")
    }
    guard let home = environment["HOME"], home.hasPrefix("/") else { return nil }
    return CacheFolder(path: "\(home)/.cache/canalis/\(kind.rawValue)")
  }

  /// The kept files, least recently used first; none when the folder cannot be read.
  public var entries: [Entry] {
    contents().compactMap { name, status in
      CacheKey.scan(ofFileName: name).map {
        Entry(
          name: name, scan: $0, bytes: Int(status.st_size),
          lastUse: Double(status.st_mtim.tv_sec) + Double(status.st_mtim.tv_nsec) * 1e-9)
      }
    }.sorted { ($0.lastUse, $0.name) < ($1.lastUse, $1.name) }
  }

  /// Removes kept files, and what was left of files in progress.
  ///
  /// - Parameter isWanted: Says which kept files go; files in progress go when their writer left them behind.
  /// - Returns: The files that were removed.
  /// - Throws: `CacheError.system` when one cannot be removed.
  public func remove(where isWanted: (Entry) -> Bool = { _ in true }) throws -> [Entry] {
    var removed: [Entry] = []
    for entry in entries where isWanted(entry) {
      if unlink(file(entry.name)) == 0 {
        removed.append(entry)
      } else if errno != ENOENT {
        throw CacheError.system("remove it", file(entry.name))
      }
    }
    removeStale()
    return removed
  }

  /// Bytes that the disk has free for this user, and its size; `nil` when it cannot be told.
  public var disk: (free: Int, size: Int)? {
    var status = statvfs()
    var place = path
    // The folder may not exist yet: then its nearest ancestor's disk.
    while statvfs(place, &status) != 0 {
      guard errno == ENOENT, place.count > 1 else { return nil }
      place = Self.parent(of: place)
    }
    let unit = Int(clamping: status.f_frsize)
    let free = Int(clamping: status.f_bavail).multipliedReportingOverflow(by: unit)
    let size = Int(clamping: status.f_blocks).multipliedReportingOverflow(by: unit)
    return (free.overflow ? .max : free.partialValue, size.overflow ? .max : size.partialValue)
  }

  /// The path of a file in the folder.
  func file(_ name: String) -> String { path + "/" + name }

  /// Makes the folder and those above it, mode 0700, as far as they are missing.
  ///
  /// - Throws: `CacheError.system`.
  func make() throws { try Self.make(path) }

  /// Removes files in progress that a program left behind: its process is gone, or nothing was written for an hour.
  func removeStale() {
    let now = Date().timeIntervalSince1970
    for (name, status) in contents() where name.hasSuffix(Self.partialEnding) {
      let isOld = now - Double(status.st_mtim.tv_sec) > Self.secondsUntilStale
      if isOld || Self.writerIsGone(ofPartial: name) { unlink(file(name)) }
    }
  }

  /// The name of a new file in progress, which tells its writer's process.
  static func partialName() -> String {
    ".\(getpid())-\(String(UInt64.random(in: .min ... .max), radix: 36))\(partialEnding)"
  }

  private static func writerIsGone(ofPartial name: String) -> Bool {
    guard name.hasPrefix("."), let process = pid_t(name.dropFirst().prefix { $0 != "-" }), process > 0 else {
      return false
    }
    return kill(process, 0) != 0 && errno == ESRCH
  }

  private func contents() -> [(name: String, status: stat)] {
    guard let names = try? FileManager.default.contentsOfDirectory(atPath: path) else { return [] }
    return names.compactMap { name in
      var status = stat()
      guard lstat(file(name), &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return nil }
      return (name, status)
    }
  }

  private static func make(_ path: String) throws {
    var status = stat()
    if stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFDIR { return }
    let above = parent(of: path)
    if above != path { try make(above) }
    if mkdir(path, 0o700) != 0, errno != EEXIST { throw CacheError.system("make the folder", path) }
  }

  private static func parent(of path: String) -> String {
    guard let slash = path.lastIndex(of: "/"), slash != path.startIndex else { return "/" }
    return String(path[..<slash])
  }
}
