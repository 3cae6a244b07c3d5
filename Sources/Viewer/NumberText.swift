/// Numbers as people read them.
enum NumberText {
  /// A number with a fixed count of decimals.
  static func fixed(_ value: Double, decimals: Int) -> String {
    guard value.isFinite, abs(value) < 1e15 else { return value.isNaN ? "nan" : "\(value)" }
    var scale = 1.0
    for _ in 0..<decimals { scale *= 10 }
    let scaled = (abs(value) * scale).rounded()
    guard scaled < 9e15 else { return "\(value)" }
    let whole = Int(scaled)
    let sign = value < 0 && whole > 0 ? "-" : ""
    guard decimals > 0 else { return "\(sign)\(whole)" }
    let part = "\(whole % Int(scale))"
    return "\(sign)\(whole / Int(scale)).\(String(repeating: "0", count: decimals - part.count))\(part)"
  }

  /// A grey value, or a window's width or level: whole where it is large or whole, with decimals where it is small.
  static func grey(_ value: Double) -> String {
    if value == value.rounded() || abs(value) >= 100 { return fixed(value, decimals: 0) }
    return fixed(value, decimals: abs(value) >= 1 ? 1 : 4)
  }

  /// A duration for people who wait.
  static func duration(_ seconds: Double) -> String {
    guard seconds.isFinite, seconds >= 0 else { return "unknown time" }
    if seconds < 10 { return "\(fixed(seconds, decimals: seconds < 1 ? 2 : 1)) s" }
    if seconds < 90 { return "\(fixed(seconds, decimals: 0)) s" }
    let minutes = min(seconds / 60, 1e9)
    return minutes < 90 ? "\(fixed(minutes, decimals: 0)) min" : "\(fixed(minutes / 60, decimals: 1)) h"
  }

  /// An amount of memory.
  static func bytes(_ count: Int) -> String {
    let mebibytes = Double(count) / 1_048_576
    return mebibytes < 1024 ? "\(fixed(mebibytes, decimals: 0)) MiB" : "\(fixed(mebibytes / 1024, decimals: 1)) GiB"
  }

  /// A number of windows that the network runs on.
  static func windows(_ count: Int) -> String { count == 1 ? "1 window" : "\(count) windows" }
}
