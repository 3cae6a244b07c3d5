import Checkpoint
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

  private let worker: LatestJobWorker<Request>
  private let lastJob = Mutex<NetworkJob?>(nil)

  /// Creates a runner; the model is loaded when the first job comes.
  ///
  /// - Parameters:
  ///   - scan: The scan.
  ///   - model: The model.
  ///   - settings: How masks are computed.
  ///   - mailbox: Where answers go.
  init(scan: Volume, model: Model, settings: SegmentationSettings, mailbox: Mailbox<ViewerMessage>) {
    worker = LatestJobWorker(name: "network") {
      let body = Body(scan: scan, model: model, settings: settings, mailbox: mailbox)
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

  /// Stops everything for good.
  func stop() { worker.stop() }
}

/// What the thread of a `NetworkRunner` owns.
private final class Body {
  private let scan: Volume
  private let model: Model
  private let settings: SegmentationSettings
  private let mailbox: Mailbox<ViewerMessage>
  private var predictor: InteractivePredictor<UMamba2Network>?
  /// Multiply-accumulates a second of the latest run that was long enough to tell.
  private var rate = Segmentation.CostEstimate.assumedRate

  init(scan: Volume, model: Model, settings: SegmentationSettings, mailbox: Mailbox<ViewerMessage>) {
    self.scan = scan
    self.model = model
    self.settings = settings
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
    let predictor = try loadedPredictor(for: job)
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
    try ticket.check()
    let elapsed = (ContinuousClock.now - start).inSeconds
    if elapsed > 1 { rate = max(1, pending.multiplyAccumulates / elapsed) }
    let change = MaskChange(
      left: result.voxelCount(label: 1), right: result.voxelCount(label: 2), added: result.change.added,
      removed: result.change.removed)
    mailbox.post(
      .networkFinished(
        NetworkAnswer(
          job: job.id, labels: result.mask.labels, change: change,
          forcedClicks: Set(result.forcedClicks.map { job.clicks[$0].id }), windowsRun: result.windowsRun,
          seconds: elapsed, warnings: result.warnings)))
  }

  private func loadedPredictor(for job: NetworkJob) throws -> InteractivePredictor<UMamba2Network> {
    if let predictor { return predictor }
    mailbox.post(.networkProgress(job: job.id, stage: "loading the model", fraction: nil, secondsLeft: nil))
    let network = try UMamba2Network(plan: model.metadata.plan, parameters: model.parameters)
    let loaded = try InteractivePredictor(
      scan: scan, metadata: model.metadata, network: network, settings: settings)
    predictor = loaded
    return loaded
  }
}
