import Volume

/// The weighted sum of all windows' logits on the padded grid, of which only the rows in flight along axis 0 are held.
///
/// Windows come row by row: all that share a start along axis 0, then the next start. Once a row of windows is done,
/// every plane below the next start is final; the scan's slices that lie between final planes can be labelled, and the
/// memory is used again. The bound: `classes * (patch.axis0 + 1) * padded.axis1 * padded.axis2` single-precision
/// numbers, however many planes the scan has. The one more plane is the last final one, which the next slice may lie
/// above.
final class LogitAccumulator {
  /// Classes of a voxel.
  let classes: Int
  /// Voxels of the padded grid.
  let size: Axes3<Int>
  /// Planes that are held: plane p is at place `p % capacity`.
  let capacity: Int
  private let patch: Axes3<Int>
  /// `[capacity, classes, axis1, axis2]`.
  private let storage: UnsafeMutablePointer<Float>
  /// Planes below this one have been set to zero before their first use.
  private var startedEnd = 0

  /// Bytes that an accumulator takes.
  static func byteCount(classes: Int, size: Axes3<Int>, patch: Axes3<Int>) -> Int {
    classes * min(size.axis0, patch.axis0 + 1) * size.axis1 * size.axis2 * MemoryLayout<Float>.stride
  }

  init(classes: Int, size: Axes3<Int>, patch: Axes3<Int>) {
    self.classes = classes
    self.size = size
    self.patch = patch
    capacity = min(size.axis0, patch.axis0 + 1)
    storage = .allocate(capacity: classes * capacity * size.axis1 * size.axis2)
  }

  deinit { storage.deallocate() }

  /// The first value of a plane of a class; `[axis1, axis2]` follow.
  func plane(_ plane: Int, label: Int) -> UnsafeMutablePointer<Float> {
    storage + (plane % capacity * classes + label) * size.axis1 * size.axis2
  }

  /// Adds a window's logits, weighted: by the Gaussian, or by the window's share of it.
  ///
  /// - Parameters:
  ///   - logits: `[classes, axis0, axis1, axis2]` of the patch.
  ///   - start: The window's first voxel; along axis 0 not below that of the window before.
  ///   - weights: The weight's factors along each axis.
  ///   - divisor: Divides the logits before they are weighted; `nil` to leave them.
  func add(_ logits: UnsafePointer<Float>, start: Axes3<Int>, weights: Axes3<[Float]>, divisor: Float?) {
    let planeSize = size.axis1 * size.axis2
    while startedEnd < start.axis0 + patch.axis0 {
      plane(startedEnd, label: 0).initialize(repeating: 0, count: classes * planeSize)
      startedEnd += 1
    }
    nonisolated(unsafe) let logits = logits
    let inverse = 1 / (divisor ?? 1)
    Parallel.forEach(patch.axis0 * classes) { piece in
      let (slice, label) = piece.quotientAndRemainder(dividingBy: classes)
      let plane = plane(start.axis0 + slice, label: label) + (start.axis1 * size.axis2 + start.axis2)
      let source = logits + (label * patch.axis0 + slice) * patch.axis1 * patch.axis2
      weights.axis2.withUnsafeBufferPointer { columnWeights in
        for row in 0..<patch.axis1 {
          let weight = weights.axis0[slice] * weights.axis1[row]
          let from = source + row * patch.axis2
          let to = plane + row * size.axis2
          if divisor == nil {
            for column in 0..<patch.axis2 { to[column] += from[column] * (weight * columnWeights[column]) }
          } else {
            for column in 0..<patch.axis2 {
              to[column] += from[column] * inverse * (weight * columnWeights[column])
            }
          }
        }
      }
    }
  }
}
