import Foundation
import Volume

/// A training with its files: model, checkpoint and log beside each other.
public struct TrainingRun {
  /// The model, `.safetensors`.
  public let output: String
  /// The checkpoint to go on from.
  public var checkpoint: String { output + ".checkpoint" }
  /// The log, one JSON object a line.
  public var log: String { output + ".log.jsonl" }

  /// Creates a run.
  ///
  /// - Parameter output: Where the model will be.
  public init(output: String) {
    self.output = output
  }

  /// Removes the log of an earlier training of that name.
  ///
  /// - Throws: `VolumeError` when it is there and cannot be removed.
  public func removeLog() throws {
    if unlink(log) != 0 && errno != ENOENT {
      throw VolumeError.system(path: log, operation: "remove the old log", code: errno)
    }
  }

  /// One line of the log.
  struct Entry: Codable {
    var step: Int
    var loss: Double
    var pseudoDice: Double?
    var clicks: Int
    var gradientNorm: Double
    var stepSeconds: Double
    var trainingSeconds: Double
    var measurement: Trainer.Measurement?
  }

  /// Trains to the end, or until asked to stop; writes checkpoint and model at times and at the end.
  ///
  /// - Parameters:
  ///   - trainer: The training, at its beginning or resumed.
  ///   - facts: Facts for the model's description.
  ///   - provenance: How the model was made, in a sentence.
  ///   - honesty: What the viewer says of it.
  ///   - shouldStop: Asked after every step.
  ///   - report: Told of every step.
  /// - Throws: What a step or a file throws.
  public func train(
    _ trainer: Trainer, facts: [String: String], provenance: String, honesty: String, shouldStop: () -> Bool,
    report: (Trainer.StepReport) -> Void
  ) throws {
    var lastCheckpoint = Date()
    var losses: [Trainer.StepReport] = []
    func save() throws {
      try trainer.writeCheckpoint(to: checkpoint)
      var facts = facts
      facts["seed"] = "\(trainer.options.seed)"
      facts["steps"] = "\(trainer.step)"
      facts["hours"] = String(format: "%.2f", trainer.seconds / 3600)
      try trainer.writeModel(to: output, facts: facts, provenance: provenance, honesty: honesty)
    }
    while trainer.step < trainer.options.steps && !shouldStop() {
      let step = try trainer.advance()
      report(step)
      losses.append(step)
      if step.measurement != nil || losses.count == 10 {
        try append(losses, seconds: trainer.seconds)
        losses = []
      }
      if Date().timeIntervalSince(lastCheckpoint) > trainer.options.checkpointInterval {
        try save()
        lastCheckpoint = Date()
      }
    }
    if !losses.isEmpty { try append(losses, seconds: trainer.seconds) }
    try save()
  }

  /// Appends one line: the mean of some steps.
  private func append(_ steps: [Trainer.StepReport], seconds: Double) throws {
    guard let last = steps.last else { return }
    func mean(_ value: (Trainer.StepReport) -> Double) -> Double {
      steps.reduce(0) { $0 + value($1) } / Double(steps.count)
    }
    let dices = steps.compactMap(\.pseudoDice)
    let entry = Entry(
      step: last.step, loss: mean(\.loss),
      pseudoDice: dices.isEmpty ? nil : dices.reduce(0, +) / Double(dices.count),
      clicks: steps.reduce(0) { $0 + $1.clicks }, gradientNorm: mean(\.gradientNorm), stepSeconds: mean(\.seconds),
      trainingSeconds: seconds, measurement: last.measurement)
    let encoder = JSONEncoder()
    encoder.outputFormatting = .sortedKeys
    let line = try encoder.encode(entry) + Data([0x0A])
    guard let file = fopen(log, "a") else {
      throw VolumeError.system(path: log, operation: "append to the log", code: errno)
    }
    defer { fclose(file) }
    let written = line.withUnsafeBytes { fwrite($0.baseAddress, 1, $0.count, file) }
    guard written == line.count, fflush(file) == 0 else {
      throw VolumeError.system(path: log, operation: "append to the log", code: errno)
    }
  }
}
