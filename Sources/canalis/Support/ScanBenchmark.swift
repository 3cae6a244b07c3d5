import Checkpoint
import Clicks
import Foundation
import Segmentation
import UMamba2
import Volume

/// Measures what a clinician waits for on a scan: the first mask, then the answers to clicks on it.
struct ScanBenchmark {
  /// What was measured.
  struct Report: Encodable {
    /// From the start of reading the scan to the first mask that is not exact yet, if one was shown.
    var firstPreviewSeconds: Double?
    /// From the start of reading the scan to the first exact mask.
    var firstMaskSeconds: Double
    /// Windows that cover the scan.
    var windows: Int
    /// Clicks that were given.
    var clicks: Int
    /// The mean number of windows that a click reran.
    var windowsAClick: Double
    /// From the click to the first preview, the median of those that had one.
    var previewP50Seconds: Double?
    /// From the click to the exact mask on the scan's grid: the median.
    var clickP50Seconds: Double
    /// The time that 95 of 100 clicks stay below.
    var clickP95Seconds: Double

    enum CodingKeys: String, CodingKey {
      case firstPreviewSeconds = "first_preview_seconds"
      case firstMaskSeconds = "first_mask_seconds"
      case windows, clicks
      case windowsAClick = "windows_a_click"
      case previewP50Seconds = "preview_p50_seconds"
      case clickP50Seconds = "click_p50_seconds"
      case clickP95Seconds = "click_p95_seconds"
    }
  }

  /// The scan's file.
  let scanPath: String
  /// The model's file.
  let modelPath: String
  /// How many clicks are given.
  let clicks: Int

  /// Opens the scan as the viewer does, without its screen, and clicks on voxels of the canals found.
  ///
  /// - Parameter progress: Where progress goes.
  /// - Returns: What was measured.
  /// - Throws: What is wrong with a file; `CommandFailure` when there is no voxel to click on.
  func run(progress: ProgressPrinter) throws -> Report {
    let start = ContinuousClock.now
    let scan = try NIfTIReader.read(path: scanPath)
    let model = try Model.load(path: modelPath)
    let predictor = try InteractivePredictor(
      scan: scan, metadata: model.metadata,
      network: try UMamba2Network(plan: model.metadata.plan, parameters: model.parameters),
      settings: SegmentationSettings(metadata: model.metadata))
    var preview: Double?
    let first = try predictor.segment(clicks: []) { report in
      try Interruption.check()
      progress.show(stage: report.stage, fraction: report.fraction)
    } preview: { _ in
      preview = preview ?? (ContinuousClock.now - start).inSeconds
    }
    let firstMask = (ContinuousClock.now - start).inSeconds
    let canal = first.mask.labels.indices.filter { (1...2).contains(first.mask.labels[$0]) }
    guard !canal.isEmpty else {
      throw CommandFailure("\(DisplayText.escaped(scanPath)): the model finds no canal to click on", status: .badData)
    }
    var random = SeededGenerator(seed: 1)
    var given: [Click] = []
    var (times, previews, windows): ([Double], [Double], Int) = ([], [], 0)
    let shape = scan.grid.shape
    for number in 0..<clicks {
      let place = canal[random.integer(0...canal.count - 1)]
      let voxel = Axes3(
        place / (shape.axis1 * shape.axis2), place / shape.axis2 % shape.axis1, place % shape.axis2)
      given.append(Click(kind: first.mask.labels[place] == 1 ? .left : .right, voxel: voxel))
      progress.show(stage: "click \(number + 1)", fraction: Double(number) / Double(clicks))
      let click = ContinuousClock.now
      var shown: Double?
      let result = try predictor.segment(clicks: given) { _ in
        try Interruption.check()
      } preview: { _ in
        shown = shown ?? (ContinuousClock.now - click).inSeconds
      }
      times.append((ContinuousClock.now - click).inSeconds)
      if let shown { previews.append(shown) }
      windows += result.windowsRun
    }
    progress.clear()
    times.sort()
    previews.sort()
    return Report(
      firstPreviewSeconds: preview, firstMaskSeconds: firstMask, windows: first.windows, clicks: clicks,
      windowsAClick: Double(windows) / Double(clicks),
      previewP50Seconds: previews.isEmpty ? nil : previews[previews.count / 2], clickP50Seconds: times[times.count / 2],
      clickP95Seconds: times[min(times.count - 1, times.count * 95 / 100)])
  }
}
