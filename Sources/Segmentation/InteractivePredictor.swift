import Checkpoint
import Clicks
import Foundation
import Tensor
import UMamba2
import Volume

/// From a scan, a network and clicks to a mask, again and again while clicks come and go.
///
/// The mask is a function of scan, model, settings and the ordered clicks alone. What earlier runs computed is kept
/// within a budget: a window whose clicks did not change is not run again, and one whose clicks did is only decoded.
/// Only what depends on such windows is summed, labelled and composed again; the sum over windows is always made anew in
/// their fixed order, so a mask has the bytes that a first run would give it.
///
/// Memory, besides scan, masks, network and what is kept: the planes of one row of windows along the network's axis 0
/// (see `LogitAccumulator`), whatever the scan's extent along it. A predictor is used by one thread at a time.
public final class InteractivePredictor<Network: PatchNetwork> {
  /// The model.
  public let metadata: ModelMetadata
  /// How it runs.
  public let settings: SegmentationSettings
  /// What a first run costs.
  public let estimate: CostEstimate
  /// What the user should know about the scan, one sentence each.
  public var warnings: [String] { pipeline.warnings }
  /// Whether "not canal" clicks enter the network; otherwise they act on its answer, and the user is told.
  public var backgroundClicksEnterNetwork: Bool { pipeline.backgroundClicksEnterNetwork }

  let grid: Grid
  let geometry: ScanGeometry
  let windowPlan: WindowPlan
  let input: NetworkInput
  let pipeline: PipelinePlan
  let patch: Axes3<Int>
  private let runner: WindowRunner<Network>
  private let windowSum: WindowSum
  private let regions: ChangedRegions
  private lazy var order = WindowOrder(input: input, plan: windowPlan)
  private var latest: LatestMask
  /// The clicks in force of the run that ended last.
  private var latestClicks: [Click] = []
  /// Declared last: what comes before has been freed when it goes.
  private let freed = FreedMemory()

  /// Prepares a scan for a network of a certain window.
  ///
  /// - Parameters:
  ///   - scan: The scan.
  ///   - metadata: The model's description.
  ///   - network: Its network; the scan's windows have its patch.
  ///   - settings: How it runs.
  ///   - cacheBytes: As below.
  ///   - memoryLimitBytes: As below.
  ///   - disk: As below.
  /// - Throws: As below.
  public convenience init(
    scan: Volume, metadata: ModelMetadata, network: Network, settings: SegmentationSettings, cacheBytes: Int? = nil,
    memoryLimitBytes: Int? = nil, disk: DiskCache? = nil
  ) throws {
    try self.init(
      scan: scan, metadata: metadata, settings: settings, patch: network.patch, cacheBytes: cacheBytes,
      memoryLimitBytes: memoryLimitBytes, disk: disk, isNetworkMade: true
    ) { _ in network }
  }

  /// Prepares a scan.
  ///
  /// - Parameters:
  ///   - scan: The scan.
  ///   - metadata: The model's description.
  ///   - settings: How it runs.
  ///   - patch: Voxels of a window; `nil` for what suits the scan.
  ///   - cacheBytes: The most that is kept in memory for later runs; `nil` for what the limit leaves, or without a limit
  ///     for half of the memory that is free besides what a run needs.
  ///   - memoryLimitBytes: The most that scan, network, pipeline and what is kept may take together; `nil` for the memory
  ///     that is free.
  ///   - disk: Where encodings go for which memory has no room, and for the next time; `nil` for nowhere.
  ///   - makeNetwork: Makes the model's network for a patch.
  /// - Throws: `SegmentationError`, `VolumeError` or `NetworkError` when the scan cannot be segmented so; what
  ///   `makeNetwork` throws.
  public convenience init(
    scan: Volume, metadata: ModelMetadata, settings: SegmentationSettings, patch: Axes3<Int>? = nil,
    cacheBytes: Int? = nil, memoryLimitBytes: Int? = nil, disk: DiskCache? = nil,
    network makeNetwork: (Axes3<Int>) throws -> Network
  ) throws {
    try self.init(
      scan: scan, metadata: metadata, settings: settings, patch: patch, cacheBytes: cacheBytes,
      memoryLimitBytes: memoryLimitBytes, disk: disk, isNetworkMade: false, network: makeNetwork)
  }

