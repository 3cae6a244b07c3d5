import ArgumentParser
import Checkpoint
import Evaluation
import Foundation
import Phantom
import Segmentation
import UMamba2
import Volume

/// `canalis evaluate phantoms`.
struct EvaluatePhantoms: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "phantoms",
    abstract: "Score a model on synthetic jaws: both rules of clicking, and what single clicks do.",
    discussion: """
      Makes each jaw, segments it without clicks, then with up to --maximum clicks a canal by the corrective and by the \
      spread rule, and tries single clicks on missed stretches, on false pieces and of the wrong side. A line of JSON for \
      each jaw goes to standard output as soon as it is done, so that several runs can be joined; --summary prints the \
      tables of such lines instead. A Dice is the mean of left and right, 1 for a side that is rightly empty; "present" \
      counts only canals that the scan shows.

      Examples:
        canalis evaluate phantoms --seed 201 --count 20 > inside.jsonl
        canalis evaluate phantoms --seed 301 --count 20 --outside > outside.jsonl
        canalis evaluate phantoms --summary inside.jsonl
      """)

  @Option(help: ArgumentHelp("The first jaw's seed; below 900000000, training sees none of them.", valueName: "number"))
  var seed: UInt64 = 201

  @Option(help: ArgumentHelp("Jaws.", valueName: "number"))
  var count = 20

  @Flag(help: "Looks outside the ranges that the bundled model was trained on.")
  var outside = false

  @Option(help: ArgumentHelp("The most clicks a canal.", valueName: "number"))
  var maximum = 5

  @OptionGroup var modelOptions: ModelOptions

  @Option(help: ArgumentHelp("Print the tables of the lines in this file; evaluates nothing.", valueName: "file"))
  var summary: String?

  @Flag(name: [.short, .long], help: "Print no progress.")
  var quiet = false

  func validate() throws {
    if !(1...10000).contains(count) { throw ValidationError("--count must be from 1 to 10000") }
    if !(0...100).contains(maximum) { throw ValidationError("--maximum must be from 0 to 100") }
  }

  func run() throws {
    if let summary {
      guard let data = FileManager.default.contents(atPath: summary) else {
        throw CommandFailure("\(DisplayText.escaped(summary)): it cannot be read", status: .badData)
      }
      let cases = try data.split(separator: 0x0A).map { line in
        guard let score = try? JSONDecoder().decode(JawScore.self, from: Data(line)) else {
          throw CommandFailure("\(DisplayText.escaped(summary)): it has a line of another kind", status: .badData)
        }
        return score
      }
      return print(JawTables(cases: cases).text)
    }
    Interruption.watch()
    let progress = ProgressPrinter(isQuiet: quiet)
    let model = try Model.load(path: try BundledAssets.modelPath(option: modelOptions.model))
    let settings = SegmentationSettings(
      metadata: model.metadata, mirroring: modelOptions.mirroring, step: modelOptions.step)
    let generator = PhantomGenerator(ranges: outside ? .outside : .training)
    let encoder = JSONEncoder()
    encoder.outputFormatting = .sortedKeys
    for number in 0..<count {
      let jaw = seed + UInt64(number)
      let phantom = generator.phantom(seed: jaw)
      let predictor = try InteractivePredictor(
        scan: phantom.scan, metadata: model.metadata, settings: settings, network: model.network)
      let score = try JawScore(seed: jaw, truth: phantom.truth, maximum: maximum) { clicks in
        try predictor.segment(clicks: clicks) { report in
          try Interruption.check()
          progress.show(
            stage: "jaw \(jaw), \(clicks.count) clicks, \(report.stage)", fraction: Double(number) / Double(count))
        }.mask
      }
      progress.clear()
      try StandardOutput.write(try encoder.encode(score) + Data([0x0A]))
    }
  }
}
