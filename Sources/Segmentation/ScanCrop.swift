import Checkpoint
import Volume

/// What a model sees of a scan: the box that is kept, and what its grey values become.
struct ScanCrop: Sendable {
  /// The voxels of the stored scan that are kept.
  let box: VoxelBox
  /// From grey values to the network's.
  let intensities: IntensityMap

  /// The network's value that air stays below and bone and soft tissue exceed, between -1 and 1, the ends of the scan's
  /// own percentiles.
  static let brighterThanAir: Float = -0.4
  /// The share of a plane that must be brighter than air for it to show something: more than noise in air makes.
  static let shownShare = 0.002
  /// What is kept around all that shows something, in millimetres.
  static let margin = 5.0

  /// Looks over a scan.
  ///
  /// Grey values are measured in the box around everything that is not zero. It is what is kept, unless the model follows
  /// the scan (`PipelinePlan.followsScan`): then air on the six sides is left out, in which no canal can be.
  ///
  /// - Parameters:
  ///   - scan: The scan.
  ///   - pipeline: The pipeline.
  init(_ scan: Volume, pipeline: PipelinePlan) {
    let shape = scan.grid.shape
    let whole = VoxelBox(wholeOf: shape)
    let nonzero = VoxelBox.aroundNonzero(scan.voxels, shape: shape) ?? whole
    intensities = IntensityMap(pipeline.normalization) {
      // Percentiles do not depend on the order of the voxels; sums of floating-point numbers do.
      if nonzero == whole, pipeline.followsScan || pipeline.turn.isIdentity { return scan.voxels }
      return Self.values(of: nonzero, in: scan, turn: pipeline.turn)
    }
    guard pipeline.followsScan,
      let shown = VoxelBox.aroundBright(
        scan.voxels, shape: shape, in: nonzero, above: intensities.greyValue(of: Self.brighterThanAir),
        share: Self.shownShare)
    else {
      box = nonzero
      return
    }
    // A header may claim any spacing: beyond the scan's own size the margin says nothing.
    let margin = Axes3(0, 1, 2).map { Int(min(Double(shape[$0]), (Self.margin / scan.grid.spacing[$0]).rounded(.up))) }
    box = shown.grown(by: margin).clamped(to: nonzero)
  }

  /// The grey values of a box of the stored scan, in the network's axes.
  private static func values(of box: VoxelBox, in scan: Volume, turn: Reorientation) -> [Float] {
    let place = TurnedBox(box, in: scan.grid.shape, turn: turn)
    let (layout, shape) = (place.layout, place.shape)
    return [Float](onLargePages: shape.product) { result, count in
      nonisolated(unsafe) let result = result
      scan.voxels.withUnsafeBufferPointer { voxels in
        Parallel.forEach(shape.axis0) { slice in
          for row in 0..<shape.axis1 {
            let from = layout.start + slice * layout.strides.axis0 + row * layout.strides.axis1
            let to = (slice * shape.axis1 + row) * shape.axis2
            for column in 0..<shape.axis2 { result[to + column] = voxels[from + column * layout.strides.axis2] }
          }
        }
      }
      count = shape.product
    }
  }
}

/// A box of a stored scan in the axes of the turned one.
struct TurnedBox: Sendable, Equatable {
  /// The first voxel in the turned scan.
  let low: Axes3<Int>
  /// Voxels along each axis.
  let shape: Axes3<Int>
  /// Where its voxels lie in the stored scan: `start + sum of voxel[axis] * strides[axis]`.
  let layout: Layout

  /// Places in an array.
  struct Layout: Sendable, Equatable {
    let start: Int
    let strides: Axes3<Int>
  }

  /// Turns a box.
  ///
  /// - Parameters:
  ///   - box: The box.
  ///   - scanShape: The scan as stored.
  ///   - turn: From stored to network axes.
  init(_ box: VoxelBox, in scanShape: Axes3<Int>, turn: Reorientation) {
    let first = turn.turn(voxel: box.corner, in: scanShape)
    let last = turn.turn(voxel: box.ranges.map { $0.upperBound - 1 }, in: scanShape)
    let low = Axes3(0, 1, 2).map { min(first[$0], last[$0]) }
    self.low = low
    shape = turn.turn(box.shape)
    let stored = Axes3(scanShape.axis1 * scanShape.axis2, scanShape.axis2, 1)
    let start = (0..<3).reduce(0) { sum, axis in
      let place = turn.flips[axis] ? scanShape[turn.sourceAxes[axis]] - 1 - low[axis] : low[axis]
      return sum + place * stored[turn.sourceAxes[axis]]
    }
    layout = Layout(
      start: start,
      strides: Axes3(0, 1, 2).map { turn.flips[$0] ? -stored[turn.sourceAxes[$0]] : stored[turn.sourceAxes[$0]] })
  }
}
