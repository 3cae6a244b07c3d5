import Checkpoint
import Clicks
import Foundation
import UMamba2
import Volume

/// From a scan, a network and clicks to a mask, again and again while clicks come and go.
///
/// The mask is a function of scan, model, settings and the ordered clicks alone. What earlier runs computed is kept
/// within a budget: a window whose clicks did not change is not run again, and one whose clicks did is only decoded. The
/// sum over windows is always made anew in their fixed order, so a mask has the bytes that a first run would give it.
///
/// Memory, besides scan, masks, network and what is kept: the planes of one row of windows along the network's axis 0
/// (see `LogitAccumulator` and `NetworkInput`), whatever the scan's extent along that axis.
///
/// A predictor is used by one thread at a time.
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
  private let pipeline: PipelinePlan
  private let patch: Axes3<Int>
  private let weights: GaussianWeights
  private let runner: WindowRunner<Network>

  /// Prepares a scan.
  ///
  /// - Parameters:
  ///   - scan: The scan.
  ///   - metadata: The model's description.
  ///   - network: Its network.
  ///   - settings: How it runs.
  ///   - cacheBytes: The most that is kept in memory for later runs; `nil` for what the limit leaves, or without a limit
  ///     for half of the memory that is free besides what a run needs.
  ///   - memoryLimitBytes: The most that scan, network, pipeline and what is kept may take together; `nil` for the memory
  ///     that is free.
  ///   - disk: Where encodings go for which memory has no room, and for the next time; `nil` for nowhere.
  /// - Throws: `SegmentationError`, `VolumeError` or `NetworkError` when the scan cannot be segmented so.
  public init(
    scan: Volume, metadata: ModelMetadata, network: Network, settings: SegmentationSettings, cacheBytes: Int? = nil,
    memoryLimitBytes: Int? = nil, disk: DiskCache? = nil
  ) throws {
    guard network.plan.classes == metadata.plan.classes, network.plan.inputChannels == metadata.plan.inputChannels,
      (network.plan.prompts?.clickKinds ?? 0) == metadata.clickKinds.count
    else {
      throw SegmentationError.badModel(reason: "it does not belong to this network")
    }
    let pipeline = try PipelinePlan(metadata: metadata, settings: settings, orientation: scan.grid.orientation)
    let box = VoxelBox.aroundNonzero(scan.voxels, shape: scan.grid.shape) ?? VoxelBox(wholeOf: scan.grid.shape)
    let geometry = try pipeline.geometry(grid: scan.grid, box: box, patch: network.patch)
    let cost = try ForwardCost(plan: network.plan, patch: network.patch)
    let estimate = try CostEstimate(geometry: geometry, pipeline: pipeline, cost: cost, patch: network.patch)
    let available = AvailableMemory.bytes
    // Scan and network are there already; a limit counts them all the same.
    let needed =
      memoryLimitBytes == nil
      ? CostEstimate.workingBytes(geometry: geometry, pipeline: pipeline, patch: network.patch)
      : estimate.peakMemoryBytes
    guard needed <= memoryLimitBytes ?? available else {
      throw SegmentationError.notEnoughMemory(
        neededBytes: needed, availableBytes: memoryLimitBytes ?? available)
    }
    let kept =
      memoryLimitBytes.map { $0 - estimate.peakMemoryBytes } ?? max(0, available - estimate.peakMemoryBytes) / 2
    self.metadata = metadata
    self.settings = settings
    self.pipeline = pipeline
    self.geometry = geometry
    self.estimate = estimate
    grid = scan.grid
    patch = network.patch
    weights = GaussianWeights(patch: network.patch)
    windowPlan = try pipeline.windows(geometry: geometry, patch: network.patch)
    input = NetworkInput(
      volume: scan, geometry: geometry, normalization: metadata.normalization[0], patch: network.patch)
    runner = WindowRunner(
      network: network, input: input, pipeline: pipeline, plan: windowPlan, cost: cost,
      cacheBytes: cacheBytes ?? kept, disk: disk)
  }

  /// Computes the mask for some clicks.
  ///
  /// - Parameters:
  ///   - clicks: All clicks, in the order in which they were made.
  ///   - keepsLogits: Whether the result holds the logits on the resampled grid, which takes their memory.
  ///   - progress: Called while the run proceeds; throws to cancel it.
  /// - Returns: The mask and what was found on the way.
  /// - Throws: `ClicksError` for a click outside the scan, `SegmentationError`, or what `progress` throws; the predictor
  ///   can be used again.
  public func segment(
    clicks: [Click], keepsLogits: Bool = false, progress: SegmentationObserver = { _ in }
  ) throws -> SegmentationResult {
    let begin = ContinuousClock.now
    let inForce = try pipeline.validated(clicks, shape: grid.shape)
    let prompts = try windowPrompts(inForce)
    let negativeClicks = negativeClicks(inForce)
    defer { runner.end() }
    var labels = [UInt8](repeating: 0, count: grid.shape.product)
    let sum = try sumWindows(
      prompts: prompts, negativeClicks: negativeClicks, keepsLogits: keepsLogits, labels: &labels, progress: progress)

    try progress(SegmentationProgress(stage: "post-processing", fraction: 1))
    if let negativeClicks {
      let layout = geometry.cropLayout
      for change in negativeClicks.changed(sum.candidates) {
        let offset = (0..<3).reduce(layout.start) { $0 + change.voxel[$1] * layout.strides[$1] }
        labels[offset] = change.otherLabel
      }
    }
    let before = Mask(grid: grid, labels: labels)
    var mask = before
    if settings.postprocessing {
      pipeline.postprocessing(grid: grid).removeSmallComponents(of: &mask, clicks: inForce)
      Postprocessing.stampCrosses(of: inForce, on: &mask)
    }
    let forced = settings.rules == .reference ? [] : Postprocessing.forceClicks(clicks, on: &mask)
    let duration = ContinuousClock.now - begin
    return SegmentationResult(
      mask: mask, maskBeforePostprocessing: before, windows: windowPlan.count, windowsRun: sum.windowsRun,
      forcedClicks: forced, negativeClicksActedAfterNetwork: negativeClicks != nil,
      seconds: Double(duration.components.seconds) + Double(duration.components.attoseconds) * 1e-18,
      logits: sum.logits, warnings: warnings)
  }

  /// Says what `segment` would cost now, with what is kept from earlier runs.
  ///
  /// - Parameter clicks: All clicks.
  /// - Returns: The windows for which the network would run, and its multiply-accumulates.
  /// - Throws: `ClicksError` or `SegmentationError` for clicks that `segment` would refuse.
  public func pendingWork(clicks: [Click]) throws -> (windows: Int, multiplyAccumulates: Double) {
    let inForce = try pipeline.validated(clicks, shape: grid.shape)
    let (windows, work) = runner.pending(prompts: try windowPrompts(inForce))
    return (windows.count, work)
  }

  /// Waits until the encodings that are on their way to disk have arrived.
  public func finishKeeping() { runner.finishWriting() }

  /// The clicks that each window sees, relative to its corner.
  func windowPrompts(_ clicks: [Click]) throws -> [[PointPrompt]] {
    let placed = try clicks.compactMap { click in
      try pipeline.embedding(of: click.kind).map {
        PointPrompt(voxel: geometry.paddedVoxel(ofScanVoxel: click.voxel), kind: $0)
      }
    }
    return windowPlan.allStarts.map { start in
      placed.compactMap { prompt in
        let voxel = Axes3(0, 1, 2).map { prompt.voxel[$0] - start[$0] }
        return patch.contains(voxel) ? PointPrompt(voxel: voxel, kind: prompt.kind) : nil
      }
    }
  }

  private func negativeClicks(_ clicks: [Click]) -> NegativeClicks? {
    if backgroundClicksEnterNetwork { return nil }
    func voxels(_ isWanted: (Click) -> Bool) -> [Axes3<Int>] {
      clicks.filter(isWanted).map { geometry.cropVoxel(ofScanVoxel: $0.voxel) }
    }
    let negative = voxels { $0.kind == .background }
    if negative.isEmpty { return nil }
    return NegativeClicks(
      clicks: negative, positive: voxels { $0.kind != .background }, spacing: geometry.spacing)
  }

  private struct Sum {
    var candidates: [NegativeClicks.Candidate] = []
    var windowsRun = 0
    var logits: SegmentationResult.Logits?
  }

  /// Sums the windows' logits row by row and labels every slice as soon as its planes are final.
  private func sumWindows(
    prompts: [[PointPrompt]], negativeClicks: NegativeClicks?, keepsLogits: Bool, labels: inout [UInt8],
    progress: SegmentationObserver
  ) throws -> Sum {
    runner.begin()
    let (pending, totalWork) = runner.pending(prompts: prompts)
    let labeller = SliceLabeller(geometry: geometry, negativeClicks: negativeClicks)
    let accumulator = LogitAccumulator(classes: pipeline.classes, size: geometry.paddedShape, patch: patch)
    let isReference = settings.rules == .reference
    let weightSums = weights.sums(over: windowPlan)
    var kept = keepsLogits ? KeptLogits(classes: pipeline.classes, geometry: geometry) : nil
    var result = Sum(windowsRun: pending.count)
    var workDone = 0.0
    var (finalPlanes, labelledSlices) = (0, 0)
    for (row, rowStart) in windowPlan.starts.axis0.enumerated() {
      for window in row * windowPlan.windowsPerRow..<(row + 1) * windowPlan.windowsPerRow {
        let name = "window \(window + 1) of \(windowPlan.count)"
        let before = workDone
        if pending.contains(window) {
          try progress(SegmentationProgress(stage: name, fraction: min(1, workDone / totalWork)))
        }
        let answer = try runner.answer(window: window, prompts: prompts[window]) { stage, work in
          workDone = max(workDone, before + work)
          try progress(SegmentationProgress(stage: "\(name), \(stage)", fraction: min(1, workDone / totalWork)))
        }
        let start = windowPlan.start(of: window)
        answer.logits.withUnsafeBufferPointer { logits in
          guard let logits = logits.baseAddress else { return }
          accumulator.add(
            logits, start: start,
            weights: isReference ? weights.factors : weights.shares(start: start, sums: weightSums),
            divisor: isReference ? answer.largest / ReferenceRules.windowScale : nil)
        }
      }
      let isLast = row + 1 == windowPlan.starts.axis0.count
      let finalEnd = isLast ? geometry.paddedShape.axis0 : windowPlan.starts.axis0[row + 1]
      kept?.copy(planes: finalPlanes..<finalEnd, from: accumulator)
      finalPlanes = finalEnd
      var sliceEnd = labelledSlices
      while sliceEnd < geometry.cropShape.axis0, labeller.lastPlane(ofSlice: sliceEnd) < finalEnd { sliceEnd += 1 }
      if sliceEnd > labelledSlices {
        try progress(
          SegmentationProgress(
            stage: "labelling from plane \(rowStart)", fraction: totalWork > 0 ? min(1, workDone / totalWork) : 1))
        result.candidates += try labels.withUnsafeMutableBufferPointer { labels in
          guard let base = labels.baseAddress else { return [] }
          return try labeller.label(slices: labelledSlices..<sliceEnd, from: accumulator, into: base)
        }
      }
      labelledSlices = sliceEnd
    }
    result.logits = kept?.logits
    return result
  }
}
