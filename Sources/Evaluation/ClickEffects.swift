import Clicks
import Volume

/// What single clicks do: whether a model hears them.
///
/// Each trial starts from the mask without clicks. A click at the centre of a missed stretch should raise its canal's
/// Dice; at most two negative clicks, each at the centre of what is left of a false piece, should remove it; a click of
/// the other side on a canal should move the labels round it to that side.
///
/// Most of a good mask's errors are its canals' borders, drawn half a voxel too wide or too narrow along their course;
/// connected, they are as large as a stretch or a piece. Nobody would call them either, and a click on one says nothing
/// of the rest. They are tried in the same way and counted apart.
public struct ClickEffects: Sendable, Equatable {
  /// How often something was tried, and how often it did what it should.
  public struct Count: Sendable, Equatable {
    /// Trials.
    public var trials = 0
    /// Those that did what they should.
    public var successes = 0

    /// Counts a trial.
    mutating func add(_ isSuccess: Bool) {
      trials += 1
      successes += isSuccess ? 1 : 0
    }

    /// Adds the trials of another count.
    public static func += (sum: inout Count, other: Count) {
      sum.trials += other.trials
      sum.successes += other.successes
    }
  }

  /// Clicks on missed stretches that are no borders: the canal's Dice rose.
  public private(set) var missed = Count()
  /// The sum of what clicks on missed stretches added to their canal's Dice.
  public private(set) var missedDiceGain = 0.0
  /// Clicks on missed borders: the canal's Dice rose.
  public private(set) var missedBorders = Count()
  /// False pieces that are no borders: at most a tenth of the voxels is left after one click or two.
  public private(set) var falsePieces = Count()
  /// False borders: at most a tenth of the voxels is left after one click or two.
  public private(set) var falseBorders = Count()
  /// Clicks of the other side: most of the canal's voxels near them took that side.
  public private(set) var sides = Count()

  /// The smallest piece that is tried, in cubic millimetres: about 3 mm of a canal.
  public static let smallestVolume = 15.0
  /// How far a border reaches, in millimetres: less than the radius of a narrow canal. An error is a border when most of its
  /// voxels have voxels of the same canal so near that are right in both masks.
  public static let borderReach = 0.8
  /// The most pieces of one sort that are tried on one canal, the largest first.
  public static let piecesPerCanal = 2
  /// How near to a click of the other side labels are looked at, in millimetres.
  public static let sideRadius = 2.0

  /// Counts nothing.
  public init() {}

  /// Adds the trials of another scan.
  public static func += (sum: inout ClickEffects, other: ClickEffects) {
    sum.missed += other.missed
    sum.missedBorders += other.missedBorders
    sum.missedDiceGain += other.missedDiceGain
    sum.falsePieces += other.falsePieces
    sum.falseBorders += other.falseBorders
    sum.sides += other.sides
  }

  /// Tries clicks on a scan.
  ///
  /// - Parameters:
  ///   - truth: The mask that the segmentation should be.
  ///   - segment: The segmentation under some clicks, in the order given.
  /// - Throws: `EvaluationError`, and whatever `segment` throws.
  public init(truth: Mask, segment: ([Click]) throws -> Mask) throws {
    let start = try segment([])
    let shape = truth.grid.shape
    let spacing = truth.grid.spacing
    let voxelVolume = spacing.axis0 * spacing.axis1 * spacing.axis2
    var pieces: [ErrorPiece] = []
    try ErrorComponents.forEachPiece(prediction: start, truth: truth) { piece in
      if Double(piece.voxels.count) * voxelVolume >= Self.smallestVolume { pieces.append(piece) }
    }
    pieces.sort { ($0.voxels.count, $1.voxels[0]) > ($1.voxels.count, $0.voxels[0]) }
    for canal in [ClickKind.left, .right] {
      for piece in pieces.filter({ $0.canal == canal && !$0.isFalse }).prefix(Self.piecesPerCanal) {
        let voxel = ErrorComponents.centre(of: piece.voxels, shape: shape, spacing: spacing)
        let answer = try segment([Click(kind: canal, voxel: voxel)])
        let gain = Self.dice(answer, truth, canal.label) - Self.dice(start, truth, canal.label)
        if Self.isBorder(piece, start: start, truth: truth) {
          missedBorders.add(gain > 0)
        } else {
          missed.add(gain > 0)
          missedDiceGain += gain
        }
      }
      for piece in pieces.filter({ $0.canal == canal && $0.isFalse }).prefix(Self.piecesPerCanal) {
        let isRemoved = try Self.isRemoved(piece, shape: shape, spacing: spacing, segment: segment)
        if Self.isBorder(piece, start: start, truth: truth) {
          falseBorders.add(isRemoved)
        } else {
          falsePieces.add(isRemoved)
        }
      }
      if let isMoved = try Self.movesSide(of: canal, start: start, truth: truth, segment: segment) {
        sides.add(isMoved)
      }
    }
  }

