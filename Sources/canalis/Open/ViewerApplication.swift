import Canvas
import Foundation
import Segmentation
import Session
import Terminal
import Viewer
import Volume

/// Joins the viewer to a terminal, a network and a session: takes what happens, lets the viewer decide, does what it
/// wants done, shows the frame.
final class ViewerApplication {
  private let driver: TerminalDriver
  private let mailbox: Mailbox<ViewerMessage>
  private let runner: NetworkRunner?
  private let store: SessionStore?
  private let exporter: Exporter
  private var model: ViewerModel
  private var isRunning = true
  private var exitCode = ExitStatus.done.rawValue
  private let start = ContinuousClock.now
  /// How long leaving waits for a mask that is being written: a signal ends the program after three seconds.
  private static let secondsForMask = 2.0

  /// Creates an application that has not shown anything yet.
  ///
  /// - Parameters:
  ///   - driver: The terminal, taken over.
  ///   - mailbox: Where the workers' messages arrive.
  ///   - runner: The network, or `nil` without a model.
  ///   - store: The session's writer, or `nil` when it is read-only.
  ///   - exporter: Writes masks.
  ///   - model: The viewer's first state.
  init(
    driver: TerminalDriver, mailbox: Mailbox<ViewerMessage>, runner: NetworkRunner?, store: SessionStore?,
    exporter: Exporter, model: ViewerModel
  ) {
    self.driver = driver
    self.mailbox = mailbox
    self.runner = runner
    self.store = store
    self.exporter = exporter
    self.model = model
  }

  /// Shows the viewer until the user leaves.
  ///
  /// - Returns: The program's exit code: 0; 1 when something could not be written; or 128 and the number of the signal
  ///   that ended it.
  func run() -> Int32 {
    handle(.capabilities(driver.capabilities))
    handle(.resize(columns: driver.columns, rows: driver.rows))
    for effect in model.start() { perform(effect) }
    driver.present(model.render(columns: driver.columns, rows: driver.rows))
    while isRunning {
      let timeout: Duration? = model.wantsTicks ? .milliseconds(100) : nil
      for event in driver.nextEvents(timeout: timeout) { take(event) }
      for message in mailbox.takeAll() { handle(message) }
      handle(.tick(seconds: (ContinuousClock.now - start).inSeconds))
      guard isRunning else { break }
      driver.present(model.render(columns: driver.columns, rows: driver.rows))
    }
    runner?.stop()
    exporter.finish(withinSeconds: Self.secondsForMask)
    store?.finish()
    return leave()
  }

  /// Says what is not on disk.
  ///
  /// - Returns: The exit code.
  private func leave() -> Int32 {
    var problems: [String] = []
    for message in mailbox.takeAll() {
      switch message {
      case .exportFailed(let path, let text): problems.append("\(DisplayText.escaped(path)) was not written: \(text)")
      case .exportExists(let path):
        problems.append("\(DisplayText.escaped(path)) or its .json exists, and was not replaced")
      case .eventStored, .storeFailed: _ = model.update(message)
      default: break
      }
    }
    if exporter.isBusy { problems.append("a mask was still being written, and is not there") }
    if !model.failedStores.isEmpty {
      problems.append("\(model.failedStores.count) of the session's events could not be saved: \(model.storeProblem)")
    }
    for problem in problems { StandardError.write("error: \(problem)") }
    return exitCode == ExitStatus.done.rawValue && !problems.isEmpty ? ExitStatus.failure.rawValue : exitCode
  }

  private func take(_ event: TerminalEvent) {
    switch event {
    case .key(let key): handle(.key(key))
    case .mouse(let mouse): handle(.mouse(mouse))
    case .paste(let text): handle(.paste(text))
    case .resize(let columns, let rows):
      handle(.capabilities(driver.capabilities))
      handle(.resize(columns: columns, rows: rows))
    case .resumed: driver.repaint()
    case .terminate(let signal):
      exitCode = 128 + signal
      isRunning = false
    }
  }

