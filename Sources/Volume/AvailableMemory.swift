import Foundation

/// How much memory the process may still take.
public enum AvailableMemory {
  /// Bytes that can be allocated without swapping: what the kernel calls available, or less where the control group
  /// (a container) sets a lower limit.
  public static var bytes: Int {
    var result = Int.max
    if let text = content("/proc/meminfo"), let kibibytes = field("MemAvailable:", in: text) {
      result = kibibytes.multipliedReportingOverflow(by: 1024).partialValue
    }
    let group = "/sys/fs/cgroup/"
    if let limit = number(group + "memory.max"), let used = number(group + "memory.current") {
      let reclaimable = content(group + "memory.stat").flatMap { field("inactive_file", in: $0) } ?? 0
      result = min(result, max(0, limit - used + reclaimable))
    }
    return result
  }

  private static func content(_ path: String) -> String? { try? String(contentsOfFile: path, encoding: .utf8) }

  private static func number(_ path: String) -> Int? {
    content(path).flatMap { Int($0.trimmingCharacters(in: .whitespacesAndNewlines)) }
  }

  private static func field(_ name: String, in text: String) -> Int? {
    for line in text.split(separator: "\n") {
      let words = line.split(separator: " ")
      if words.count >= 2, words[0] == name { return Int(words[1]) }
    }
    return nil
  }
}
