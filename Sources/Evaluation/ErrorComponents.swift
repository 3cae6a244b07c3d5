import Clicks
import Volume

/// A piece of a mask that is wrong, and the click that a clinician would answer it with.
public struct CorrectiveClick: Sendable, Equatable {
  /// The canal's click on a missed piece, a negative click on a false one.
  public let click: Click
  /// The canal that the piece was missed from or wrongly given to: `.left` or `.right`.
  public let canal: ClickKind
  /// The piece's voxels as offsets into the array.
  public let voxels: [Int]
}

/// A connected piece of one sort of error.
struct ErrorPiece {
  /// The canal that the piece was missed from or wrongly given to.
  let canal: ClickKind
  /// Whether it was wrongly given to the canal; else it was missed.
  let isFalse: Bool
  /// Its voxels as offsets into the array.
  let voxels: [Int]
}

/// Finds what a clinician would correct next.
public enum ErrorComponents {
  /// The two sorts of error.
  public enum Sort: Sendable {
    /// A canal's voxels that the prediction does not give to it.
    case missed
    /// Voxels of no canal that the prediction gives to one.
    case falsePiece
  }

  /// Returns the click at the centre of the largest error component.
  ///
  /// A voxel that the truth gives to a canal and the prediction does not is missed; one that the prediction gives to a
  /// canal and the truth to none is false. Components of each sort are 26-connected and sized in voxels; of equal ones,
  /// and of equally central voxels, the first in array order is taken. The centre is the voxel farthest from the
  /// component's border in millimetres, the edge of the array being border too.
  ///
  /// - Parameters:
  ///   - prediction: the mask to be corrected.
  ///   - truth: the mask that it should be.
  ///   - canals: the canals whose errors are looked at, `.left` and `.right`.
  ///   - sort: the sort of errors that is looked at; `nil` for both.
  /// - Returns: the next click, or `nil` when those canals have no such error.
  /// - Throws: `EvaluationError` when the masks cannot be compared.
  public static func nextClick(
    prediction: Mask, truth: Mask, canals: Set<ClickKind> = [.left, .right], sort: Sort? = nil
  ) throws -> CorrectiveClick? {
    var largest: ErrorPiece?
    try forEachPiece(prediction: prediction, truth: truth, canals: canals) { piece in
      if let sort, piece.isFalse != (sort == .falsePiece) { return }
      if piece.voxels.count > largest?.voxels.count ?? 0 { largest = piece }
    }
    guard let largest else { return nil }
    return CorrectiveClick(
      click: Click(
        kind: largest.isFalse ? .background : largest.canal,
        voxel: centre(of: largest.voxels, shape: truth.grid.shape, spacing: truth.grid.spacing)), canal: largest.canal,
      voxels: largest.voxels)
  }

  /// Finds every error component, in array order of its first voxel.
  ///
  /// - Parameters:
  ///   - prediction: the mask to be corrected.
  ///   - truth: the mask that it should be.
  ///   - canals: the canals whose errors are looked at, `.left` and `.right`.
  ///   - visit: told of each.
  /// - Throws: `EvaluationError` when the masks cannot be compared, and what `visit` throws.
  static func forEachPiece(
    prediction: Mask, truth: Mask, canals: Set<ClickKind> = [.left, .right], _ visit: (ErrorPiece) throws -> Void
  ) throws {
    try MaskMetrics.checkComparable(prediction: prediction, truth: truth)
    let shape = truth.grid.shape
    // The sort of error of each voxel: 0 none, else 1 + 2 · (canal is right) + (piece is false).
    var sorts = [UInt8](repeating: 0, count: truth.labels.count)
    for offset in sorts.indices {
      let (predicted, expected) = (prediction.labels[offset], truth.labels[offset])
      if predicted == expected { continue }
      let label = expected != 0 ? expected : predicted
      guard canals.contains(label == 1 ? .left : .right) else { continue }
      sorts[offset] = (label == 1 ? 1 : 3) + (expected == 0 ? 1 : 0)
    }
    var pending: [Int] = []
    for seed in sorts.indices where sorts[seed] != 0 {
      let sort = sorts[seed]
      var voxels: [Int] = []
      sorts[seed] = 0
      pending.append(seed)
      while let offset = pending.popLast() {
        voxels.append(offset)
        forEachNeighbour(of: offset, in: shape) { neighbour in
          if sorts[neighbour] == sort {
            sorts[neighbour] = 0
            pending.append(neighbour)
          }
        }
      }
      try visit(ErrorPiece(canal: sort <= 2 ? .left : .right, isFalse: sort % 2 == 0, voxels: voxels))
    }
  }

  private static func forEachNeighbour(of offset: Int, in shape: Axes3<Int>, _ visit: (Int) -> Void) {
    let index2 = offset % shape.axis2
    let index1 = offset / shape.axis2 % shape.axis1
    let index0 = offset / (shape.axis2 * shape.axis1)
    for near0 in max(index0 - 1, 0)...min(index0 + 1, shape.axis0 - 1) {
      for near1 in max(index1 - 1, 0)...min(index1 + 1, shape.axis1 - 1) {
        for near2 in max(index2 - 1, 0)...min(index2 + 1, shape.axis2 - 1) {
          visit((near0 * shape.axis1 + near1) * shape.axis2 + near2)
        }
      }
    }
  }

  /// The voxel of a component that is farthest from everything outside it.
  static func centre(of voxels: [Int], shape: Axes3<Int>, spacing: Axes3<Double>) -> Axes3<Int> {
    let indices = voxels.sorted().map(shape.index)
    var (low, high) = (indices[0], indices[0])
    for index in indices {
      for axis in 0..<3 {
        low[axis] = min(low[axis], index[axis])
        high[axis] = max(high[axis], index[axis])
      }
    }
    // One voxel of margin, so that what lies around the component is in the box.
    let boxShape = Axes3(high.axis0 - low.axis0 + 3, high.axis1 - low.axis1 + 3, high.axis2 - low.axis2 + 3)
    func offset(_ index: Axes3<Int>) -> Int {
      boxShape.offset(
        of: Axes3(index.axis0 - low.axis0 + 1, index.axis1 - low.axis1 + 1, index.axis2 - low.axis2 + 1))
    }
    var outside = [Bool](repeating: true, count: boxShape.product)
    for index in indices { outside[offset(index)] = false }
    let squares = DistanceTransform.squaredDistances(sites: outside, shape: boxShape, spacing: spacing)
    var best = indices[0]
    for index in indices where squares[offset(index)] > squares[offset(best)] { best = index }
    return best
  }
}
