import Canvas

/// Something that happened: the only way in which a viewer's state changes.
public enum ViewerMessage: Sendable {
  /// A key was pressed.
  case key(Key)
  /// The mouse did something.
  case mouse(Mouse)
  /// Text was pasted.
  case paste(String)
  /// The screen has this many cells from now on; send it before the first frame too.
  case resize(columns: Int, rows: Int)
  /// What the terminal can show became known or was set.
  case capabilities(DisplayCapabilities)
  /// Time passes: seconds since the start, never falling. Wanted about ten times a second while `wantsTicks`.
  case tick(seconds: Double)
  /// What a job will cost; sent before it runs. With `needsConfirmation` the job waits for `confirmNetwork`.
  case costEstimated(job: Int, CostEstimate)
  /// How far a job is: what it does, what part of all is done (0...1) and the seconds left, where known.
  case networkProgress(job: Int, stage: String, fraction: Double?, secondsLeft: Double?)
  /// A mask to show until the job is done.
  case networkPreview(NetworkPreview)
  /// A job is done.
  case networkFinished(NetworkAnswer)
  /// A job ended with an error, as a sentence.
  case networkFailed(job: Int, text: String)
  /// A job ended because it was cancelled.
  case networkCancelled(job: Int)
  /// An event is safely on disk.
  case eventStored(sequence: Int)
  /// An event could not be written, as a sentence.
  case storeFailed(sequence: Int, text: String)
  /// The mask was written; `detail` is a short sentence about what was written, or empty.
  case exportFinished(path: String, detail: String)
  /// There is a file of that name already; nothing was written.
  case exportExists(path: String)
  /// The mask could not be written, as a sentence.
  case exportFailed(path: String, text: String)
  /// Something that the clinician should read.
  case notice(String)
}
