import Volume

/// A click as the network sees it.
public struct PointPrompt: Sendable, Hashable {
  /// The voxel of the patch, `[axis0, axis1, axis2]`.
  public var voxel: Axes3<Int>
  /// The index of the kind's embedding, or -1 for the not-a-point token.
  public var kind: Int

  /// Creates a prompt.
  public init(voxel: Axes3<Int>, kind: Int) {
    self.voxel = voxel
    self.kind = kind
  }
}
