import Checkpoint
import Clicks
import Foundation
import Segmentation
import UMamba2
import Volume

/// One run of the pipeline for a command: says what it will cost, shows progress, can be interrupted.
struct SegmentationRun {
  /// The scan.
  let scan: Volume
  /// The model.
  let model: Model
  /// How the mask is computed.
  let settings: SegmentationSettings
  /// The clicks in order.
  let clicks: [Click]
  /// Whether the summed logits are wanted.
  var keepsLogits = false
  /// The most memory to take, or `nil` for what is free.
  var memoryLimit: ByteCount?

  /// Runs of more seconds than this are announced with their time and memory.
  static let secondsWithoutAnnouncement = 30.0

  /// Computes the mask.
  ///
  /// - Parameter progress: Where progress goes.
  /// - Returns: The mask and what was found on the way.
  /// - Throws: What is wrong with the data; `CancellationError` when the user interrupted.
  func run(progress: ProgressPrinter) throws -> SegmentationResult {
    progress.show(stage: "preparing the network", fraction: 0)
    // One answer is wanted: nothing is kept for a next one.
    let predictor = try InteractivePredictor(
      scan: scan, metadata: model.metadata, settings: settings, cacheBytes: 0, memoryLimitBytes: memoryLimit?.bytes,
      network: model.network)
    let estimate = predictor.estimate
    if estimate.seconds() > Self.secondsWithoutAnnouncement {
      progress.note(
        "\(estimate.windows) windows: about \(ProgressPrinter.duration(estimate.seconds())) and "
          + "\(String(format: "%.1f", Double(estimate.peakMemoryBytes) / 1e9)) GB of memory; Ctrl-C stops it")
    }
    let result = try predictor.segment(clicks: clicks, keeping: keepsLogits ? .logits : []) { report in
      try Interruption.check()
      progress.show(stage: report.stage, fraction: report.fraction)
    }
    progress.clear()
    for warning in result.warnings { progress.note("warning: \(warning)") }
    return result
  }
}
