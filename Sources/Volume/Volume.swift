/// A scan: grey values on a grid.
public struct Volume: Sendable {
  /// Where the voxels lie.
  public let grid: Grid
  /// Grey values in stored order, axis 2 fastest; `grid.shape.product` of them, after the file's slope and intercept.
  public let voxels: [Float]
  /// What the file said of its geometry, kept so that a mask can be written with the same bytes.
  public let header: ScanHeader?

  /// Creates a scan.
  public init(grid: Grid, voxels: [Float], header: ScanHeader? = nil) {
    precondition(voxels.count == grid.shape.product, "one grey value for each voxel")
    self.grid = grid
    self.voxels = voxels
    self.header = header
  }
}

/// A segmentation: one label for each voxel of a grid. 0 is background, 1 the patient's left canal, 2 the right.
public struct Mask: Sendable, Equatable {
  /// Where the voxels lie.
  public let grid: Grid
  /// Labels in stored order, axis 2 fastest.
  public var labels: [UInt8]

  /// Creates a mask.
  public init(grid: Grid, labels: [UInt8]) {
    precondition(labels.count == grid.shape.product, "one label for each voxel")
    self.grid = grid
    self.labels = labels
  }
}

/// The header of the file that a scan came from, kept byte for byte.
public enum ScanHeader: Sendable, Equatable {
  /// The 348 bytes of a NIfTI-1 header as stored, and whether their byte order is the reverse of this machine's.
  case nifti(bytes: [UInt8], isByteSwapped: Bool)
}
