import Volume

/// A box of voxels inside an array, given by its lowest corner and its shape.
struct VoxelBox: Equatable {
  let origin: Axes3<Int>
  let shape: Axes3<Int>

  /// The smallest box around all voxels that a test picks, or `nil` when it picks none.
  init?(around shape: Axes3<Int>, where isInside: (Int) -> Bool) {
    var low = shape
    var high = Axes3(repeating: -1)
    var offset = 0
    for index0 in 0..<shape.axis0 {
      for index1 in 0..<shape.axis1 {
        for index2 in 0..<shape.axis2 {
          if isInside(offset) {
            low = Axes3(min(low.axis0, index0), min(low.axis1, index1), min(low.axis2, index2))
            high = Axes3(max(high.axis0, index0), max(high.axis1, index1), max(high.axis2, index2))
          }
          offset += 1
        }
      }
    }
    guard high.axis0 >= 0 else { return nil }
    origin = low
    self.shape = Axes3(high.axis0 - low.axis0 + 1, high.axis1 - low.axis1 + 1, high.axis2 - low.axis2 + 1)
  }

  /// A box from its lowest and highest voxel, both included.
  init(low: Axes3<Int>, high: Axes3<Int>) {
    origin = low
    shape = Axes3(high.axis0 - low.axis0 + 1, high.axis1 - low.axis1 + 1, high.axis2 - low.axis2 + 1)
  }

  /// The smallest box that holds this one and another.
  func union(_ other: VoxelBox) -> VoxelBox {
    func last(_ box: VoxelBox, _ axis: Int) -> Int { box.origin[axis] + box.shape[axis] - 1 }
    return VoxelBox(
      low: Axes3(
        min(origin.axis0, other.origin.axis0), min(origin.axis1, other.origin.axis1),
        min(origin.axis2, other.origin.axis2)),
      high: Axes3(
        max(last(self, 0), last(other, 0)), max(last(self, 1), last(other, 1)), max(last(self, 2), last(other, 2))))
  }
}
