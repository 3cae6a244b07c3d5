/// A scan: grey values on a grid.
public struct Volume: Sendable {
  /// Where the voxels lie.
  public let grid: Grid
  /// Grey values in stored order, axis 2 fastest; `grid.shape.product` of them, after the file's slope and intercept.
  public let voxels: [Float]
  /// What the file said of its geometry, kept so that a mask can be written with the same bytes.
  public let header: ScanHeader?
  /// What the reader had to mend or leave out, one sentence each, for the user to see.
  public let warnings: [String]

  /// Creates a scan.
  public init(grid: Grid, voxels: [Float], header: ScanHeader? = nil, warnings: [String] = []) {
    precondition(voxels.count == grid.shape.product, "one grey value for each voxel")
    self.grid = grid
    self.voxels = voxels
    self.header = header
    self.warnings = warnings
  }
}
