/// What a run of the pipeline reports.
public struct SegmentationProgress: Sendable, Equatable {
  /// What runs now, for instance "window 3 of 12, encoder stage 2".
  public var stage: String
  /// The share of the network's work that is done, over all windows and mirrored views, 0 to 1; never decreases.
  public var fraction: Double

  /// Creates a report.
  public init(stage: String, fraction: Double) {
    self.stage = stage
    self.fraction = fraction
  }
}

/// Is called while a run proceeds, at least once a window and as often as the network reports; throwing (for instance
/// `CancellationError`) ends the run and leaves the predictor ready for the next one.
public typealias SegmentationObserver = (SegmentationProgress) throws -> Void
