import Canvas
import Session
import Volume

extension ViewerModel {
  /// Changes the state by what happened.
  ///
  /// - Parameter message: What happened.
  /// - Returns: What must be done outside, in this order.
  public mutating func update(_ message: ViewerMessage) -> [ViewerEffect] {
    switch message {
    case .key(let key):
      return press(key)
    case .mouse(let mouse):
      return handle(mouse)
    case .paste(let text):
      paste(text)
    case .resize(let columns, let rows):
      self.columns = max(0, min(columns, 2000))
      self.rows = max(0, min(rows, 1000))
      drag = nil
      followCursor()
    case .capabilities(let capabilities):
      self.capabilities = capabilities
      followCursor()
    case .tick(let seconds):
      return passTime(to: seconds)
    case .costEstimated(let job, let estimate):
      return consider(estimate, of: job)
    case .networkProgress(let id, let stage, let fraction, let secondsLeft):
      guard job?.job.id == id else { break }
      job?.stage = stage
      job?.fraction = fraction.map { $0.isFinite ? max(0, min(1, $0)) : 0 }
      job?.secondsLeft = secondsLeft
    case .networkPreview(let preview):
      accept(preview)
    case .networkFinished(let answer):
      accept(answer)
    case .networkFailed(let id, let text):
      guard job?.job.id == id else { break }
      job = nil
      alarm("the network failed: \(text); r tries again")
    case .networkCancelled(let id):
      guard job?.job.id == id else { break }
      job = nil
      say("stopped; r asks the network again")
    case .eventStored(let sequence):
      unstored[sequence] = nil
      if failedStores.remove(sequence) != nil, failedStores.isEmpty { say("saved now: nothing is missing on disk") }
    case .storeFailed(let sequence, let text):
      // The clicks of the event stay marked as pending: they are not on disk.
      failedStores.insert(sequence)
      storeProblem = DisplayText.escaped(text)
      alarm("NOT SAVED: \(text)")
    case .exportFinished(let path, let detail):
      say("wrote \(path)" + (detail.isEmpty ? "" : ": \(detail)"))
      return endExport(isWritten: true)
    case .exportExists(let path):
      focus = .overwrite(path: path)
      return endExport(isWritten: false)
    case .exportFailed(let path, let text):
      // Most reasons name the file; twice it would leave no room for them.
      alarm(text.contains(DisplayText.escaped(path)) ? "not written: \(text)" : "\(path) was not written: \(text)")
      return endExport(isWritten: false)
    case .notice(let text):
      say(text)
    }
    return []
  }

  /// Shows a sentence in the message row.
  mutating func say(_ text: String) {
    notice = DisplayText.escaped(text)
    isAlarm = false
  }

  /// Shows a sentence about something that went wrong.
  mutating func alarm(_ text: String) {
    notice = DisplayText.escaped(text)
    isAlarm = true
  }

  /// Takes the time, and stores the view settings two seconds after their last change.
  private mutating func passTime(to seconds: Double) -> [ViewerEffect] {
    guard seconds.isFinite, seconds >= now else { return [] }
    if let left = job?.secondsLeft { job?.secondsLeft = max(0, left - (seconds - now)) }
    now = seconds
    guard let changedAt = settingsChangedAt, now - changedAt >= 2 else { return [] }
    return storeSettings()
  }

  /// Stores the view settings if they changed.
  mutating func storeSettings() -> [ViewerEffect] {
    guard settingsChangedAt != nil else { return [] }
    settingsChangedAt = nil
    return isReadOnly ? [] : [store(.view(settings.json))]
  }

  /// Gives an event its number and hands it out.
  mutating func store(_ event: SessionEvent, clicks: Set<Int> = []) -> ViewerEffect {
    let sequence = nextSequence
    nextSequence += 1
    unstored[sequence] = clicks
    return .store(event, sequence: sequence)
  }
}
