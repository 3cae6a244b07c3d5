import Checkpoint
import UMamba2
import Volume

extension Model {
  /// Makes the model's network for patches of a size.
  ///
  /// - Parameter patch: Voxels of a window.
  /// - Returns: The network, its memory reserved.
  /// - Throws: `NetworkError`, or what is wrong with a parameter.
  func network(patch: Axes3<Int>) throws -> UMamba2Network {
    try UMamba2Network(plan: metadata.plan, patch: patch, parameters: parameters)
  }
}
