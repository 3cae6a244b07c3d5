import Volume

/// The way of a scan's voxels to the network's grid: turn, crop, resampling, padding. Shapes and places only.
struct ScanGeometry: Sendable, Equatable {
  /// The scan as stored.
  let scanShape: Axes3<Int>
  /// From stored to network axes.
  let turn: Reorientation
  /// Voxel spacing of the turned scan, millimetres.
  let spacing: Axes3<Double>
  /// The first voxel of the crop box in the turned scan.
  let cropLow: Axes3<Int>
  /// Voxels of the crop box.
  let cropShape: Axes3<Int>
  /// Where crop voxels lie in the stored scan.
  let cropLayout: TurnedBox.Layout
  /// Voxels of the crop box on the model's spacing.
  let resampledShape: Axes3<Int>
  /// Voxels added before the first, so that a patch fits.
  let padLow: Axes3<Int>
  /// Voxels after padding: what windows move over.
  let paddedShape: Axes3<Int>

  /// Computes the way of one scan.
  ///
  /// - Parameters:
  ///   - grid: The scan's grid.
  ///   - box: The voxels of the stored scan that are kept.
  ///   - turn: From stored to network axes.
  ///   - targetSpacing: The network's voxel spacing along its axes, millimetres.
  ///   - patch: Voxels of the network's patch.
  /// - Throws: `VolumeError.resampledSizeAbsurd`.
  init(
    grid: Grid, box: VoxelBox, turn: Reorientation, targetSpacing: Axes3<Double>, patch: Axes3<Int>
  ) throws {
    scanShape = grid.shape
    self.turn = turn
    spacing = turn.turn(grid.spacing)
    let crop = TurnedBox(box, in: grid.shape, turn: turn)
    (cropLow, cropShape, cropLayout) = (crop.low, crop.shape, crop.layout)
    let resampled = try Resampling.shape(of: cropShape, spacing: spacing, target: targetSpacing)
    resampledShape = resampled
    padLow = Axes3(0, 1, 2).map { max(0, patch[$0] - resampled[$0]) / 2 }
    paddedShape = Axes3(0, 1, 2).map { max(patch[$0], resampled[$0]) }
  }

  /// Whether the crop box changes its number of voxels on the model's spacing.
  var isResampled: Bool { cropShape != resampledShape }

  /// Where a voxel of the stored scan lies in the crop box, possibly outside it.
  func cropVoxel(ofScanVoxel voxel: Axes3<Int>) -> Axes3<Int> {
    let turned = turn.turn(voxel: voxel, in: scanShape)
    return Axes3(0, 1, 2).map { turned[$0] - cropLow[$0] }
  }

  /// Where a voxel of the stored scan lies on the padded grid.
  ///
  /// A voxel outside the crop box lands in the padding or outside the grid when nothing is resampled, and on the
  /// nearest border of the resampled box otherwise.
  func paddedVoxel(ofScanVoxel voxel: Axes3<Int>) -> Axes3<Int> {
    var place = cropVoxel(ofScanVoxel: voxel)
    if isResampled { place = Resampling.index(of: place, from: cropShape, to: resampledShape) }
    return Axes3(0, 1, 2).map { place[$0] + padLow[$0] }
  }
}

extension Reorientation {
  /// Finds how a scan is turned to a model's orientation, followed by nnU-Net's axis permutation.
  ///
  /// - Parameters:
  ///   - scan: The direction in which each scan axis grows.
  ///   - model: The direction in which each axis grows in the arrays that the model was trained on.
  ///   - transposeForward: The array axis that each network axis is.
  init(from scan: Orientation, to model: Orientation, transposeForward: [Int]) {
    self.init(from: scan, to: Orientation(Axes3(0, 1, 2).map { model.directions[transposeForward[$0]] }))
  }
}
