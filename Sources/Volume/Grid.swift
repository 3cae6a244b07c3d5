/// Where the voxels of a scan or mask lie: their number, their size, and their place in the patient.
public struct Grid: Sendable, Equatable {
  /// Voxels along each axis, `[axis0, axis1, axis2]`, each at least 1.
  public let shape: Axes3<Int>
  /// Distance between voxel centres along each axis in millimetres, each finite and above 0.
  public let spacing: Axes3<Double>
  /// The map from voxel `(i, j, k)` to millimetres in the patient, or `nil` when the file gives none that is usable.
  public let affine: Affine?

  /// Creates a grid from values that a reader has validated.
  public init(shape: Axes3<Int>, spacing: Axes3<Double>, affine: Affine?) {
    self.shape = shape
    self.spacing = spacing
    self.affine = affine
  }

  /// The anatomical direction in which each axis grows, or `nil` when the grid has no usable affine.
  public var orientation: Orientation? { affine.flatMap(Orientation.init(affine:)) }

  /// The volume of one voxel, cubic millimetres.
  public var voxelVolumeInCubicMillimeters: Double { spacing.axis0 * spacing.axis1 * spacing.axis2 }

  /// Finds the patient position of a voxel's centre.
  ///
  /// - Parameter voxel: A voxel index, `[axis0, axis1, axis2]`.
  /// - Returns: Its place, or `nil` when the grid has no usable affine.
  public func position(ofVoxel voxel: Axes3<Int>) -> PatientPosition? {
    affine?.position(ofVoxel: voxel.map(Double.init))
  }
}

extension Grid {
  /// Says how another grid differs from this one by more than rounding: another shape, a spacing off by more than a
  /// thousandth, or (where both have an affine) a corner off by more than half the smallest spacing.
  ///
  /// - Parameter other: The grid to compare with this one.
  /// - Returns: What this grid has and what the other has, or `nil` when they are the same place.
  public func difference(to other: Grid) -> (expected: String, actual: String)? {
    if shape != other.shape { return ("shape \(shape.array)", "shape \(other.shape.array)") }
    if (0..<3).contains(where: { abs(other.spacing[$0] / spacing[$0] - 1) > 1e-3 }) {
      return ("spacing \(spacing.array) mm", "spacing \(other.spacing.array) mm")
    }
    guard let affine, let otherAffine = other.affine else { return nil }
    let tolerance = spacing.array.reduce(.infinity, min) / 2
    for corner in 0..<8 {
      let voxel = Axes3(0, 1, 2).map { corner >> $0 & 1 == 0 ? 0 : Double(shape[$0] - 1) }
      let mine = affine.position(ofVoxel: voxel)
      let others = otherAffine.position(ofVoxel: voxel)
      let distance =
        ((mine.right - others.right) * (mine.right - others.right)
        + (mine.anterior - others.anterior) * (mine.anterior - others.anterior)
        + (mine.superior - others.superior) * (mine.superior - others.superior)).squareRoot()
      if !(distance <= tolerance) {
        return ("voxel \(voxel.array) at \(mine.lettered)", "that voxel at \(others.lettered)")
      }
    }
    return nil
  }
}
