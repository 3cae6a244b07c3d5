import Session

/// Something that the program around the viewer must do.
public enum ViewerEffect: Sendable, Hashable {
  /// Append an event to the session; answer with `eventStored` or `storeFailed` and the same sequence number.
  case store(SessionEvent, sequence: Int)
  /// Ask the network; drop every older job, running or waiting. Answer with `costEstimated`, then progress, then
  /// `networkFinished`, `networkFailed` or `networkCancelled`.
  case runNetwork(NetworkJob)
  /// Run the job that waits for its cost to be accepted.
  case confirmNetwork(job: Int)
  /// Stop a job, running or waiting.
  case cancelNetwork(job: Int)
  /// Write the mask; without `overwrite` an existing file is kept and `exportExists` is the answer. Only asked for when
  /// the mask answers the clicks in force.
  case export(path: String, overwrite: Bool)
  /// Stop the process as Ctrl-Z does, and draw again afterwards.
  case suspend
  /// Draw the whole screen again.
  case redraw
  /// End the program.
  case quit
}
