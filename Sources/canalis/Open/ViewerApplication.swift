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
  private var lastAnswer: NetworkAnswer?

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
  /// - Returns: The program's exit code: 0, or 128 and the number of the signal that ended it.
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
    store?.finish()
    return exitCode
  }

  private func take(_ event: TerminalEvent) {
    switch event {
    case .key(let key): handle(.key(key))
    case .mouse(let mouse): handle(.mouse(mouse))
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
    if case .networkFinished(let answer) = message { lastAnswer = answer }
    for effect in model.update(message) { perform(effect) }
  }

  private func perform(_ effect: ViewerEffect) {
    switch effect {
    case .store(let event, let sequence):
      if let store {
        store.store(event, sequence: sequence)
      } else {
        handle(.storeFailed(sequence: sequence, text: "this session is open elsewhere; here it can only be looked at"))
      }
    case .runNetwork(let job): runner?.run(job)
    case .confirmNetwork(let job): runner?.confirm(job)
    case .cancelNetwork: runner?.cancel()
    case .export(let path, let overwrite): export(to: path, overwrite: overwrite)
    case .suspend: raise(SIGTSTP)
    case .redraw: driver.repaint()
    case .quit: isRunning = false
    }
  }

  private func export(to path: String, overwrite: Bool) {
    guard let lastAnswer else {
      handle(.exportFailed(path: path, text: "there is no mask yet"))
      return
    }
    let clicks = model.history.clicks
    exporter.export(lastAnswer, clicks: clicks, to: path, overwrite: overwrite, mailbox: mailbox) { [store] export in
      store?.record(.export(export))
    }
  }
}

/// Writes masks in the background and tells how it went.
struct Exporter: Sendable {
  /// The scan.
  let scan: Volume
  /// The scan's path.
  let scanPath: String
  /// The report without clicks.
  let report: MaskReport

  /// Writes a mask.
  ///
  /// - Parameters:
  ///   - answer: The network's answer for the clicks.
  ///   - clicks: The clicks in force.
  ///   - path: The mask's file.
  ///   - overwrite: Whether an existing file may be replaced.
  ///   - mailbox: Where the outcome goes.
  ///   - record: Called with what belongs in the session when the file is there.
  func export(
    _ answer: NetworkAnswer, clicks: [PlacedClick], to path: String, overwrite: Bool, mailbox: Mailbox<ViewerMessage>,
    record: @escaping @Sendable (SessionEvent.Export) -> Void
  ) {
    DispatchQueue.global().async { [self] in
      do {
        var report = report
        report.clicks = clicks.map { MaskReport.ReportedClick($0, forced: answer.forcedClicks.contains($0.id)) }
        let mask = Mask(grid: scan.grid, labels: answer.labels)
        let side = try MaskExport(mask: mask, scan: scan, scanPath: scanPath, report: report)
          .write(to: path, overwrite: overwrite)
        record(SessionEvent.Export(path: path, labels: answer.labels, forcedClicks: answer.forcedClicks.sorted()))
        mailbox.post(.exportFinished(path: path, detail: "its origin is in \(side)"))
      } catch VolumeError.fileExists(let existing) {
        mailbox.post(.exportExists(path: existing == path ? path : existing))
      } catch {
        mailbox.post(.exportFailed(path: path, text: "\(error)"))
      }
    }
  }
}
