import Volume

/// What is not left to chance when a synthetic jaw is made.
public struct PhantomOptions: Sendable, Equatable {
  /// The voxel size in millimetres along axis 0, 1, 2 of a scan stored left-posterior-superior, each above 0; `nil`
  /// draws it.
  public var spacing: Axes3<Double>?
  /// The number of voxels along axis 0, 1, 2 of a scan stored left-posterior-superior, each at least 1; `nil` draws the
  /// field of view.
  public var shape: Axes3<Int>?
  /// How the array is stored.
  public var orientation: Orientation
  /// Whether the field of view always shows the whole jaw.
  public var showsWholeJaw: Bool

  /// Creates options; without arguments everything is drawn, and stored left-posterior-superior.
  public init(
    spacing: Axes3<Double>? = nil, shape: Axes3<Int>? = nil, orientation: Orientation = .lps,
    showsWholeJaw: Bool = false
  ) {
    self.spacing = spacing
    self.shape = shape
    self.orientation = orientation
    self.showsWholeJaw = showsWholeJaw
  }
}
