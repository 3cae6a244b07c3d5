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
}

/// A map from voxel indices to patient coordinates, NIfTI's convention: millimetres, x to the patient's right... left
/// handled by sign: +x is right-to-left as in RAS+, +y anterior, +z superior.
///
/// Row r of `rows` gives coordinate r as `rows[r][0] * i + rows[r][1] * j + rows[r][2] * k + rows[r][3]`, where
/// `(i, j, k)` = `(axis2, axis1, axis0)`.
public struct Affine: Sendable, Equatable {
  /// Three rows of four numbers.
  public let rows: [[Double]]

  /// Creates a map from three rows of four numbers.
  public init(rows: [[Double]]) {
    precondition(rows.count == 3 && rows.allSatisfy { $0.count == 4 }, "an affine has three rows of four numbers")
    self.rows = rows
  }
}