  private func handle(_ message: ViewerMessage) {
    for effect in model.update(message) { perform(effect) }
  }

  private func perform(_ effect: ViewerEffect) {
    switch effect {
    case .store(let event, let sequence):
      if let store {
        store.store(event, sequence: sequence)
      } else {
        handle(.storeFailed(sequence: sequence, text: model.readOnlyReason ?? "there is no session"))
      }
    case .runNetwork(let job): runner?.run(job)
    case .confirmNetwork(let job): runner?.confirm(job)
    case .cancelNetwork: runner?.cancel()
    case .export(let path, let overwrite):
      let isInHome = path.hasPrefix("~/")
      export(to: isInHome ? (path as NSString).expandingTildeInPath : path, overwrite: overwrite)
    case .suspend: raise(SIGTSTP)
    case .redraw: driver.repaint()
    case .quit: isRunning = false
    }
  }

  private func export(to path: String, overwrite: Bool) {
    // What the viewer took as the answer to these clicks; the network may have given others since, which were dropped.
    guard let labels = model.labels, let clicks = model.answeredClicks else {
      handle(.exportFailed(path: path, text: "there is no mask yet"))
      return
    }
    let mask = Exporter.ClickedMask(labels: labels, clicks: clicks, forcedClicks: model.forcedClicks)
    exporter.export(mask, to: path, overwrite: overwrite, mailbox: mailbox) { [store] export in
      store?.record(.export(export))
    }
  }
}

/// Writes masks in the background, one after another, and tells how it went.
final class Exporter: Sendable {
  /// A mask with the clicks that it answers.
  struct ClickedMask: Sendable {
    /// A label for each voxel.
    var labels: [UInt8]
    /// The clicks.
    var clicks: [PlacedClick]
    /// Numbers of the clicks whose voxels had to be forced.
    var forcedClicks: Set<Int>
  }

  private let scan: Volume
  private let inputs: [String]
  private let report: MaskReport
  private let queue = DispatchQueue(label: "masks to files")
  private let underway = DispatchGroup()

  /// Creates an exporter.
  ///
  /// - Parameters:
  ///   - scan: The scan.
  ///   - inputs: Files that are never written over.
  ///   - report: The report without clicks.
  init(scan: Volume, inputs: [String], report: MaskReport) {
    self.scan = scan
    self.inputs = inputs
    self.report = report
  }

  /// Whether a mask is being written.
  var isBusy: Bool { underway.wait(timeout: .now()) == .timedOut }

  /// Waits until masks that are being written are there.
  func finish(withinSeconds seconds: Double) { _ = underway.wait(timeout: .now() + seconds) }

  /// Writes a mask.
  ///
  /// - Parameters:
  ///   - mask: The mask.
  ///   - path: The mask's file.
  ///   - overwrite: Whether an existing file may be replaced.
  ///   - mailbox: Where the outcome goes.
  ///   - record: Called with what belongs in the session when the file is there.
  func export(
    _ mask: ClickedMask, to path: String, overwrite: Bool, mailbox: Mailbox<ViewerMessage>,
    record: @escaping @Sendable (SessionEvent.Export) -> Void
  ) {
    queue.async(group: underway) { [self] in
      do {
        var report = report
        report.clicks = mask.clicks.map { MaskReport.ReportedClick($0, forced: mask.forcedClicks.contains($0.id)) }
        let side = try MaskExport(
          mask: Mask(grid: scan.grid, labels: mask.labels), scan: scan, inputs: inputs, report: report
        ).write(to: path, overwrite: overwrite)
        record(SessionEvent.Export(path: path, labels: mask.labels, forcedClicks: mask.forcedClicks.sorted()))
        mailbox.post(.exportFinished(path: path, detail: "its origin is in \(side)"))
      } catch VolumeError.fileExists {
        // The mask's file or its side file; whoever replaces one replaces both.
        mailbox.post(.exportExists(path: path))
      } catch {
        mailbox.post(.exportFailed(path: path, text: "\(error)"))
      }
    }
  }
}
