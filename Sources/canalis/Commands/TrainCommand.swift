import ArgumentParser
import Checkpoint
import Foundation
import Training
import UMamba2
import Volume

/// `canalis train`.
struct Train: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Train a model, on scans of your own or on endless synthetic jaws.",
    discussion: """
      DATA is the folder of an nnU-Net raw data set (dataset.json, imagesTr, labelsTr) whose labels name a left and a \
      right canal, or the word phantom for synthetic jaws. Beside the model go MODEL.checkpoint, from which --resume \
      goes on as if nothing had happened; MODEL.log.jsonl, one JSON object a step; and MODEL.log.png, a plot of it. Ctrl-C \
      stops after the step, with a checkpoint.

      Examples:
        canalis train --data phantom --output mine.safetensors --steps 3000
        canalis train --data Dataset119_ToothFairy3 --output clinic.safetensors
        canalis train --data phantom --output mine.safetensors --resume
        canalis train --data Dataset119_ToothFairy3 --output clinic.safetensors --from bundled --rate 0.0005
        canalis train --data phantom --output wide.safetensors --from bundled --patch 64x112x112
      """)

  @Option(help: ArgumentHelp("The data set's folder, or phantom.", valueName: "folder|phantom"))
  var data: String

  @Option(name: [.short, .long], help: ArgumentHelp("The model to write.", valueName: "model.safetensors"))
  var output: String

  @Option(
    help: ArgumentHelp(
      "The architecture: compact (default), or a .json file (docs/training.md shows one), or a model to take it from.",
      valueName: "plan"))
  var plan: String?

  @Option(
    help: ArgumentHelp(
      "Begin with this model's parameters, and its architecture, instead of drawn ones: a file, or the word bundled.",
      valueName: "model|bundled"))
  var from: String?

  @Option(
    help: ArgumentHelp(
      "Voxels of a crop, and about those of the windows that the model will look through (default: the plan's).",
      valueName: "DxHxW"))
  var patch: PatchOption?

  @Option(help: ArgumentHelp("Steps of the whole training.", valueName: "count"))
  var steps = 3000

  @Option(help: ArgumentHelp("Decides everything random.", valueName: "number"))
  var seed: UInt64 = 1

  @Option(help: ArgumentHelp("Millimetres between voxels that scans are brought to.", valueName: "mm"))
  var spacing = 0.5

  @Option(
    help: ArgumentHelp(
      "quick: AdamW. published: SGD with Nesterov momentum, class weights and label smoothing as published.",
      valueName: "recipe"))
  var recipe = Recipe.quick

  @Option(help: ArgumentHelp("The highest learning rate (default: the recipe's).", valueName: "number"))
  var rate: Double?

  @Option(help: ArgumentHelp("Name or number of the left canal's label.", valueName: "label"))
  var leftLabel: String?

  @Option(help: ArgumentHelp("Name or number of the right canal's label.", valueName: "label"))
  var rightLabel: String?

  @Option(help: ArgumentHelp("Seconds between checkpoints; 0 writes one after every step.", valueName: "seconds"))
  var checkpointEvery = 150.0

  @Flag(help: "Go on from the checkpoint beside the output.")
  var resume = false

  @Flag(help: "Replace existing files.")
  var force = false

  @Flag(name: [.short, .long], help: "Print no progress.")
  var quiet = false

  /// How parameters follow their gradients, and which loss.
  enum Recipe: String, ExpressibleByArgument, CaseIterable {
    case quick
    case published
  }

  func validate() throws {
    if steps < 1 { throw ValidationError("--steps is at least 1") }
    if !(0.1...4).contains(spacing) { throw ValidationError("--spacing is 0.1 to 4 mm") }
    if !(0...86400).contains(checkpointEvery) { throw ValidationError("--checkpoint-every is 0 to 86400 seconds") }
    if let rate, !(rate > 0 && rate <= 1) { throw ValidationError("--rate is above 0 and at most 1") }
    if plan != nil && from != nil {
      throw ValidationError("--from takes the model's own architecture: leave --plan out")
    }
    if resume && force { throw ValidationError("--resume goes on with the files that --force would replace") }
  }

  func run() throws {
    Interruption.watch()
    let run = TrainingRun(output: output)
    let start = try from.map { $0 == "bundled" ? try BundledAssets.modelPath(option: nil) : $0 }
    try OutputFiles.check(
      [output, run.checkpoint, run.log.path, run.plot], force: force || resume,
      protecting: [start, plan].compactMap { $0 })
    let progress = ProgressPrinter(isQuiet: quiet)
    let model = try start.map(Model.load)
    var plan = try model?.metadata.plan ?? architecture()
    if let patch { plan.patch = patch.shape }
    let trainer = try Trainer(options: options(plan: plan), data: try source(progress: progress))
    if let model { try trainer.start(from: model) }
    if resume {
      try trainer.resume(from: run.checkpoint)
      progress.note("going on after step \(trainer.step)")
    } else if force {
      try run.log.remove()
    }
    let isPhantom = data == "phantom"
    var facts = ["data": isPhantom ? "synthetic jaws" : URL(fileURLWithPath: data).lastPathComponent]
    var provenance = "trained by canalis train on " + (isPhantom ? "synthetic jaws" : "a data set of its user")
    var honesty = "trained " + (isPhantom ? "on synthetic scans" : "by its user") + ", not for clinical use"
    if let beginning = trainer.beginning {
      facts["from_sha256"] = beginning.sha256
      provenance += ", from the parameters of \(beginning.name)"
      if isPhantom { honesty = beginning.honesty }
    }
    try run.train(
      trainer, facts: facts, provenance: provenance, honesty: honesty,
      shouldStop: { Interruption.wasRequested },
      saved: {
        try AtomicFile.write(try TrainingPlot(entries: run.log.entries()).png(), to: run.plot, overwrite: true)
      },
      report: { show($0, progress: progress) })
    if trainer.step < trainer.options.steps {
      progress.note("stopped after step \(trainer.step); --resume goes on")
      throw CommandFailure("interrupted; model and checkpoint are written", status: .interrupted)
    }
    print("\(DisplayText.escaped(output)): \(trainer.step) steps in \(ProgressPrinter.duration(trainer.seconds))")
  }

  private func show(_ report: Trainer.StepReport, progress: ProgressPrinter) {
    let dice = report.pseudoDice.map { String(format: ", Dice %.2f", $0) } ?? ""
    progress.show(
      stage: String(format: "step %d, loss %.3f", report.step, report.loss) + dice,
      fraction: Double(report.step) / Double(report.total))
    if let measured = report.measurement {
      progress.note(
        String(
          format: "step %d: Dice on unseen crops %.3f, after 1 click %.3f, after 3 %.3f", report.step,
          measured.diceWithoutClicks, measured.diceAfterOneClick, measured.diceAfterThreeClicks))
    }
  }

  private func source(progress: ProgressPrinter) throws -> TrainingData {
    if data == "phantom" { return .phantoms }
    let labels = NNUNetDataset.CanalLabels(left: leftLabel, right: rightLabel)
    let dataset = try NNUNetDataset(folder: data, labels: labels)
    progress.note(
      "\(dataset.cases.count) cases; left canal is label \(dataset.leftLabel), right \(dataset.rightLabel)")
    return .dataset(dataset)
  }

  private func options(plan: NetworkPlan) -> TrainingOptions {
    var options = TrainingOptions(plan: plan, steps: steps, seed: seed)
    options.spacing = Axes3(repeating: spacing)
    options.checkpointInterval = checkpointEvery
    options.name = URL(fileURLWithPath: output).deletingPathExtension().lastPathComponent
    if recipe == .published {
      options.optimizer = .published
      options.loss = .published
      options.clippingNorm = 12
    }
    if let rate { options.optimizer = options.optimizer.withRate(rate) }
    return options
  }

  private func architecture() throws -> NetworkPlan {
    guard let plan, plan != "compact" else { return .compact }
    if plan.hasSuffix(".json") {
      guard let text = try? RegularFile.contents(of: plan) else {
        throw CommandFailure("\(DisplayText.escaped(plan)): it cannot be read", status: .badData)
      }
      guard let decoded = try? JSONDecoder().decode(NetworkPlan.self, from: text) else {
        throw CommandFailure(
          "\(DisplayText.escaped(plan)): it is not a plan in JSON as docs/training.md shows one", status: .badData)
      }
      return decoded
    }
    return try Model.load(path: plan).metadata.plan
  }
}
