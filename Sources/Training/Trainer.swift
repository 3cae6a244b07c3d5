import Checkpoint
import Clicks
import Evaluation
import Foundation
import Layers
import UMamba2
import Volume

/// Trains a network: crops, clicks, steps, measurements, checkpoints.
public final class Trainer {
  /// What was measured on unseen crops.
  public struct Measurement: Sendable, Equatable, Codable {
    /// Mean Dice without clicks.
    public var diceWithoutClicks: Double
    /// Mean Dice after one corrective click.
    public var diceAfterOneClick: Double
    /// Mean Dice after three corrective clicks.
    public var diceAfterThreeClicks: Double
  }

  /// The model that a training began with.
  public struct Beginning: Sendable, Equatable, Codable {
    /// The model's name.
    public var name: String
    /// SHA-256 of its file, 64 hexadecimal digits.
    public var sha256: String
    /// What the viewer says of it.
    public var honesty: String
  }

  /// What a step did.
  public struct StepReport: Sendable {
    /// Steps done, this one included.
    public var step: Int
    /// Steps of the whole training.
    public var total: Int
    /// The step's loss.
    public var loss: Double
    /// Dice of the step's crop over both canals, or `nil` where it has none.
    public var pseudoDice: Double?
    /// Clicks that the step gave.
    public var clicks: Int
    /// The gradient's length.
    public var gradientNorm: Double
    /// Seconds that the step took.
    public var seconds: Double
    /// A measurement, after steps that end with one.
    public var measurement: Measurement?
  }

  /// What the training is told.
  public let options: TrainingOptions
  /// Steps done.
  public var step: Int { optimizer.step }
  /// The model that it began with, also before a resumption; `nil` where parameters were drawn.
  public private(set) var beginning: Beginning?
  /// Seconds of training so far, those before a resumption included.
  public private(set) var seconds = 0.0

  private let network: TrainableNetwork
  private let optimizer: Optimizer
  private let source: any SampleSource
  private let prefetcher: SamplePrefetcher
  private var validation: [TrainingSample] = []
  /// How much the answer before corrective clicks counts beside the one after them.
  private static let firstAnswerWeight = 0.5

  /// Prepares a training from the beginning.
  ///
  /// - Parameters:
  ///   - options: What it is told.
  ///   - data: Where its crops come from.
  /// - Throws: `TrainingError` when the plan cannot be trained, when the data are not fit for it, or when memory is too
  ///   small; `VolumeError` for a case that cannot be read.
  public convenience init(options: TrainingOptions, data: TrainingData) throws {
    try Self.checkPlan(options.plan)
    try self.init(options: options, source: data.source(options: options))
  }

  /// Refuses a plan before anything is allocated for it.
  private static func checkPlan(_ plan: NetworkPlan) throws {
    if let problem = plan.problem { throw TrainingError.invalidPlan(problem: problem) }
    if plan.inputChannels != 1 || plan.classes != 3 || (plan.prompts?.clickKinds ?? 3) != 3 {
      throw TrainingError.invalidPlan(
        problem: "training needs one input channel, three classes and three kinds of click")
    }
  }

  init(options: TrainingOptions, source: any SampleSource, availableBytes: Int = AvailableMemory.bytes) throws {
    try Self.checkPlan(options.plan)
    let needed = TrainingOptions.stepBytes(plan: options.plan)
    if needed > availableBytes {
      throw TrainingError.tooLittleMemory(neededBytes: needed, availableBytes: availableBytes)
    }
    self.options = options
    self.source = source
    network = TrainableNetwork(plan: options.plan)
    network.initialize(seed: options.seed)
    optimizer = Optimizer(
      store: network.store, rule: options.optimizer, clippingNorm: options.clippingNorm,
      averageDecay: options.averageDecay)
    prefetcher = SamplePrefetcher(source: source, size: options.plan.patch)
  }

  // MARK: State

