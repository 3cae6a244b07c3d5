import Volume

/// What a click says about its voxel.
public enum ClickKind: String, Sendable, Hashable, Codable, CaseIterable {
  /// The voxel belongs to the patient's left canal (mask label 1).
  case left
  /// The voxel belongs to the patient's right canal (mask label 2).
  case right
  /// The voxel is not canal (mask label 0).
  case background

  /// The mask label that the clicked voxel must have.
  public var label: UInt8 {
    switch self {
    case .background: 0
    case .left: 1
    case .right: 2
    }
  }

  /// The canal with a mask label; `nil` for a label that is no canal's.
  public init?(label: UInt8) {
    guard label != 0, let kind = Self.allCases.first(where: { $0.label == label }) else { return nil }
    self = kind
  }

  /// The kind in a clinician's words.
  public var displayName: String { self == .background ? "not canal" : rawValue }
}

/// One thing that a clinician said about one voxel of a scan.
public struct Click: Sendable, Hashable, Codable {
  /// What the voxel is.
  public let kind: ClickKind
  /// The voxel, `[axis0, axis1, axis2]` of the scan as stored.
  public let voxel: Axes3<Int>

  /// Creates a click.
  public init(kind: ClickKind, voxel: Axes3<Int>) {
    self.kind = kind
    self.voxel = voxel
  }
}
