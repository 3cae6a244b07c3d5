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
