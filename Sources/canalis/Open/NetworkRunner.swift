import Checkpoint
import Clicks
import Foundation
import Segmentation
import Session
import Synchronization
import UMamba2
import Viewer
import Volume

/// Runs the network for the viewer on a thread of its own: one job at a time, the newest wins.
final class NetworkRunner: Sendable {
  /// A question, and whether its cost has been accepted.
  struct Request: Sendable {
    var job: NetworkJob
    var isConfirmed: Bool
  }

  /// Answers that take longer than this many seconds are asked for first.
  static let secondsWithoutAsking = 30.0

  /// What may be kept, and where.
  struct Keeping: Sendable {
    /// The most memory to take, or `nil` for what is free.
    var memoryLimitBytes: Int?
    /// Encodings on disk.
    var encodings: DiskCache?
    /// Finished masks on disk.
    var masks: MaskStore?
  }

  private let worker: LatestJobWorker<Request>
  private let lastJob = Mutex<NetworkJob?>(nil)
  private let masks: MaskStore?

  /// Creates a runner; the model is loaded when the first job comes.
  ///
  /// - Parameters:
  ///   - scan: The scan.
  ///   - model: The model.
  ///   - settings: How masks are computed.
  ///   - keeping: What may be kept, and where.
  ///   - mailbox: Where answers go.
  init(
    scan: Volume, model: Model, settings: SegmentationSettings, keeping: Keeping, mailbox: Mailbox<ViewerMessage>
  ) {
    masks = keeping.masks
    worker = LatestJobWorker(name: "network") {
      let body = Body(scan: scan, model: model, settings: settings, keeping: keeping, mailbox: mailbox)
      return { request, ticket in body.run(request, ticket) }
    }
  }

  /// Asks for a mask; drops every older job.
  func run(_ job: NetworkJob) {
    lastJob.withLock { $0 = job }
    worker.submit(Request(job: job, isConfirmed: false))
  }

  /// Runs a job whose cost was accepted.
  func confirm(_ number: Int) {
    guard let job = lastJob.withLock({ $0 }), job.id == number else { return }
    worker.submit(Request(job: job, isConfirmed: true))
  }

  /// Stops what runs or waits.
  func cancel() { worker.cancel() }

  /// Stops everything for good. A mask that is just being kept gets a moment.
  func stop() {
    worker.stop()
    masks?.finish(withinSeconds: 0.5)
  }
}

/// What the thread of a `NetworkRunner` owns.
private final class Body {
  private let scan: Volume
  private let model: Model
  private let settings: SegmentationSettings
  private let keeping: NetworkRunner.Keeping
  private let mailbox: Mailbox<ViewerMessage>
  private var predictor: InteractivePredictor<UMamba2Network>?
  /// Multiply-accumulates a second of the latest run that was long enough to tell.
  private var rate = Segmentation.CostEstimate.assumedRate
  /// The job whose answer the predictor counts changes from, whether the viewer still wanted that answer or not.
  private var answeredJob: Int?

  init(
    scan: Volume, model: Model, settings: SegmentationSettings, keeping: NetworkRunner.Keeping,
    mailbox: Mailbox<ViewerMessage>
  ) {
    self.scan = scan
    self.model = model
    self.settings = settings
    self.keeping = keeping
    self.mailbox = mailbox
  }

  /// Does one job, whatever happens, and says how it ended.
  func run(_ request: NetworkRunner.Request, _ ticket: JobTicket) {
    let job = request.job
    do {
      try answer(request, ticket)
    } catch is CancellationError {
      mailbox.post(.networkCancelled(job: job.id))
    } catch {
      mailbox.post(.networkFailed(job: job.id, text: "\(error)"))
    }
  }

