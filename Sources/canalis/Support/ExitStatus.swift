import ArgumentParser
import Cache
import Checkpoint
import Clicks
import Evaluation
import Segmentation
import Session
import Tensor
import Terminal
import Training
import UMamba2
import Volume

/// How the program ends. The one list of exit codes.
enum ExitStatus: Int32 {
  /// Everything was done.
  case done = 0
  /// Something failed that is not the data's fault: a full disk, a file that exists, no terminal.
  case failure = 1
  /// A file is not what it should be, or a comparison failed.
  case badData = 2
  /// The command line makes no sense.
  case usage = 64
  /// The user ended it.
  case interrupted = 130
}

/// A failure of a command, with the exit code that says what kind of failure.
struct CommandFailure: Error, CustomStringConvertible {
  /// What, where, and what to do.
  let description: String
  /// How the program ends.
  let status: ExitStatus

  /// Creates a failure.
  init(_ description: String, status: ExitStatus = .failure) {
    self.description = description
    self.status = status
  }
}

extension ExitStatus {
  /// How the program ends after an error of ours; `nil` for the argument parser's own.
  init?(failure error: any Error) {
    switch error {
    case let failure as CommandFailure: self = failure.status
    case let error as VolumeError: self = error.isAboutOutput ? .failure : .badData
    case is CheckpointError, is ClicksError, is SessionError, is SegmentationError, is NetworkError, is EvaluationError,
      is TrainingError:
      self = .badData
    case is TensorError, is CacheError: self = .failure
    case is TerminalError: self = .failure
    default: return nil
    }
  }
}

extension VolumeError {
  /// Whether the output is at fault, not the data.
  fileprivate var isAboutOutput: Bool {
    switch self {
    case .system, .fileExists, .wouldReplaceInput, .unknownFormat: true
    default: false
    }
  }
}
