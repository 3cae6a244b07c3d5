import Volume

/// What a run of the pipeline gives.
public struct SegmentationResult: Sendable {
  /// The mask on the scan's grid: 0 background, 1 the patient's left canal, 2 the right; a model's own labels if it is
  /// not of canals.
  public let mask: Mask
  /// How the mask differs from that of the predictor's run before, or from an empty one.
  public let change: Change
  /// The mask before small components were removed, crosses stamped and clicks forced, if asked for.
  public internal(set) var maskBeforePostprocessing: Mask?
  /// Windows that cover the scan.
  public let windows: Int
  /// Windows for which the network ran; the others' answers were kept from before.
  public let windowsRun: Int
  /// The clicks, as positions in the list, whose voxel the model answered otherwise and that were forced.
  public let forcedClicks: [Int]
  /// Whether "not canal" clicks acted on the logits, because the model has no such kind.
  public let negativeClicksActedAfterNetwork: Bool
  /// How long the run took.
  public let seconds: Double
  /// The logits on the resampled grid, if asked for.
  public internal(set) var logits: Logits?
  /// What the user should know about the scan, one sentence each.
  public let warnings: [String]

  /// The number of voxels of a label in the mask.
  public func voxelCount(label: UInt8) -> Int { change.voxelCounts[Int(label)] }

  /// How one mask differs from another.
  public struct Change: Sendable, Equatable {
    /// The number of voxels of each label in the new mask, 256 numbers.
    public var voxelCounts = [Int](repeating: 0, count: 256)
    /// Voxels that have a label now and had none or another.
    public var added = 0
    /// Voxels that had a label and have none now.
    public var removed = 0
    /// What the network still says, but stands alone now and is too small to stay.
    /// At most one for each label.
    public var rests: [Rest] = []
  }

  /// Voxels of former components that were removed because too little is left of them, as when a "not canal" click cuts
  /// them off.
  public struct Rest: Sendable, Equatable {
    /// Their label.
    public let label: UInt8
    /// How many they are.
    public let voxels: Int
    /// One of them, in their longest row.
    public let voxel: Axes3<Int>
  }

  /// What a result holds besides the mask when asked to, each of which takes memory and time.
  public struct Extras: OptionSet, Sendable {
    /// Tells the set's members apart.
    public let rawValue: Int

    /// Creates a set from its members' bits.
    public init(rawValue: Int) { self.rawValue = rawValue }

    /// The logits on the resampled grid.
    public static let logits = Extras(rawValue: 1)
    /// The mask before post-processing.
    public static let maskBeforePostprocessing = Extras(rawValue: 2)
  }

  /// Logits of all classes on the model's spacing, in the network's axes, padding removed: the weighted sum over
  /// windows under the published rules, the weighted mean under the default rules.
  public struct Logits: Sendable, Equatable {
    /// `[classes, axis0, axis1, axis2]`.
    public let shape: [Int]
    /// The values, last axis fastest.
    public let values: [Float]
  }
}
