import Phantom
import Volume

/// Finds what looks like a canal in a synthetic crop and is none.
enum LookAlikes {
  /// The smallest tube that counts, voxels.
  private static let smallestVoxelCount = 40

  /// The connected pieces of unlabelled tubes.
  ///
  /// - Parameters:
  ///   - structures: `PhantomStructure` numbers of the crop.
  ///   - size: Its voxels.
  ///   - isLeftHalf: Whether the crop lies in the patient's left half, for tubes that are of no side.
  /// - Returns: The pieces of at least 40 voxels.
  static func tubes(of structures: [UInt8], size: Axes3<Int>, isLeftHalf: Bool) -> [TrainingSample.Tube] {
    var rest = structures
    var tubes: [TrainingSample.Tube] = []
    for start in rest.indices {
      guard let label = label(of: rest[start], isLeftHalf: isLeftHalf) else { continue }
      let kind = rest[start]
      rest[start] = 0
      var voxels: [Int32] = []
      var pending = [start]
      while let voxel = pending.popLast() {
        voxels.append(Int32(voxel))
        let index = size.index(at: voxel)
        for near0 in max(index.axis0 - 1, 0)...min(index.axis0 + 1, size.axis0 - 1) {
          for near1 in max(index.axis1 - 1, 0)...min(index.axis1 + 1, size.axis1 - 1) {
            for near2 in max(index.axis2 - 1, 0)...min(index.axis2 + 1, size.axis2 - 1) {
              let near = (near0 * size.axis1 + near1) * size.axis2 + near2
              if rest[near] == kind {
                rest[near] = 0
                pending.append(near)
              }
            }
          }
        }
      }
      if voxels.count >= smallestVoxelCount { tubes.append(TrainingSample.Tube(label: label, voxels: voxels)) }
    }
    return tubes
  }

  private static func label(of structure: UInt8, isLeftHalf: Bool) -> UInt8? {
    switch PhantomStructure(rawValue: structure) {
    case .leftTwin: 1
    case .rightTwin: 2
    case .lookAlikeTube, .incisiveCanal: isLeftHalf ? 1 : 2
    default: nil
    }
  }
}
