import Volume

/// A mask shown while the exact one is computed: some windows have been run, the others count with what was known of
/// them, or not at all.
public struct SegmentationPreview: Sendable {
  /// The mask so far.
  public let mask: Mask
  /// Windows that have been run for the exact answer.
  public let windowsRun: Int
  /// Windows that the exact answer takes.
  public let windows: Int
}

/// When previews are worth their time.
enum PreviewPace {
  /// A preview is shown when the exact answer is further away than this, in seconds.
  static let worthwhileSeconds = 0.1
  /// From one preview to the next, in seconds, at least.
  static let secondsBetween = 0.7
  /// The same, as a multiple of what the last preview took: the exact answer must not wait long for previews.
  static let workBetween = 9.0
}

/// How much of a run's work is done.
struct WorkMeter {
  /// Multiply-accumulates of the run.
  let total: Double
  /// Those that are done.
  var done = 0.0

  /// Windows for which the network ran, each pass of their views counted.
  var windows = 0

  /// Prepares a run.
  init(total: Double) { self.total = total }

  /// The share that is done, 0 to 1.
  var fraction: Double { total > 0 ? min(1, done / total) : 1 }
}

extension Duration {
  /// The duration in seconds.
  package var inSeconds: Double { Double(components.seconds) + Double(components.attoseconds) * 1e-18 }
}
