import Clicks
import Volume

/// Clicks spread along a canal, as the challenge simulates them.
public enum SpreadClicks {
  /// Slices that a click may be moved along axis 0, either way.
  static let largestSliceShift = 5
  /// Voxels that a click may be moved along axes 1 and 2, either way.
  static let largestInPlaneShift = 3

  /// Returns clicks on one canal of a truth, in the order of their slices' places along the canal.
  ///
  /// The canal's extent in axis 0 is cut into equal parts, one a click, each click at first in the middle slice of its
  /// part; it is moved by up to 5 slices, then starts at the slice's median voxel (in row order), is moved by up to 3
  /// voxels along each of axes 1 and 2, and goes to the canal's voxel nearest to that place in the slice. A slice in
  /// which the canal has no voxel is replaced by the nearest that has some.
  ///
  /// - Parameters:
  ///   - canal: `.left` or `.right`.
  ///   - count: the number of clicks, at least 0.
  ///   - truth: the mask that the clicks come from.
  ///   - seed: the same seed, canal and count give the same clicks.
  /// - Returns: the clicks, all inside the canal; none when the truth lacks the canal.
  public static func clicks(on canal: ClickKind, count: Int, truth: Mask, seed: UInt64) -> [Click] {
    precondition(canal != .background && count >= 0, "spread clicks are laid on a canal")
    let slices = slices(of: truth, labelled: canal.label)
    let occupied = slices.indices.filter { !slices[$0].isEmpty }
    guard let first = occupied.first, let last = occupied.last else { return [] }
    var random = SeededGenerator(seed: seed).split(UInt64(canal.label) << 32 | UInt64(count))
    return (0..<count).map { number in
      let middle = Double(first) + Double(last - first) * (Double(number) + 0.5) / Double(count)
      let moved = Int(middle.rounded(.down)) + random.integer(-largestSliceShift...largestSliceShift)
      let wanted = min(max(moved, first), last)
      var slice = first
      for candidate in occupied where abs(candidate - wanted) < abs(slice - wanted) { slice = candidate }
      let voxels = slices[slice]
      let median = voxels[voxels.count / 2]
      let row = median.axis1 + random.integer(-largestInPlaneShift...largestInPlaneShift)
      let column = median.axis2 + random.integer(-largestInPlaneShift...largestInPlaneShift)
      func distance(_ voxel: Axes3<Int>) -> Int {
        (voxel.axis1 - row) * (voxel.axis1 - row) + (voxel.axis2 - column) * (voxel.axis2 - column)
      }
      var nearest = median
      for voxel in voxels where distance(voxel) < distance(nearest) { nearest = voxel }
      return Click(kind: canal, voxel: nearest)
    }
  }

  /// The canal's voxels in each slice of axis 0, in row order.
  private static func slices(of mask: Mask, labelled label: UInt8) -> [[Axes3<Int>]] {
    let shape = mask.grid.shape
    var offset = 0
    return (0..<shape.axis0).map { index0 in
      var voxels: [Axes3<Int>] = []
      for index1 in 0..<shape.axis1 {
        for index2 in 0..<shape.axis2 {
          if mask.labels[offset] == label { voxels.append(Axes3(index0, index1, index2)) }
          offset += 1
        }
      }
      return voxels
    }
  }
}
