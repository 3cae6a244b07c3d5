import Canvas
import Foundation

/// Terminal descriptions of our own: the user's, with another number of colours.
///
/// curses reaches 24-bit colours only through a description that has them, and those are often not installed; so one
/// is compiled with `tic` into a private folder, and used for this process only.
struct PrivateTerminfo {
  /// The folder to give as `TERMINFO`.
  let directory: URL
  /// The name of the description.
  let name: String

  /// Finds or makes the description.
  ///
  /// - Parameters:
  ///   - type: The user's terminal type.
  ///   - depth: The colours to have.
  ///   - environment: Where `PATH`, `HOME` and `XDG_CACHE_HOME` are.
  /// - Returns: The description, or nil if there is no compiler or no place for it.
  static func find(
    type: String, depth: DisplayCapabilities.ColorDepth, environment: [String: String]
  ) -> PrivateTerminfo? {
    guard let source = source(type: type, depth: depth), let cache = cacheDirectory(environment) else { return nil }
    let name = name(type: type, depth: depth)
    let directory = cache.appendingPathComponent(name, isDirectory: true)
    let result = PrivateTerminfo(directory: directory, name: name)
    if result.isCompiled { return result }
    guard let compiler = executable("tic", environment) else { return nil }
    return result.compile(source, with: compiler) ? result : nil
  }

  /// The description's name: it is found by it in the cache, so a change of the text below needs another number.
  static func name(type: String, depth: DisplayCapabilities.ColorDepth) -> String {
    "canalis1-\(depth.optionName)-\(type)"
  }

  /// The description's source.
  ///
  /// In the 24-bit one, colours 0 to 15 are the palette's and all others red * 65536 + green * 256 + blue.
  ///
  /// - Parameters:
  ///   - type: The user's terminal type.
  ///   - depth: The colours to have.
  /// - Returns: The text for `tic`, or nil if the type's name has characters that do not belong in a name.
  static func source(type: String, depth: DisplayCapabilities.ColorDepth) -> String? {
    let allowed = Set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.+-_")
    guard !type.isEmpty, type.count <= 64, type.allSatisfy(allowed.contains), type.first != "-", depth != .none else {
      return nil
    }
    let size: String
    let colors: (Int) -> String
    let basic = { (ground: Int) in "%?%p1%{8}%<%t\(ground)%p1%d" }
    let bright = { (ground: Int) in "%e%p1%{16}%<%t\(ground + 6)%p1%{8}%-%d" }
    switch depth {
    case .eight:
      size = "colors#8, pairs#64"
      colors = { "\\E[\($0)%p1%dm" }
    case .sixteen:
      size = "colors#16, pairs#256"
      colors = { "\\E[\(basic($0))%e\($0 + 6)%p1%{8}%-%d%;m" }
    case .palette256:
      size = "colors#256, pairs#0x10000"
      colors = { "\\E[\(basic($0))\(bright($0))%e\($0)8;5;%p1%d%;m" }
    case .trueColor, .none:
      size = "colors#0x1000000, pairs#0x3FFFF, RGB"
      let parts = "%p1%{65536}%/%d;%p1%{256}%/%{255}%&%d;%p1%{255}%&%d"
      colors = { "\\E[\(basic($0))\(bright($0))%e\($0)8;2;\(parts)%;m" }
    }
    return """
      \(name(type: type, depth: depth))|\(type) with other colors,
      \tccc@, initc@, initp@, oc@, scp@, setf@, setb@,
      \t\(size), op=\\E[39;49m,
      \tsetaf=\(colors(3)),
      \tsetab=\(colors(4)),
      \tuse=\(type),

      """
  }

  private var isCompiled: Bool {
    // Folders of descriptions are named by a letter, or on some systems by its number.
    ["c", "63"].contains {
      FileManager.default.fileExists(atPath: directory.appendingPathComponent("\($0)/\(name)").path)
    }
  }

  /// Compiles beside the place and moves the finished folder there, so that another process never sees half of one.
  private func compile(_ source: String, with compiler: URL) -> Bool {
    let files = FileManager.default
    let parent = directory.deletingLastPathComponent()
    let temporary = parent.appendingPathComponent(".\(name).\(UUID().uuidString)", isDirectory: true)
    defer { try? files.removeItem(at: temporary) }
    do {
      try files.createDirectory(
        at: temporary, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
      let text = temporary.appendingPathComponent("source.ti")
      try source.write(to: text, atomically: false, encoding: .utf8)
      let process = Process()
      process.executableURL = compiler
      process.arguments = ["-x", "-o", temporary.path, text.path]
      process.standardInput = FileHandle.nullDevice
      process.standardOutput = FileHandle.nullDevice
      process.standardError = FileHandle.nullDevice
      try process.run()
      process.waitUntilExit()
      guard process.terminationStatus == 0 else { return false }
      try files.removeItem(at: text)
      // Another process may have been quicker; its folder is as good.
      try? files.moveItem(at: temporary, to: directory)
    } catch {
      return false
    }
    return isCompiled
  }

  private static func cacheDirectory(_ environment: [String: String]) -> URL? {
    let base: URL
    if let cache = environment["XDG_CACHE_HOME"], cache.hasPrefix("/") {
      base = URL(fileURLWithPath: cache, isDirectory: true)
    } else if let home = environment["HOME"], home.hasPrefix("/") {
      base = URL(fileURLWithPath: home, isDirectory: true).appendingPathComponent(".cache", isDirectory: true)
    } else {
      return nil
    }
    return base.appendingPathComponent("canalis/terminfo", isDirectory: true)
  }

  private static func executable(_ name: String, _ environment: [String: String]) -> URL? {
    (environment["PATH"] ?? "").split(separator: ":").lazy
      .filter { $0.hasPrefix("/") }
      .map { URL(fileURLWithPath: String($0)).appendingPathComponent(name) }
      .first { FileManager.default.isExecutableFile(atPath: $0.path) }
  }
}