  private func answer(_ request: NetworkRunner.Request, _ ticket: JobTicket) throws {
    let job = request.job
    let clicks = job.clicks.map(\.click)
    if predictor == nil, let kept = keeping.masks?.mask(clicks: clicks) {
      show(kept, for: job)
      return goOn(from: kept, job: job, ticket)
    }
    let predictor = try loadedPredictor { [mailbox] in
      mailbox.post(.networkProgress(job: job.id, stage: "loading the model", fraction: nil, secondsLeft: nil))
    }
    try ticket.check()
    let pending = try predictor.pendingWork(clicks: clicks)
    let seconds = pending.multiplyAccumulates / rate
    let mustAsk = seconds > NetworkRunner.secondsWithoutAsking && !request.isConfirmed
    mailbox.post(
      .costEstimated(
        job: job.id,
        Viewer.CostEstimate(
          windows: pending.windows, seconds: seconds, bytes: predictor.estimate.peakMemoryBytes,
          needsConfirmation: mustAsk)))
    if mustAsk { return }
    let start = ContinuousClock.now
    var lastReport = start
    let result = try predictor.segment(clicks: clicks) { progress in
      try ticket.check()
      let now = ContinuousClock.now
      guard now - lastReport > .milliseconds(100) else { return }
      lastReport = now
      let elapsed = (now - start).inSeconds
      let left = progress.fraction > 0.05 ? elapsed / progress.fraction - elapsed : nil
      mailbox.post(
        .networkProgress(job: job.id, stage: progress.stage, fraction: progress.fraction, secondsLeft: left))
    } preview: { [mailbox] preview in
      mailbox.post(
        .networkPreview(
          NetworkPreview(
            job: job.id, labels: preview.mask.labels, windowsRun: preview.windowsRun, windows: preview.windows)))
    }
    let previousJob = answeredJob
    answeredJob = job.id
    try ticket.check()
    let elapsed = (ContinuousClock.now - start).inSeconds
    if elapsed > 1 { rate = max(1, pending.multiplyAccumulates / elapsed) }
    let change = MaskChange(
      left: result.voxelCount(label: 1), right: result.voxelCount(label: 2), added: result.change.added,
      removed: result.change.removed,
      rests: result.change.rests.compactMap { rest in
        let spacing = result.mask.grid.spacing
        return ClickKind(label: rest.label).map {
          MaskChange.Rest(kind: $0, volume: Double(rest.voxels) * spacing.array.reduce(1, *), voxel: rest.voxel)
        }
      })
    mailbox.post(
      .networkFinished(
        NetworkAnswer(
          job: job.id, labels: result.mask.labels, change: change, previousJob: previousJob,
          forcedClicks: Set(result.forcedClicks.map { job.clicks[$0].id }), windowsRun: result.windowsRun,
          seconds: elapsed, warnings: result.warnings)))
    keeping.masks?.keep(
      MaskStore.Kept(
        labels: result.mask.labels, modelLabels: predictor.modelLabels, forcedClicks: result.forcedClicks,
        warnings: result.warnings), clicks: clicks)
  }

  /// Shows a mask that was kept from the last time.
  private func show(_ kept: MaskStore.Kept, for job: NetworkJob) {
    let (left, right) = (kept.voxelCount(label: 1), kept.voxelCount(label: 2))
    mailbox.post(
      .networkFinished(
        NetworkAnswer(
          job: job.id, labels: kept.labels, change: MaskChange(left: left, right: right, added: left + right),
          forcedClicks: Set(kept.forcedClicks.map { job.clicks[$0].id }), windowsRun: 0, seconds: 0,
          warnings: kept.warnings)))
  }

  /// Prepares for the first click while the user looks at a mask that was kept. Nobody waits for it, so nothing is said,
  /// and a large model runs only when a click asks for it.
  private func goOn(from kept: MaskStore.Kept, job: NetworkJob, _ ticket: JobTicket) {
    guard let predictor = try? loadedPredictor(isLoading: {}) else { return }
    let clicks = job.clicks.map(\.click)
    if (try? predictor.restore(modelLabels: kept.modelLabels, clicks: clicks)) != nil { answeredJob = job.id }
    try? predictor.prepare(clicks: clicks, limit: NetworkRunner.secondsWithoutAsking * rate) { _ in try ticket.check() }
  }

  private func loadedPredictor(isLoading: () -> Void) throws -> InteractivePredictor<UMamba2Network> {
    if let predictor { return predictor }
    isLoading()
    let loaded = try InteractivePredictor(
      scan: scan, metadata: model.metadata, settings: settings, memoryLimitBytes: keeping.memoryLimitBytes,
      disk: keeping.encodings, network: model.network)
    predictor = loaded
    return loaded
  }
}
