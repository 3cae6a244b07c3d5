import Volume

/// Finds where a scan has to be labelled again when the answers of some windows change.
struct ChangedRegions: Sendable {
  private let geometry: ScanGeometry
  private let plan: WindowPlan
  private let resampler: TrilinearResampler

  /// Prepares a scan.
  init(geometry: ScanGeometry, plan: WindowPlan) {
    self.geometry = geometry
    self.plan = plan
    resampler = TrilinearResampler(from: geometry.resampledShape, to: geometry.cropShape)
  }

  /// The whole crop box.
  var everything: VoxelBox { VoxelBox(wholeOf: geometry.cropShape) }

  /// Boxes of the crop box without common voxels, around everything that depends on some windows.
  ///
  /// - Parameters:
  ///   - windows: Their numbers.
  ///   - others: More boxes of the crop box that have to be labelled.
  /// - Returns: The boxes; one around everything where that is little more.
  func boxes(around windows: [Int], and others: [VoxelBox] = []) -> [VoxelBox] {
    if windows.count == plan.count { return [everything] }
    let boxes = windows.compactMap { window in
      let onGrid = VoxelBox(corner: plan.start(of: window), shape: plan.patch).moved(by: geometry.padLow.map { -$0 })
      return resampler.outputBox(dependingOn: onGrid.clamped(to: VoxelBox(wholeOf: geometry.resampledShape)))
    }
    let merged = Self.merged(boxes + others)
    let voxels = merged.reduce(0) { $0 + $1.shape.product }
    return voxels * 4 > everything.shape.product * 3 ? [everything] : merged
  }

  /// Joins boxes that overlap to the box around both, until none do.
  private static func merged(_ boxes: [VoxelBox]) -> [VoxelBox] {
    var result: [VoxelBox] = []
    for box in boxes {
      var joined = box
      while let index = result.firstIndex(where: { $0.overlaps(joined) }) {
        joined = joined.union(result.remove(at: index))
      }
      result.append(joined)
    }
    return result
  }

  /// The windows that reach into any of some regions of the padded grid, ascending.
  func windows(reachingInto regions: [VoxelBox]) -> [Int] {
    (0..<plan.count).filter { window in
      let box = VoxelBox(corner: plan.start(of: window), shape: plan.patch)
      return regions.contains { $0.overlaps(box) }
    }
  }

  /// A box of the crop box as voxels of the stored scan.
  func scanBox(_ box: VoxelBox) -> VoxelBox {
    let turned = box.moved(by: geometry.cropLow)
    let back = geometry.turn.inverse
    let shape = geometry.turn.turn(geometry.scanShape)
    let first = back.turn(voxel: turned.corner, in: shape)
    let last = back.turn(voxel: turned.ranges.map { $0.upperBound - 1 }, in: shape)
    return VoxelBox(Axes3(0, 1, 2).map { min(first[$0], last[$0])..<max(first[$0], last[$0]) + 1 })
  }
}
