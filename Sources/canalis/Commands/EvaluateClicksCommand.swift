import ArgumentParser
import Checkpoint
import Evaluation
import Foundation
import Segmentation
import UMamba2
import Volume

/// `canalis evaluate clicks`.
struct EvaluateClicks: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "clicks", abstract: "Click as a clinician would, and score the mask after each click.",
    discussion: """
      corrective: the next click goes to the centre of the largest error, a missed piece gets its canal's click, a \
      false piece "not canal". spread: the challenge's rule, evenly along each canal.
      """)

  @Option(help: ArgumentHelp("The scan.", valueName: "scan"))
  var scan: String

  @Option(help: ArgumentHelp("Its truth: 1 the patient's left canal, 2 the right.", valueName: "mask"))
  var truth: String

  @OptionGroup var modelOptions: ModelOptions

  @OptionGroup var memoryOptions: MemoryOptions

  @Option(help: ArgumentHelp("spread or corrective.", valueName: "rule"))
  var rule: ClickRule = .corrective

  @Option(help: ArgumentHelp("The most clicks a canal.", valueName: "number"))
  var maximum = 5

  @Option(help: ArgumentHelp("The seed of the spread rule's jitter.", valueName: "number"))
  var seed: UInt64 = 0

  @OptionGroup var outputOptions: OutputOptions

  func validate() throws {
    if !(0...100).contains(maximum) { throw ValidationError("--maximum must be from 0 to 100") }
  }

  func run() throws {
    Interruption.watch()
    let progress = ProgressPrinter(isQuiet: outputOptions.quiet)
    let volume = try NIfTIReader.read(path: scan)
    let truth = try NIfTIReader.readMask(path: truth, expectedGrid: volume.grid)
    let model = try Model.load(path: try BundledAssets.modelPath(option: modelOptions.model))
    let settings = SegmentationSettings(
      metadata: model.metadata, mirroring: modelOptions.mirroring, step: modelOptions.step)
    let predictor = try InteractivePredictor(
      scan: volume, metadata: model.metadata, settings: settings, memoryLimitBytes: memoryOptions.memoryLimit?.bytes,
      network: model.network)
    let simulator = ClickSimulator(rule: rule, maximumPerCanal: maximum, seed: seed)
    let report = try simulator.run(truth: truth) { clicks in
      try predictor.segment(clicks: clicks) { report in
        try Interruption.check()
        progress.show(stage: "\(clicks.count) clicks, \(report.stage)", fraction: report.fraction)
      }.mask
    }
    progress.clear()
    guard !outputOptions.json else { return try JSONOutput.write(Report(report)) }
    print("clicks a canal    Dice   HD95 voxels    HD95 mm")
    for (count, answer) in report.curve.enumerated() {
      let metrics = answer.metrics
      print(
        String(
          format: "%14d %7.4f %13.3f %10.3f", count, metrics.meanDice, metrics.meanHausdorff95InVoxels,
          metrics.meanHausdorff95InMillimeters))
    }
    let reached = report.clicksPerCanal(toReachDice: 0.9).map { "\($0) clicks a canal" } ?? "not reached"
    print(String(format: "area under the Dice curve %.4f; Dice 0.90: ", report.diceArea) + reached)
  }

  private struct Report: Encodable {
    struct Point: Encodable {
      var clicks: Int
      var dice: Double
      var voxels: Double
      var millimeters: Double

      enum CodingKeys: String, CodingKey {
        case clicks, dice
        case voxels = "hd95_voxels"
        case millimeters = "hd95_mm"
      }
    }

    var curve: [Point]
    var area: Double
    var clicks: Int?
    var total: Int?

    enum CodingKeys: String, CodingKey {
      case curve
      case area = "auc"
      case clicks = "clicks_to_090"
      case total = "total_clicks_to_090"
    }

    init(_ report: ClickingReport) {
      curve = report.curve.enumerated().map { count, answer in
        Point(
          clicks: count, dice: answer.metrics.meanDice, voxels: answer.metrics.meanHausdorff95InVoxels,
          millimeters: answer.metrics.meanHausdorff95InMillimeters)
      }
      area = report.diceArea
      clicks = report.clicksPerCanal(toReachDice: 0.9)
      total = report.totalClicks(toReachDice: 0.9)
    }

    func encode(to encoder: any Encoder) throws {
      var container = encoder.container(keyedBy: CodingKeys.self)
      try container.encode(curve, forKey: .curve)
      try container.encode(area, forKey: .area)
      // Never reached is `null`, not a missing key.
      try container.encode(clicks, forKey: .clicks)
      try container.encode(total, forKey: .total)
    }
  }
}

extension ClickRule: ExpressibleByArgument {}
