/// The grey values that are shown between black and white.
public struct GreyWindow: Sendable, Hashable {
  /// How many grey values lie between black and white; above 0.
  public var width: Double
  /// The grey value in the middle.
  public var level: Double

  /// Creates a window.
  public init(width: Double, level: Double) {
    self.width = width
    self.level = level
  }

  /// Creates the window from black to white.
  init(from lowest: Double, to highest: Double) {
    width = max(highest - lowest, max(abs(highest) * 1e-6, 1e-9))
    level = (lowest + highest) / 2
  }

  /// The grey value that is black.
  var lowest: Double { level - width / 2 }

  /// Whether both numbers are finite and the width is above 0.
  var isUsable: Bool { width.isFinite && level.isFinite && width > 0 }
}

/// Windows that a key steps through.
public enum WindowPreset: String, Sendable, Hashable, CaseIterable {
  /// Between the 1st and the 99.5th percentile of this scan.
  case automatic
  /// Width 1500, level 300, used for bone.
  case bone
  /// Width 2000, level 300, used for bone.
  case wideBone
  /// Width 2100, level 1050: the range 0 to 2100 that networks for dental scans are often trained on.
  case dental
  /// From the smallest to the largest grey value.
  case fullRange

  /// What the status line calls it.
  var name: String {
    switch self {
    case .automatic: "auto"
    case .bone: "bone 1500/300"
    case .wideBone: "bone 2000/300"
    case .dental: "dental 2100/1050"
    case .fullRange: "full range"
    }
  }
}
