import Volume

extension VoxelBox {
  /// The smallest box around all voxels of an array that a test picks by position, or `nil` when it picks none.
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
    self.init(Axes3(0, 1, 2).map { low[$0]..<high[$0] + 1 })
  }

  /// The smallest box that holds this one and another.
  func union(_ other: VoxelBox) -> VoxelBox {
    VoxelBox(
      Axes3(0, 1, 2).map { axis in
        min(
          ranges[axis].lowerBound, other.ranges[axis].lowerBound)..<max(
            ranges[axis].upperBound, other.ranges[axis].upperBound)
      })
  }
}