  /// Prepares a scan as above, with the bytes that are free, and whether `makeNetwork` returns a network that has been
  /// made before.
  init(
    scan: Volume, metadata: ModelMetadata, settings: SegmentationSettings, patch: Axes3<Int>?, cacheBytes: Int?,
    memoryLimitBytes: Int?, disk: DiskCache?, availableBytes: Int = AvailableMemory.bytes, isNetworkMade: Bool,
    network makeNetwork: (Axes3<Int>) throws -> Network
  ) throws {
    let pipeline = try PipelinePlan(metadata: metadata, settings: settings, orientation: scan.grid.orientation)
    let crop = ScanCrop(scan, pipeline: pipeline)
    let patch = try patch ?? pipeline.patch(grid: scan.grid, box: crop.box)
    let geometry = try pipeline.geometry(grid: scan.grid, box: crop.box, patch: patch)
    let cost = try ForwardCost(plan: metadata.plan, patch: patch)
    let estimate = try CostEstimate(geometry: geometry, pipeline: pipeline, cost: cost, patch: patch)
    let kept = try estimate.bytesToKeep(
      limit: memoryLimitBytes, available: availableBytes, isNetworkMade: isNetworkMade)
    let network = try makeNetwork(patch)
    guard network.plan.classes == metadata.plan.classes, network.plan.inputChannels == metadata.plan.inputChannels,
      (network.plan.prompts?.clickKinds ?? 0) == metadata.clickKinds.count, network.patch == patch
    else {
      throw SegmentationError.badModel(reason: "it does not belong to this network")
    }
    self.metadata = metadata
    self.settings = settings
    self.pipeline = pipeline
    self.geometry = geometry
    self.estimate = estimate
    grid = scan.grid
    self.patch = patch
    windowPlan = try pipeline.windows(geometry: geometry, patch: patch)
    input = NetworkInput(volume: scan, geometry: geometry, intensities: crop.intensities, patch: patch)
    runner = WindowRunner(
      network: network, input: input, pipeline: pipeline, plan: windowPlan, cost: cost,
      cacheBytes: cacheBytes ?? kept, disk: disk)
    windowSum = WindowSum(
      geometry: geometry, plan: windowPlan, classes: pipeline.classes, isReference: settings.rules == .reference)
    regions = ChangedRegions(geometry: geometry, plan: windowPlan)
    latest = LatestMask(
      shape: grid.shape, windows: windowPlan.count, isWanted: pipeline.postprocessing(grid: grid).isWanted)
  }