  /// Whether most of a piece lies at the border of what was rightly found of its canal.
  private static func isBorder(_ piece: ErrorPiece, start: Mask, truth: Mask) -> Bool {
    let shape = truth.grid.shape
    let spacing = truth.grid.spacing
    let reach = spacing.map { Int(borderReach / $0) }
    var nearby: [Axes3<Int>] = []
    for apart0 in -reach.axis0...reach.axis0 {
      for apart1 in -reach.axis1...reach.axis1 {
        for apart2 in -reach.axis2...reach.axis2 {
          let apart = Axes3(apart0, apart1, apart2)
          let squared = apart.squaredDistance(to: Axes3(repeating: 0), spacing: spacing)
          if squared <= borderReach * borderReach { nearby.append(apart) }
        }
      }
    }
    let atBorder = piece.voxels.count { offset in
      let place = shape.index(at: offset)
      return nearby.contains { apart in
        let near = Axes3(0, 1, 2).map { place[$0] + apart[$0] }
        guard shape.contains(near) else { return false }
        let voxel = shape.offset(of: near)
        return truth.labels[voxel] == piece.canal.label && start.labels[voxel] == piece.canal.label
      }
    }
    return atBorder * 2 > piece.voxels.count
  }

  private static func isRemoved(
    _ piece: ErrorPiece, shape: Axes3<Int>, spacing: Axes3<Double>, segment: ([Click]) throws -> Mask
  ) throws -> Bool {
    var clicks: [Click] = []
    var rest = piece.voxels
    for _ in 0..<2 {
      let voxel = ErrorComponents.centre(of: rest, shape: shape, spacing: spacing)
      clicks.append(Click(kind: .background, voxel: voxel))
      let answer = try segment(clicks)
      rest = piece.voxels.filter { answer.labels[$0] == piece.canal.label }
      if rest.count * 10 <= piece.voxels.count { return true }
    }
    return false
  }

  /// Clicks the other side in the middle of what was rightly found of a canal; `nil` when that is too little.
  private static func movesSide(
    of canal: ClickKind, start: Mask, truth: Mask, segment: ([Click]) throws -> Mask
  ) throws -> Bool? {
    let shape = truth.grid.shape
    let spacing = truth.grid.spacing
    let found = truth.labels.indices.filter { truth.labels[$0] == canal.label && start.labels[$0] == canal.label }
    guard Double(found.count) * spacing.axis0 * spacing.axis1 * spacing.axis2 >= smallestVolume else { return nil }
    let middle = shape.index(at: found[found.count / 2])
    let near = found.filter { offset in
      shape.index(at: offset).squaredDistance(to: middle, spacing: spacing) <= sideRadius * sideRadius
    }
    let other: ClickKind = canal == .left ? .right : .left
    let answer = try segment([Click(kind: other, voxel: middle)])
    return near.count { answer.labels[$0] == other.label } * 2 > near.count
  }

  private static func dice(_ mask: Mask, _ truth: Mask, _ label: UInt8) -> Double {
    var (common, total) = (0, 0)
    for (found, expected) in zip(mask.labels, truth.labels) {
      total += (found == label ? 1 : 0) + (expected == label ? 1 : 0)
      common += found == label && expected == label ? 1 : 0
    }
    return total == 0 ? 1 : 2 * Double(common) / Double(total)
  }
}
