/// What can go wrong in training.
public enum TrainingError: Error, Sendable, Equatable {
  /// oneDNN refused a convolution; the number is its status.
  case convolution(description: String, status: Int32)
  /// A plan cannot be trained.
  case invalidPlan(problem: String)
  /// A loss or gradient is not a finite number.
  case diverged(step: Int)
  /// A data set's description or a case of it cannot be used.
  case invalidDataset(file: String, problem: String)
  /// No case shows a canal.
  case noCanal(folder: String, cases: Int)
  /// Training would need more memory than there is.
  case tooLittleMemory(neededBytes: Int, availableBytes: Int)
  /// A checkpoint of training cannot be gone on from.
  case invalidCheckpoint(file: String, problem: String)
}

extension TrainingError: CustomStringConvertible {
  /// What happened, where, and what to do.
  public var description: String {
    switch self {
    case .convolution(let description, let status):
      "oneDNN cannot run the convolution \(description) (status \(status)); use a smaller patch or other features"
    case .invalidPlan(let problem):
      "the plan cannot be trained: \(problem)"
    case .diverged(let step):
      "the loss of step \(step) is not a finite number; go on from the last checkpoint with a lower learning rate"
    case .invalidDataset(let file, let problem):
      "\(file): \(problem)"
    case .noCanal(let folder, let cases):
      "\(folder): none of the \(cases) cases has a voxel labelled as left or right canal; check the labels"
    case .tooLittleMemory(let needed, let available):
      "training needs about \(needed >> 20) MiB and \(available >> 20) MiB are free; use a smaller patch or fewer cases"
    case .invalidCheckpoint(let file, let problem):
      "\(file): \(problem)"
    }
  }
}
