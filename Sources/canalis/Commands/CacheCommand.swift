import ArgumentParser
import Cache
import Foundation
import Volume

/// `canalis cache`.
struct CacheCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "cache", abstract: "Show and clear what is kept on disk.",
    discussion: """
      The viewer keeps two things in $XDG_CACHE_HOME/canalis, else in ~/.cache/canalis: encodings, which save computing \
      them again, and finished masks, with which a scan that is opened again shows its mask at once. They are derived \
      from patients' scans. They can be deleted at any time, also while the viewer runs; that costs time only.
      """,
    subcommands: [Show.self, Clear.self])

  /// `canalis cache show`.
  struct Show: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Show what is kept, how much, and since when it was not used.")

    @Flag(help: "Print the result as one JSON object.")
    var json = false

    func run() throws {
      let report = Report(folders: try CacheCommand.folders())
      if json { return try JSONOutput.write(report) }
      for folder in report.folders {
        print("\(folder.kind.padding(toLength: 10, withPad: " ", startingAt: 0)) \(DisplayText.escaped(folder.path))")
        let limit = folder.limitBytes.map { "of at most \(ByteCount(bytes: $0).text)" } ?? "of none, the disk is full"
        print("           \(CacheCommand.count(folder.files)), \(ByteCount(bytes: folder.bytes).text) \(limit)")
      }
      guard !report.scans.isEmpty else { return }
      print("scan          files       size  last used")
      for scan in report.scans {
        print(
          scan.scan.padding(toLength: 12, withPad: " ", startingAt: 0)
            + String(format: " %6d ", scan.files)
            + String(repeating: " ", count: max(0, 10 - ByteCount(bytes: scan.bytes).text.count))
            + "\(ByteCount(bytes: scan.bytes).text)  \(scan.lastUse)")
      }
      print("The name of a scan is the beginning of its voxels' SHA-256, as in \"canalis session show\".")
    }
  }

  /// `canalis cache clear`.
  struct Clear: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Delete what is kept.",
      discussion: """
        Examples:
          canalis cache clear
          canalis cache clear --unused-for 7
          canalis cache clear --scan 3f2a
        """)

    @Option(help: ArgumentHelp("Only what was not used for so many days.", valueName: "days"))
    var unusedFor: Double?

    @Option(help: ArgumentHelp("Only what belongs to the scan whose hash begins so.", valueName: "hash"))
    var scan: String?

    @Flag(help: "Print the result as one JSON object.")
    var json = false

    func validate() throws {
      if let unusedFor, !(unusedFor >= 0) { throw ValidationError("--unused-for must be at least 0 days") }
      if let scan, scan.isEmpty || !scan.allSatisfy(\.isHexDigit) {
        throw ValidationError("--scan takes the beginning of a scan's SHA-256, as \"canalis cache show\" prints it")
      }
    }

    func run() throws {
      let latest = unusedFor.map { Date().timeIntervalSince1970 - $0 * 86_400 } ?? .infinity
      // A file's name has the first digits only.
      let beginning = String((scan ?? "").lowercased().prefix(CacheKey.scanDigits))
      var removed: [CacheFolder.Entry] = []
      for (_, folder) in try CacheCommand.folders() {
        removed += try folder.remove { $0.lastUse <= latest && $0.scan.hasPrefix(beginning) }
      }
      let bytes = removed.reduce(0) { $0 + $1.bytes }
      if json { return try JSONOutput.write(["removed_files": removed.count, "removed_bytes": bytes]) }
      print("removed \(CacheCommand.count(removed.count)), \(ByteCount(bytes: bytes).text)")
    }
  }

  /// A number of files in words.
  fileprivate static func count(_ files: Int) -> String { files == 1 ? "1 file" : "\(files) files" }

  /// The user's folders.
  fileprivate static func folders() throws -> [(kind: CacheFolder.Kind, folder: CacheFolder)] {
    try CacheFolder.Kind.allCases.map { kind in
      guard let folder = CacheFolder.standard(kind, environment: ProcessInfo.processInfo.environment) else {
        throw CacheError.noFolder
      }
      return (kind, folder)
    }
  }

  /// What `cache show` tells.
  fileprivate struct Report: Encodable {
    struct Folder: Encodable {
      var kind: String
      var path: String
      var files: Int
      var bytes: Int
      var limitBytes: Int?

      enum CodingKeys: String, CodingKey {
        case kind, path, files, bytes
        case limitBytes = "limit_bytes"
      }
    }

    struct Scan: Encodable {
      var scan: String
      var files: Int
      var bytes: Int
      var lastUse: String

      enum CodingKeys: String, CodingKey {
        case scan, files, bytes
        case lastUse = "last_use"
      }
    }

    var folders: [Folder]
    /// The latest used first.
    var scans: [Scan]
    var freeBytes: Int?

    enum CodingKeys: String, CodingKey {
      case folders, scans
      case freeBytes = "free_bytes"
    }

    init(folders: [(kind: CacheFolder.Kind, folder: CacheFolder)]) {
      var all: [CacheFolder.Entry] = []
      self.folders = folders.map { kind, folder in
        let entries = folder.entries
        all += entries
        let bytes = entries.reduce(0) { $0 + $1.bytes }
        let limits = CacheStore.Limits(bytes: kind == .masks ? KeptFiles.maskBytes : nil)
        let allowed = limits.allowedBytes(used: bytes, disk: folder.disk)
        return Folder(
          kind: kind.rawValue, path: folder.path, files: entries.count, bytes: bytes,
          limitBytes: allowed > 0 ? allowed : nil)
      }
      freeBytes = folders.first?.folder.disk?.free
      let latest = Dictionary(grouping: all, by: \.scan).map { scan, entries in
        (scan, entries, entries.map(\.lastUse).max() ?? 0)
      }.sorted { $0.2 > $1.2 }
      scans = latest.map { scan, entries, lastUse in
        Scan(
          scan: scan, files: entries.count, bytes: entries.reduce(0) { $0 + $1.bytes },
          lastUse: Date(timeIntervalSince1970: lastUse).formatted(.iso8601))
      }
    }
  }
}
