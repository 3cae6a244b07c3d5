import Volume

/// What a run of the pipeline gives.
public struct SegmentationResult: Sendable {
  /// The mask on the scan's grid: 0 background, 1 the patient's left canal, 2 the right; a model's own labels if it is
  /// not of canals.
  public let mask: Mask
  /// The mask before small components were removed, crosses stamped and clicks forced.
  public let maskBeforePostprocessing: Mask
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
  public let logits: Logits?
  /// What the user should know about the scan, one sentence each.
  public let warnings: [String]

  /// The number of voxels of a label in the mask.
  public func voxelCount(label: UInt8) -> Int {
    mask.labels.withUnsafeBufferPointer { labels in
      var count = 0
      for value in labels where value == label { count += 1 }
      return count
    }
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