  /// Computes the mask for some clicks.
  ///
  /// - Parameters:
  ///   - clicks: All clicks, in the order in which they were made.
  ///   - extras: What the result holds besides the mask. Logits are summed over everything again.
  ///   - progress: Called while the run proceeds; throws to cancel it.
  ///   - preview: Called with masks that are not exact yet while a run takes longer than a moment; `nil` for none.
  /// - Returns: The mask and what was found on the way.
  /// - Throws: `ClicksError` for a click outside the scan, `SegmentationError`, or what `progress` throws; the predictor
  ///   can be used again.
  public func segment(
    clicks: [Click], keeping extras: SegmentationResult.Extras = [], progress: SegmentationObserver = { _ in },
    preview: ((SegmentationPreview) throws -> Void)? = nil
  ) throws -> SegmentationResult {
    let begin = ContinuousClock.now
    let task = try task(clicks: clicks, extras: extras)
    let newClicks = task.clicksInForce.filter { !latestClicks.contains($0) }
    runner.begin(pending: task.pending.count)
    defer { runner.end() }
    var meter = WorkMeter(total: task.work)
    if runner.keepsAllAnswers {
      try runAhead(
        task.pending, clicks: newClicks, of: task, meter: &meter, preview: preview, progress: progress)
    }
    var kept = extras.contains(.logits) ? KeptLogits(classes: pipeline.classes, geometry: geometry) : nil
    let candidates = try label(task.boxes, of: task, kept: &kept, meter: &meter, progress: progress)
    latest.answer(task.prompts)
    latestClicks = task.clicksInForce
    try progress(SegmentationProgress(stage: "post-processing", fraction: 1))
    let (forced, before) = latest.compose(
      composition(of: task, candidates: candidates, keepsBefore: extras.contains(.maskBeforePostprocessing)))
    var result = result(of: task, forced: forced, begin: begin)
    result.maskBeforePostprocessing = before.map { Mask(grid: grid, labels: $0) }
    result.logits = kept?.logits
    return result
  }

  private func result(of task: RunTask, forced: [Int], begin: ContinuousClock.Instant) -> SegmentationResult {
    SegmentationResult(
      mask: Mask(grid: grid, labels: latest.labels), change: latest.finish(), windows: windowPlan.count,
      windowsRun: task.pending.count, forcedClicks: forced,
      negativeClicksActedAfterNetwork: task.negativeClicks != nil, seconds: (ContinuousClock.now - begin).inSeconds,
      warnings: warnings)
  }

  /// The network's own labels of the run that ended last, in stored order: what `restore` takes.
  public var modelLabels: [UInt8] { latest.modelLabels }

  /// Takes over what an earlier predictor found for the same scan, model and settings, without running the network.
  ///
  /// - Parameters:
  ///   - modelLabels: Its `modelLabels`.
  ///   - clicks: The clicks that they answer, in order.
  /// - Returns: What `segment` would give, or `nil` where labels do not tell enough: when there are "not canal" clicks
  ///   that act after the network.
  /// - Throws: `ClicksError` or `SegmentationError` for clicks that `segment` would refuse.
  public func restore(modelLabels: [UInt8], clicks: [Click]) throws -> SegmentationResult? {
    let begin = ContinuousClock.now
    var task = try task(clicks: clicks, extras: [])
    guard modelLabels.count == grid.shape.product, task.negativeClicks == nil else { return nil }
    task.pending = []
    latest.adopt(modelLabels, answering: task.prompts)
    latestClicks = task.clicksInForce
    let (forced, _) = latest.compose(composition(of: task, candidates: [], keepsBefore: false))
    return result(of: task, forced: forced, begin: begin)
  }

  /// Runs the network for all windows whose answers are not kept, so that a click then runs only what it changes. For idle
  /// time after `restore`; without memory for all answers it does nothing.
  ///
  /// - Parameters:
  ///   - clicks: The clicks in force, in order.
  ///   - limit: Nothing is done that takes more multiply-accumulates.
  ///   - progress: Called while the run proceeds; throws to end it, and what is done is kept.
  /// - Throws: `ClicksError` or `SegmentationError` for clicks that `segment` would refuse, or what `progress` throws.
  public func prepare(clicks: [Click], limit: Double, progress: SegmentationObserver) throws {
    let task = try task(clicks: clicks, extras: [])
    let (windows, work) = runner.pending(Array(0..<windowPlan.count), prompts: task.prompts)
    guard runner.keepsAllAnswers, !windows.isEmpty, work <= limit else { return }
    runner.begin(pending: windows.count)
    defer { runner.end() }
    var meter = WorkMeter(total: work)
    try runAhead(windows, clicks: task.clicksInForce, of: task, meter: &meter, preview: nil, progress: progress)
  }