  /// Writes the whole state of the training.
  ///
  /// - Parameter path: The file; an older one is replaced.
  /// - Throws: `VolumeError` when it cannot be written.
  public func writeCheckpoint(to path: String) throws {
    let header = TrainingCheckpoint.Header(
      step: step, seed: options.seed, count: network.store.count, plan: try planText(), seconds: seconds,
      beginning: beginning)
    try TrainingCheckpoint(header: header, network: network, optimizer: optimizer).write(to: path)
  }

  /// Goes on from a checkpoint, as if there had been no interruption.
  ///
  /// - Parameter path: The file.
  /// - Throws: `TrainingError.invalidCheckpoint` when it belongs to another plan, seed or beginning, has done
  ///   more steps than the whole training is to have, or is damaged.
  public func resume(from path: String) throws {
    let checkpoint = try TrainingCheckpoint(path: path)
    guard checkpoint.header.plan == (try planText()), checkpoint.header.count == network.store.count else {
      throw TrainingError.invalidCheckpoint(file: path, problem: "it was trained with another plan")
    }
    guard checkpoint.header.seed == options.seed else {
      throw TrainingError.invalidCheckpoint(
        file: path, problem: "it was trained with the seed \(checkpoint.header.seed), not \(options.seed)")
    }
    guard checkpoint.header.step <= options.steps else {
      throw TrainingError.invalidCheckpoint(
        file: path,
        problem: "it has done \(checkpoint.header.step) steps, and the whole training is to have \(options.steps); ask "
          + "for at least as many as it has done")
    }
    if let beginning, beginning.sha256 != checkpoint.header.beginning?.sha256 {
      throw TrainingError.invalidCheckpoint(
        file: path, problem: "it did not begin with the model \(beginning.name) of SHA-256 \(beginning.sha256)")
    }
    beginning = checkpoint.header.beginning
    checkpoint.values.withUnsafeBufferPointer { values in
      if let base = values.baseAddress { network.store.values.update(from: base, count: values.count) }
    }
    optimizer.restore(
      moments: checkpoint.moments, squares: checkpoint.squares, average: checkpoint.average,
      step: checkpoint.header.step)
    seconds = checkpoint.header.seconds
  }

  /// Begins with another model's parameters instead of drawn ones; heads of deep supervision that it lacks stay drawn.
  ///
  /// - Parameter model: A model of the same architecture; its windows may be of another size.
  /// - Throws: `TrainingError.invalidPlan` when its architecture differs, `CheckpointError` when it cannot be read.
  public func start(from model: Model) throws {
    var plan = model.metadata.plan
    plan.patch = options.plan.patch
    guard plan == options.plan else {
      throw TrainingError.invalidPlan(problem: "it is not the architecture of \(model.fileName), where it is to begin")
    }
    try network.store.load(from: model.parameters)
    optimizer.restartAverage(network.store)
    beginning = Beginning(
      name: model.metadata.name, sha256: model.sha256, honesty: model.metadata.honesty)
  }

