import Foundation

/// What the process holds, from the system.
enum ProcessMemory {
  /// Bytes in memory now.
  static var resident: Int { field("VmRSS:") }

  /// The most bytes in memory so far.
  static var peak: Int { field("VmHWM:") }

  private static func field(_ name: String) -> Int {
    guard let status = try? String(contentsOfFile: "/proc/self/status", encoding: .utf8),
      let line = status.split(separator: "\n").first(where: { $0.hasPrefix(name) }),
      let kibibytes = line.split(separator: " ").compactMap({ Int($0) }).first
    else { return 0 }
    return kibibytes * 1024
  }
}
