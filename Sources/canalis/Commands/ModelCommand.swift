import ArgumentParser
import Checkpoint
import Foundation
import UMamba2
import Volume

/// `canalis model`.
struct ModelCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "model", abstract: "Import, check and draw models.",
    subcommands: [Import.self, Verify.self, Draw.self])

  /// `canalis model import`.
  struct Import: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Turn an nnU-Net checkpoint into a model file.",
      discussion: """
        Reads the checkpoint as data: nothing in it is executed. Keeps the plan, the classes, the statistics of grey \
        values and the parameters that the network needs; says what it left out.

        Example:
          canalis model import checkpoint_final.pth --output canal.safetensors
        """)

    @Argument(help: ArgumentHelp("The checkpoint.", valueName: "checkpoint.pth"))
    var checkpoint: String

    @Option(name: [.short, .long], help: ArgumentHelp("The model file to write.", valueName: "model.safetensors"))
    var output: String

    @Flag(help: "Replace an existing file.")
    var force = false

    @OptionGroup var outputOptions: OutputOptions

    func run() throws {
      try OutputFiles.check([output], force: force, protecting: [checkpoint])
      let summary = try ModelImporter.importCheckpoint(from: checkpoint, to: output, overwrite: force)
      if outputOptions.json {
        try JSONOutput.write(
          Report(
            output: output, tensors: summary.tensorCount, parameters: summary.parameterCount, skipped: summary.skipped))
        return
      }
      print("\(DisplayText.escaped(output)): \(summary.tensorCount) tensors, \(summary.parameterCount) parameters")
      for line in summary.skipped { print("  left out: \(DisplayText.escaped(line))") }
    }

    private struct Report: Encodable {
      var output: String
      var tensors: Int
      var parameters: Int
      var skipped: [String]
    }
  }

  /// `canalis model verify`.
  struct Verify: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Run a model on a case with known logits and compare.",
      discussion: """
        The folder holds input.npy [1, channels, axis0, axis1, axis2], points.npy [1, clicks, 3] and labels.npy [1, \
        clicks] (absent: no clicks), and logits.npy [1, classes, ...].

        Example:
          canalis model verify checkpoint_final.pth --case golden/interactive
        """)

    @Argument(help: ArgumentHelp("The model: .pth or .safetensors.", valueName: "model"))
    var model: String

    @Option(name: .customLong("case"), help: ArgumentHelp("The folder of the case.", valueName: "folder"))
    var folder: String

    @Option(help: ArgumentHelp("The largest absolute difference that passes.", valueName: "difference"))
    var tolerance = 1e-3

    @OptionGroup var outputOptions: OutputOptions

    func run() throws {
      let model = try Model.load(path: model)
      let report = try ModelVerification(folder: folder).run(model: model)
      if outputOptions.json {
        try JSONOutput.write(report)
      } else {
        print("logits \(report.shape.map(String.init).joined(separator: " x "))")
        print("largest absolute difference \(report.largestDifference)")
        print(String(format: "%.3f s", report.seconds))
      }
      guard report.largestDifference <= tolerance else {
        throw CommandFailure(
          "\(DisplayText.escaped(folder)): the logits differ by \(report.largestDifference), more than the tolerance "
            + "\(tolerance)", status: .badData)
      }
    }
  }

  /// `canalis model draw`.
  struct Draw: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Make a model with drawn, untrained weights, for benchmarks and for trying the program.")

    @Option(help: ArgumentHelp("The architecture: compact or task2.", valueName: "plan"))
    var plan: NamedPlan = .compact

    @Option(help: ArgumentHelp("The seed of the weights.", valueName: "number"))
    var seed: UInt64 = 1

    @Option(name: [.short, .long], help: ArgumentHelp("The model file to write.", valueName: "model.safetensors"))
    var output: String

    @Flag(help: "Replace an existing file.")
    var force = false

    func run() throws {
      try OutputFiles.check([output], force: force, protecting: [])
      let metadata = plan.metadata(seed: seed)
      try ModelWriter.write(
        metadata, parameters: DrawnParameters(plan: metadata.plan, seed: seed), to: output, overwrite: force)
      print("\(DisplayText.escaped(output)): untrained weights, seed \(seed)")
    }
  }
}
