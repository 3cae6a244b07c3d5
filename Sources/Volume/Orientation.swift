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

  /// The coordinate of NIfTI's patient space that the direction lies along: 0 for x, 1 for y, 2 for z.
  var bodyAxis: Int {
    switch self {
    case .left, .right: 0
    case .posterior, .anterior: 1
    case .superior, .inferior: 2
    }
  }

  /// The direction in which a coordinate of NIfTI's patient space (0 to 2) grows.
  static func growing(alongBodyAxis axis: Int) -> AnatomicalDirection {
    [.right, .anterior, .superior][axis]
  }
}

/// The anatomical direction in which each array axis of a grid grows.
///
/// A scan stored left-posterior-superior (`LPS` in `(i, j, k)` order) has axis 2 growing to the left, axis 1 to the
/// back and axis 0 to the head.
public struct Orientation: Sendable, Hashable {
  /// The direction of growth of each array axis, slowest first.
  public let directions: Axes3<AnatomicalDirection>

  /// Creates an orientation from the direction of growth of each array axis, slowest first, no body axis twice.
  public init(_ directions: Axes3<AnatomicalDirection>) {
    precondition(
      Set(directions.array.map(\.bodyAxis)).count == 3, "each of left-right, front-back and up-down comes once")
    self.directions = directions
  }

  /// Left-posterior-superior: the orientation that the challenge's scans are stored in.
  public static let lps = Orientation(Axes3(.superior, .posterior, .left))

  /// The three letters in `(i, j, k)` order, fastest axis first, as other tools write them, for instance `LPS`.
  public var code: String {
    directions.axis2.rawValue + directions.axis1.rawValue + directions.axis0.rawValue
  }

  /// Reads three letters in `(i, j, k)` order, fastest axis first, for instance `LPS`.
  ///
  /// - Parameter code: Three letters of `LRPASI`. The result is `nil` when they are not three, are unknown, or name
  ///   one body axis twice.
  public init?(code: String) {
    let directions = code.compactMap { AnatomicalDirection(rawValue: String($0)) }
    guard code.count == 3, directions.count == 3, Set(directions.map(\.bodyAxis)).count == 3 else { return nil }
    self.init(Axes3(directions[2], directions[1], directions[0]))
  }

  /// All 48 orientations: six orders of the body axes, two directions for each.
  public static let all: [Orientation] = AnatomicalDirection.allCases.flatMap { first in
    AnatomicalDirection.allCases.flatMap { second in
      AnatomicalDirection.allCases.compactMap { third in
        Orientation(code: first.rawValue + second.rawValue + third.rawValue)
      }
    }
  }

  /// Finds the orientation nearest to an affine: each voxel axis is given the body axis it is most parallel to, no body
  /// axis twice. Returns `nil` for a singular affine.
  public init?(affine: Affine) {
    guard affine.isUsable else { return nil }
    let units = Axes3(0, 1, 2).map { axis in
      let step = affine.step(alongAxis: axis)
      return step / (step * step).sum().squareRoot()
    }
    // Of the six ways to give every voxel axis a body axis, the one with the largest sum of cosines.
    let orders = [[2, 1, 0], [2, 0, 1], [1, 2, 0], [1, 0, 2], [0, 2, 1], [0, 1, 2]]
    var best = orders[0]
    var bestSum = -Double.infinity
    for order in orders {
      let sum = (0..<3).reduce(0) { $0 + abs(units[$1][order[$1]]) }
      // The margin keeps the first of equal orders, whatever the last bits are.
      if sum > bestSum + 1e-6 { (best, bestSum) = (order, sum) }
    }
    self.init(
      Axes3(0, 1, 2).map { axis in
        let growing = AnatomicalDirection.growing(alongBodyAxis: best[axis])
        return units[axis][best[axis]] < 0 ? growing.opposite : growing
      })
  }
}