  /// Says what `segment` would cost now, with what is kept from earlier runs.
  ///
  /// - Parameter clicks: All clicks.
  /// - Returns: The windows for which the network would run, and its multiply-accumulates.
  /// - Throws: `ClicksError` or `SegmentationError` for clicks that `segment` would refuse.
  public func pendingWork(clicks: [Click]) throws -> (windows: Int, multiplyAccumulates: Double) {
    let task = try task(clicks: clicks, extras: [])
    return (task.pending.count, task.work)
  }

  /// What one run has to do.
  private struct RunTask {
    var clicks: [Click]
    var clicksInForce: [Click]
    /// The clicks that each window sees.
    var prompts: [[PointPrompt]]
    var negativeClicks: NegativeClicks?
    /// Windows whose answer in the latest mask is not to these clicks.
    var changed: [Int]
    /// The boxes of the crop box that have to be labelled again.
    var boxes: [VoxelBox]
    /// The windows that these boxes depend on.
    var reaching: [Int]
    /// The windows that the network has to run for, and the multiply-accumulates of that.
    var pending: [Int]
    var work: Double
  }

  private func task(clicks: [Click], extras: SegmentationResult.Extras) throws -> RunTask {
    let inForce = try pipeline.validated(clicks, shape: grid.shape)
    let prompts = try windowPrompts(inForce)
    let negativeClicks = negativeClicks(inForce)
    let changed = latest.changedWindows(prompts)
    let boxes =
      extras.contains(.logits)
      ? [regions.everything]
      : regions.boxes(around: changed, and: negativeClicks?.boxes(in: geometry.cropShape) ?? [])
    let summed = boxes.map { SliceLabeller(geometry: geometry, box: $0, negativeClicks: nil).region }
    let reaching = regions.windows(reachingInto: summed)
    let (pending, work) = runner.pending(reaching, prompts: prompts)
    return RunTask(
      clicks: clicks, clicksInForce: inForce, prompts: prompts, negativeClicks: negativeClicks, changed: changed,
      boxes: boxes, reaching: reaching, pending: pending, work: work)
  }

  private func composition(
    of task: RunTask, candidates: [NegativeClicks.Candidate], keepsBefore: Bool
  ) -> LatestMask.Composition {
    let layout = geometry.cropLayout
    let negative = (task.negativeClicks?.changed(candidates) ?? []).map { change in
      (
        position: (0..<3).reduce(layout.start) { $0 + change.voxel[$1] * layout.strides[$1] },
        label: change.otherLabel
      )
    }
    return LatestMask.Composition(
      negative: negative, postprocessing: settings.postprocessing ? pipeline.postprocessing(grid: grid) : nil,
      clicks: task.clicks, clicksInForce: task.clicksInForce, forcesClicks: settings.rules != .reference,
      keepsBefore: keepsBefore)
  }

  /// Sums and labels boxes exactly; runs the network where an answer is missing.
  private func label(
    _ boxes: [VoxelBox], of task: RunTask, kept: inout KeptLogits?, meter: inout WorkMeter,
    progress: SegmentationObserver
  ) throws -> [NegativeClicks.Candidate] {
    let labels = try latest.relabel(boxes.map(regions.scanBox), windows: task.changed) { labels in
      try boxes.flatMap { box in
        try windowSum.label(
          SliceLabeller(geometry: geometry, box: box, negativeClicks: task.negativeClicks), into: labels, kept: &kept
        ) { window in
          let answer = try run(window, of: task, views: runner.views, meter: &meter, progress: progress)
          return (answer.logits, answer.largest)
        } willLabel: { slices in
          try progress(
            SegmentationProgress(
              stage: "labelling slices \(slices.lowerBound + 1) to \(slices.upperBound)", fraction: meter.fraction))
        }
      }
    }
    return labels ?? []
  }

