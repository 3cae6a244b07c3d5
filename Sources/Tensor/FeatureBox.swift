import CKernels

/// A part of a feature map: values for a box of its voxels.
public struct FeatureBox {
  /// The first voxel.
  public let origin: Extent
  /// The size.
  public let extent: Extent
  /// Holds `[channels, depth, height, width]` of the box.
  public let values: FloatBuffer
  /// Where the box's values begin.
  public let offset: Int

  /// Creates a box.
  ///
  /// - Parameters:
  ///   - origin: The first voxel.
  ///   - extent: The size.
  ///   - values: Holds `[channels, depth, height, width]` of the box.
  ///   - offset: Where they begin.
  public init(origin: Extent, extent: Extent, values: FloatBuffer, offset: Int = 0) {
    self.origin = origin
    self.extent = extent
    self.values = values
    self.offset = offset
  }

  /// What the kernel reads of the box.
  func addend(channels: Int, within whole: Extent) -> ck_box {
    precondition(offset >= 0 && values.count >= offset + channels * extent.count, "the box has another size")
    for (begin, (size, limit)) in zip(origin.array, zip(extent.array, whole.array)) {
      precondition(begin >= 0 && size >= 0 && begin + size <= limit, "the box reaches outside the feature map")
    }
    return ck_box(
      begin: (Int64(origin.depth), Int64(origin.height), Int64(origin.width)),
      end: (
        Int64(origin.depth + extent.depth), Int64(origin.height + extent.height),
        Int64(origin.width + extent.width)
      ), values: UnsafePointer(values.pointer + offset))
  }
}