  private func planText() throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = .sortedKeys
    return String(decoding: try encoder.encode(options.plan), as: UTF8.self)
  }

  /// Writes the model that the training has come to: the running average of the parameters.
  ///
  /// - Parameters:
  ///   - path: The `.safetensors` file; an older one is replaced.
  ///   - facts: Facts about the training for the model's description.
  ///   - provenance: How the model was made, in a sentence.
  ///   - honesty: What the viewer says of it.
  /// - Throws: `VolumeError` or `CheckpointError` when it cannot be written.
  public func writeModel(to path: String, facts: [String: String], provenance: String, honesty: String) throws {
    let metadata = ModelMetadata(
      name: options.name, plan: options.plan, classNames: ["background", "left canal", "right canal"],
      clickKinds: options.plan.prompts == nil ? [] : ["left", "right", "background"], spacing: options.spacing,
      normalization: [
        .scanPercentiles(lower: options.percentiles.lowerBound, upper: options.percentiles.upperBound)
      ], mirrorAxes: [], minimumComponentVolumes: [1: 60, 2: 60], step: 0.92,
      notCanalGuidance: options.plan.prompts == nil ? nil : 2.5, provenance: provenance,
      honesty: honesty, license: "Apache-2.0", training: facts)
    try withAverage { try ModelWriter.write(metadata, parameters: network.store, to: path, overwrite: true) }
  }

  /// Runs a body with the running average in the place of the parameters.
  private func withAverage<Value>(_ body: () throws -> Value) rethrows -> Value {
    let store = network.store
    let kept = Array(UnsafeBufferPointer(start: store.values, count: store.count))
    optimizer.average.withUnsafeBufferPointer { average in
      if let base = average.baseAddress { store.values.update(from: base, count: store.count) }
    }
    defer {
      kept.withUnsafeBufferPointer { kept in
        if let base = kept.baseAddress { store.values.update(from: base, count: store.count) }
      }
    }
    return try body()
  }

  // MARK: Steps

  /// Does one step, and measures after every `evaluationInterval`-th.
  ///
  /// - Returns: What it did.
  /// - Throws: `TrainingError.diverged` when the loss is not finite, and what the data's source throws.
  public func advance() throws -> StepReport {
    let start = Date()
    var sample = try prefetcher.sample(number: step)
    let decision = ClickPolicy.decide(for: &sample)
    let pool = network.pool
    pool.releaseAll()
    network.store.clearGradients()
    let tape = network.tape(isRecording: true)
    let image = pool.take(sample.image.count)
    image.update(from: sample.image, count: sample.image.count)
    let encoding = try network.encode(image, patch: sample.size, on: tape)
    let stages = options.plan.decoderConvolutions.count
    let levels = options.loss.levelWeights(stages: stages).count
    var prompts = decision.prompts
    var added: [Int] = []
    var removed = decision.explained.map(Int.init)
    var first: [TrainableNetwork.Scores]?
    for round in 0..<decision.correctiveCount {
      var current: [UInt8]
      if round == 0 {
        // Trained on as well: one encoding, two answers.
        let scores = try network.decode(encoding, prompts: prompts, levels: levels, on: tape)
        first = scores
        current = labels(scores[0])
      } else {
        current = try answer(encoding, prompts: prompts)
      }
      guard let next = try correction(of: current, sample: &sample) else { break }
      prompts.append(next.prompt)
      if next.prompt.kind == ClickPolicy.backgroundKind { removed += next.piece } else { added += next.piece }
    }
    let scores = try network.decode(encoding, prompts: prompts, levels: levels, on: tape)
    let answer = labels(scores[0])
    let loss = options.loss.differentiate(
      scores, labels: sample.labels,
      emphasis: ClickPolicy.emphasis(
        added: added, removed: removed, prompts: prompts, labels: sample.labels, size: sample.size), classes: 3,
      stages: stages)
    if let first {
      _ = options.loss.differentiate(
        first, labels: sample.labels, classes: 3, stages: stages, factor: Self.firstAnswerWeight)
    }
    guard loss.isFinite else { throw TrainingError.diverged(step: step + 1) }
    try tape.backward()
    let norm = optimizer.advance(network.store, total: options.steps)
    guard norm.isFinite else { throw TrainingError.diverged(step: step + 1) }
    let took = Date().timeIntervalSince(start)
    var measurement: Measurement?
    if step % options.evaluationInterval == 0 { measurement = try measure() }
    seconds += Date().timeIntervalSince(start)
    return StepReport(
      step: step, total: options.steps, loss: loss, pseudoDice: Self.dice(answer, sample.labels),
      clicks: prompts.count, gradientNorm: norm, seconds: took, measurement: measurement)
  }

  /// The network's answer, without a way back.
  private func answer(_ encoding: TrainableNetwork.Encoding, prompts: [PointPrompt]) throws -> [UInt8] {
    let mark = network.pool.mark()
    defer { network.pool.release(to: mark) }
    let scores = try network.decode(encoding, prompts: prompts, levels: 1, on: network.tape(isRecording: false))
    return labels(scores[0])
  }

  private func labels(_ scores: TrainableNetwork.Scores) -> [UInt8] {
    let voxels = scores.size.product
    let (background, left, right) = (scores.values, scores.values + voxels, scores.values + 2 * voxels)
    return (0..<voxels).map { voxel in
      let best: UInt8 = left[voxel] > background[voxel] ? 1 : 0
      let highest = max(left[voxel], background[voxel])
      return right[voxel] > highest ? 2 : best
    }
  }

  /// A click that a person might give next, and the voxels that it is about.
  private func correction(
    of answer: [UInt8], sample: inout TrainingSample
  ) throws -> (prompt: PointPrompt, piece: [Int])? {
    let sort = ClickPolicy.correctedSort(&sample.random)
    let preferred = try correction(of: answer, labels: sample.labels, size: sample.size, sort: sort)
    let voxelVolume = (0..<3).reduce(1) { $0 * options.spacing[$1] }
    if let preferred, Double(preferred.piece.count) * voxelVolume >= ClickPolicy.smallestPreferred { return preferred }
    return try correction(of: answer, labels: sample.labels, size: sample.size)
  }

  /// The click that answers the largest error, and the voxels that it is about.
  private func correction(
    of answer: [UInt8], labels: [UInt8], size: Axes3<Int>, sort: ErrorComponents.Sort? = nil
  ) throws -> (prompt: PointPrompt, piece: [Int])? {
    let grid = Grid(shape: size, spacing: options.spacing, affine: nil)
    let next = try ErrorComponents.nextClick(
      prediction: Mask(grid: grid, labels: answer), truth: Mask(grid: grid, labels: labels), sort: sort)
    guard let next else { return nil }
    let click = next.click
    let kind = click.kind == .left ? 0 : click.kind == .right ? 1 : ClickPolicy.backgroundKind
    return (PointPrompt(voxel: click.voxel, kind: kind), next.voxels)
  }

  /// Dice over both canals together, or `nil` where there is none.
  static func dice(_ answer: [UInt8], _ labels: [UInt8]) -> Double? {
    var (common, total, expected) = (0, 0, 0)
    for (answered, label) in zip(answer, labels) {
      if label != 0 { expected += 1 }
      total += (answered != 0 ? 1 : 0) + (label != 0 ? 1 : 0)
      if answered != 0 && answered == label { common += 1 }
    }
    return expected == 0 ? nil : 2 * Double(common) / Double(total)
  }

  /// Dice on crops that training never sees, with the running average of the parameters.
  public func measure() throws -> Measurement {
    if validation.isEmpty {
      validation = try (0..<options.evaluationCount).map {
        try source.validationSample(number: $0, size: options.plan.patch)
      }
    }
    var sums = [0.0, 0.0, 0.0]
    var count = 0
    try withAverage {
      for sample in validation {
        let pool = network.pool
        pool.releaseAll()
        let image = pool.take(sample.image.count)
        image.update(from: sample.image, count: sample.image.count)
        let encoding = try network.encode(image, patch: sample.size, on: network.tape(isRecording: false))
        var prompts: [PointPrompt] = []
        var dices: [Double] = []
        for round in 0...3 {
          let answer = try answer(encoding, prompts: prompts)
          guard let dice = Self.dice(answer, sample.labels) else { break }
          if round != 2 { dices.append(dice) }
          if round < 3, let next = try correction(of: answer, labels: sample.labels, size: sample.size) {
            prompts.append(next.prompt)
          }
        }
        guard dices.count == 3 else { continue }
        count += 1
        for index in 0..<3 { sums[index] += dices[index] }
      }
    }
    let scale = 1 / Double(max(1, count))
    return Measurement(
      diceWithoutClicks: sums[0] * scale, diceAfterOneClick: sums[1] * scale, diceAfterThreeClicks: sums[2] * scale)
  }
}
