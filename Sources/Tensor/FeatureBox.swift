import CKernels

/// A part of a feature map: values for a box of its voxels.
public struct FeatureBox {
  /// The first voxel.
  public let origin: Extent
  /// The size.
  public let extent: Extent
  /// `[channels, depth, height, width]` of the box.
  public let values: FloatBuffer

  /// Creates a box.
  ///
  /// - Parameters:
  ///   - origin: The first voxel.
  ///   - extent: The size.
  ///   - values: `[channels, depth, height, width]` of the box.
  public init(origin: Extent, extent: Extent, values: FloatBuffer) {
    self.origin = origin
    self.extent = extent
    self.values = values
  }

  /// What the kernel reads of the box.
  func addend(channels: Int, within whole: Extent) -> ck_box {
    precondition(values.count == channels * extent.count, "the box has another number of channels")
    for (begin, (size, limit)) in zip(origin.array, zip(extent.array, whole.array)) {
      precondition(begin >= 0 && size >= 0 && begin + size <= limit, "the box reaches outside the feature map")
    }
    return ck_box(
      begin: (Int64(origin.depth), Int64(origin.height), Int64(origin.width)),
      end: (
        Int64(origin.depth + extent.depth), Int64(origin.height + extent.height),
        Int64(origin.width + extent.width)
      ), values: UnsafePointer(values.pointer))
  }
}
