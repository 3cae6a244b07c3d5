import Foundation
import Volume

/// A training with its files: model, checkpoint and log beside each other.
public struct TrainingRun {
  /// The model, `.safetensors`.
  public let output: String
  /// The checkpoint to go on from.
  public var checkpoint: String { output + ".checkpoint" }
  /// The log, a line for each step.
  public var log: TrainingLog { TrainingLog(path: output + ".log.jsonl") }
  /// The picture of the log.
  public var plot: String { output + ".log.png" }

  /// Creates a run.
  ///
  /// - Parameter output: Where the model will be.
  public init(output: String) {
    self.output = output
  }

  /// Trains to the end, or until asked to stop; writes checkpoint and model at times and at the end.
  ///
  /// - Parameters:
  ///   - trainer: The training, at its beginning or resumed.
  ///   - facts: Facts for the model's description.
  ///   - provenance: How the model was made, in a sentence.
  ///   - honesty: What the viewer says of it.
  ///   - shouldStop: Asked after every step.
  ///   - saved: Called after checkpoint and model were written.
  ///   - report: Told of every step.
  /// - Throws: What a step, a file or a callback throws.
  public func train(
    _ trainer: Trainer, facts: [String: String], provenance: String, honesty: String, shouldStop: () -> Bool,
    saved: () throws -> Void = {}, report: (Trainer.StepReport) -> Void
  ) throws {
    var lastCheckpoint = Date()
    func save() throws {
      try trainer.writeCheckpoint(to: checkpoint)
      var facts = facts
      facts["seed"] = "\(trainer.options.seed)"
      facts["steps"] = "\(trainer.step)"
      facts["hours"] = String(format: "%.2f", trainer.seconds / 3600)
      try trainer.writeModel(to: output, facts: facts, provenance: provenance, honesty: honesty)
      try saved()
    }
    // After a kill the log may be ahead of the checkpoint.
    try log.cut(after: trainer.step)
    while trainer.step < trainer.options.steps && !shouldStop() {
      let step = try trainer.advance()
      report(step)
      try log.append(
        TrainingLog.Entry(
          step: step.step, loss: step.loss, pseudoDice: step.pseudoDice, clicks: step.clicks,
          gradientNorm: step.gradientNorm, stepSeconds: step.seconds, trainingSeconds: trainer.seconds,
          measurement: step.measurement))
      if Date().timeIntervalSince(lastCheckpoint) > trainer.options.checkpointInterval {
        try save()
        lastCheckpoint = Date()
      }
    }
    try save()
  }
}