  /// Gets a window's answer, kept or from the network.
  private func run(
    _ window: Int, of task: RunTask, views: Int, meter: inout WorkMeter, progress: SegmentationObserver
  ) throws -> WindowCache<Network.Encoding>.Answer {
    let before = meter.done
    let number = meter.windows
    return try runner.answer(window: window, prompts: task.prompts[window], views: views) { stage, work in
      // An answer that is kept reports nothing, and is no window of the run's. Mirrored views come after all windows.
      meter.windows = number + 1
      meter.done = max(meter.done, before + work)
      let name = number < task.pending.count ? "window" : "mirrored window"
      let place = "\(number % max(1, task.pending.count) + 1) of \(task.pending.count)"
      try progress(SegmentationProgress(stage: "\(name) \(place), \(stage)", fraction: meter.fraction))
    }
  }

  /// Runs windows in the order in which they matter, all of them without mirrors first, and shows what is known.
  private func runAhead(
    _ windows: [Int], clicks: [Click], of task: RunTask, meter: inout WorkMeter,
    preview: ((SegmentationPreview) throws -> Void)?, progress: SegmentationObserver
  ) throws {
    let begin = ContinuousClock.now
    var shown = begin
    var pause = PreviewPace.secondsBetween
    var unseen: [Int] = []
    func showIfDue(_ windowsRun: Int) throws {
      guard let preview else { return }
      let now = ContinuousClock.now
      let elapsed = (now - begin).inSeconds
      let left = meter.fraction > 0 ? elapsed / meter.fraction - elapsed : .infinity
      let isFirst = shown == begin
      guard left > PreviewPace.worthwhileSeconds, isFirst || (now - shown).inSeconds > pause
      else { return }
      try show(unseen, of: task, to: preview, windowsRun: windowsRun)
      unseen = []
      shown = ContinuousClock.now
      pause = max(PreviewPace.secondsBetween, PreviewPace.workBetween * (shown - now).inSeconds)
    }
    order.begin(windows, clicks: clicks.map { geometry.paddedVoxel(ofScanVoxel: $0.voxel) })
    var visited: [Int] = []
    while let window = order.next() {
      let answer = try run(window, of: task, views: 1, meter: &meter, progress: progress)
      order.learn(window, logits: answer.logits)
      visited.append(window)
      unseen.append(window)
      try showIfDue(visited.count)
    }
    if runner.views == 1 { return }
    for window in visited {
      _ = try run(window, of: task, views: runner.views, meter: &meter, progress: progress)
      unseen.append(window)
      try showIfDue(visited.count)
    }
  }

  /// Labels what depends on some windows, each of which has been run, with whatever is known of their neighbours.
  private func show(
    _ windows: [Int], of task: RunTask, to preview: (SegmentationPreview) throws -> Void, windowsRun: Int
  ) throws {
    // Nothing is touched that the exact answer will not label again.
    let boxes = windows.flatMap { window in
      let own = regions.boxes(around: [window])
      return own.flatMap { box in task.boxes.map { box.clamped(to: $0) } }.filter { $0.shape.product > 0 }
    }
    var none: KeptLogits?
    // Neighbours that did not change may be unknown too: until the exact answer, none of these windows counts as answered.
    let candidates = try latest.relabel(boxes.map(regions.scanBox), windows: task.reaching) { labels in
      try boxes.flatMap { box in
        try windowSum.label(
          SliceLabeller(geometry: geometry, box: box, negativeClicks: task.negativeClicks), into: labels, kept: &none,
          answer: { runner.latestAnswer(window: $0).map { ($0.logits, $0.largest) } }, willLabel: { _ in })
      }
    }
    _ = latest.compose(composition(of: task, candidates: candidates ?? [], keepsBefore: false))
    try preview(
      SegmentationPreview(
        mask: Mask(grid: grid, labels: latest.labels), windowsRun: windowsRun, windows: task.pending.count))
  }

  /// Waits until the encodings that are on their way to disk have arrived.
  public func finishKeeping() { runner.finishWriting() }
}
