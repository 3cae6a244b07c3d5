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
    /// From the start of reading the scan to the first preview that shows both canals as the exact mask has them, each
    /// with a Dice coefficient of at least `PreviewTimeline.sufficientDice`; or to the exact mask if none did.
    var canalsShownSeconds: Double
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
    /// From a request to stop, at any moment of all this work, to its end: 95 of 100, and the longest.
    var cancelP95Seconds: Double
    var cancelLongestSeconds: Double
    /// What the process holds after the first mask and after each tenth of the clicks, of the opening that came last.
    var residentBytes: [Int]
    /// What it holds when the scan has been closed again, for each opening.
    var residentClosedBytes: [Int]

    enum CodingKeys: String, CodingKey {
      case firstPreviewSeconds = "first_preview_seconds"
      case canalsShownSeconds = "canals_shown_seconds"
      case firstMaskSeconds = "first_mask_seconds"
      case windows, clicks
      case windowsAClick = "windows_a_click"
      case previewP50Seconds = "preview_p50_seconds"
      case clickP50Seconds = "click_p50_seconds"
      case clickP95Seconds = "click_p95_seconds"
      case cancelP95Seconds = "cancel_p95_seconds"
      case cancelLongestSeconds = "cancel_longest_seconds"
      case residentBytes = "resident_bytes"
      case residentClosedBytes = "resident_closed_bytes"
    }
  }

  /// The scan's file.
  let scanPath: String
  /// The model's file.
  let modelPath: String
  /// How many clicks are given.
  let clicks: Int
  /// How often the scan is opened, one time after the other.
  let openings: Int

  /// The most clicks in force: beyond it the oldest goes when one comes.
  private static let mostInForce = 50

  /// One click of so many says "not canal".
  private static let clicksANegative = 4

  /// Opens the scan as the viewer does, without its screen, and clicks on voxels of the canals found: canal three times,
  /// then not canal.
  ///
  /// - Parameter progress: Where progress goes.
  /// - Returns: What was measured; times of the opening that came last.
  /// - Throws: What is wrong with a file; `CommandFailure` when there is no voxel to click on.
  func run(progress: ProgressPrinter) throws -> Report {
    var report = try open(progress: progress)
    var closed = [ProcessMemory.resident]
    for _ in 1..<openings {
      report = try open(progress: progress)
      closed.append(ProcessMemory.resident)
    }
    progress.clear()
    report.residentClosedBytes = closed
    return report
  }

  private func open(progress: ProgressPrinter) throws -> Report {
    let start = ContinuousClock.now
    let scan = try NIfTIReader.read(path: scanPath)
    let model = try Model.load(path: modelPath)
    let predictor = try InteractivePredictor(
      scan: scan, metadata: model.metadata, settings: SegmentationSettings(metadata: model.metadata),
      network: model.network)
    var timeline = PreviewTimeline(start: start)
    var gaps = ReportGaps()
    let first = try predictor.segment(clicks: []) { report in
      gaps.note()
      try Interruption.check()
      progress.show(stage: report.stage, fraction: report.fraction)
    } preview: { preview in
      gaps.exclude(timeline.note(preview.mask.labels))
    }
    gaps.note()
    let firstMask = timeline.seconds
    let canalsShown = timeline.canalsShownSeconds(exact: first.mask.labels, at: firstMask)
    let canal = first.mask.labels.indices.filter { (1...2).contains(first.mask.labels[$0]) }
    guard !canal.isEmpty else {
      throw CommandFailure("\(DisplayText.escaped(scanPath)): the model finds no canal to click on", status: .badData)
    }
    var resident = [ProcessMemory.resident]
    var random = SeededGenerator(seed: 1)
    var given: [Click] = []
    var (times, previews, windows): ([Double], [Double], Int) = ([], [], 0)
    let shape = scan.grid.shape
    let knowsNotCanal = model.metadata.clickKinds.contains(ClickKind.background.rawValue)
    for number in 0..<clicks {
      let place = canal[random.integer(0...canal.count - 1)]
      let voxel = shape.index(at: place)
      if given.count == Self.mostInForce { given.removeFirst() }
      let canalKind: ClickKind = first.mask.labels[place] == 1 ? .left : .right
      let isNegative = knowsNotCanal && number % Self.clicksANegative == Self.clicksANegative - 1
      given.append(Click(kind: isNegative ? .background : canalKind, voxel: voxel))
      progress.show(stage: "click \(number + 1)", fraction: Double(number) / Double(clicks))
      gaps.begin()
      let click = ContinuousClock.now
      var shown: Double?
      let result = try predictor.segment(clicks: given) { _ in
        gaps.note()
        try Interruption.check()
      } preview: { _ in
        shown = shown ?? (ContinuousClock.now - click).inSeconds
      }
      gaps.note()
      times.append((ContinuousClock.now - click).inSeconds)
      if let shown { previews.append(shown) }
      windows += result.windowsRun
      if (number + 1) % max(1, clicks / 10) == 0 { resident.append(ProcessMemory.resident) }
    }
    return Report(
      firstPreviewSeconds: timeline.firstSeconds, canalsShownSeconds: canalsShown, firstMaskSeconds: firstMask,
      windows: first.windows, clicks: clicks, windowsAClick: Double(windows) / Double(clicks),
      previewP50Seconds: ForwardBenchmark.percentile(0.5, of: previews),
      clickP50Seconds: ForwardBenchmark.percentile(0.5, of: times) ?? 0,
      clickP95Seconds: ForwardBenchmark.percentile(0.95, of: times) ?? 0, cancelP95Seconds: gaps.wait(share: 0.95),
      cancelLongestSeconds: gaps.longest, residentBytes: resident, residentClosedBytes: [])
  }
}
