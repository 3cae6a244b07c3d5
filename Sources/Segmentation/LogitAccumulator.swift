import Volume

/// The weighted sum of windows' logits over a region of the padded grid, of which only the rows in flight along axis 0
/// are held.
///
/// Windows come row by row: all that share a start along axis 0, then the next start. Once a row of windows is done,
/// every plane below the next start is final; the scan's slices that lie between final planes can be labelled, and the
/// memory is used again. The bound: `classes * (patch.axis0 + 1) * region.axis1 * region.axis2` single-precision
/// numbers, however many planes the region has. The one more plane is the last final one, which the next slice may lie
/// above.
///
/// A voxel's sum does not depend on the region: the same windows are added in the same order.
final class LogitAccumulator {
  /// Classes of a voxel.
  let classes: Int
  /// The voxels of the padded grid that are summed.
  let region: VoxelBox
  /// From one row to the next of a plane.
  let rowStride: Int
  /// Planes that are held: plane p is at place `(p - first) % capacity`.
  private let capacity: Int
  private let patch: Axes3<Int>
  /// `[capacity, classes, axis1, axis2]` of the region.
  private let storage: UnsafeMutablePointer<Float>
  private let planeSize: Int
  /// Planes below this one have been set to zero before their first use.
  private var startedEnd: Int

  /// Bytes that an accumulator takes.
  static func byteCount(classes: Int, region: Axes3<Int>, patch: Axes3<Int>) -> Int {
    classes * min(region.axis0, patch.axis0 + 1) * region.axis1 * region.axis2 * MemoryLayout<Float>.stride
  }

  init(classes: Int, region: VoxelBox, patch: Axes3<Int>) {
    self.classes = classes
    self.region = region
    self.patch = patch
    let shape = region.shape
    capacity = min(shape.axis0, patch.axis0 + 1)
    rowStride = shape.axis2
    planeSize = shape.axis1 * shape.axis2
    storage = .allocate(capacity: classes * capacity * planeSize)
    LargePages.advise(
      UnsafeMutableRawBufferPointer(UnsafeMutableBufferPointer(start: storage, count: classes * capacity * planeSize)))
    startedEnd = region.ranges.axis0.lowerBound
  }

  deinit { storage.deallocate() }

  /// The first value of a plane of a class, at the region's corner; `[axis1, axis2]` of the region follow.
  func plane(_ plane: Int, label: Int) -> UnsafeMutablePointer<Float> {
    storage + ((plane - region.ranges.axis0.lowerBound) % capacity * classes + label) * planeSize
  }

  /// Sets planes to zero as far as a window reaches, of which nothing may be added.
  func reach(start: Axes3<Int>) {
    let end = min(start.axis0 + patch.axis0, region.ranges.axis0.upperBound)
    while startedEnd < end {
      plane(startedEnd, label: 0).initialize(repeating: 0, count: classes * planeSize)
      startedEnd += 1
    }
  }

  /// Adds what lies in the region of a window's logits, weighted: by the Gaussian, or by the window's share of it.
  ///
  /// - Parameters:
  ///   - logits: `[classes, axis0, axis1, axis2]` of the patch.
  ///   - start: The window's first voxel; along axis 0 not below that of the window before.
  ///   - weights: The weight's factors along each axis.
  ///   - divisor: Divides the logits before they are weighted; `nil` to leave them.
  func add(_ logits: UnsafePointer<Float>, start: Axes3<Int>, weights: Axes3<[Float]>, divisor: Float?) {
    let common = VoxelBox(corner: start, shape: patch).clamped(to: region)
    if common.shape.product == 0 { return }
    reach(start: start)
    nonisolated(unsafe) let logits = logits
    let inverse = 1 / (divisor ?? 1)
    // The common voxels, counted from the window's first.
    let inside = common.moved(by: start.map { -$0 })
    let (rows, columns) = (inside.ranges.axis1, inside.ranges.axis2)
    let corner = Axes3(0, 1, 2).map { start[$0] - region.corner[$0] }
    Parallel.forEach(inside.shape.axis0 * classes) { piece in
      let (place, label) = piece.quotientAndRemainder(dividingBy: classes)
      let slice = inside.ranges.axis0.lowerBound + place
      let plane = plane(start.axis0 + slice, label: label)
      let source = logits + (label * patch.axis0 + slice) * patch.axis1 * patch.axis2
      weights.axis2.withUnsafeBufferPointer { columnWeights in
        for row in rows {
          let weight = weights.axis0[slice] * weights.axis1[row]
          let from = source + row * patch.axis2
          let to = plane + ((row + corner.axis1) * rowStride + corner.axis2)
          if divisor == nil {
            for column in columns { to[column] += from[column] * (weight * columnWeights[column]) }
          } else {
            for column in columns { to[column] += from[column] * inverse * (weight * columnWeights[column]) }
          }
        }
      }
    }
  }
}
