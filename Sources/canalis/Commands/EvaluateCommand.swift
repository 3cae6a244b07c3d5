import ArgumentParser
import Evaluation
import Foundation
import Volume

/// `canalis evaluate`.
struct Evaluate: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Compare masks with the truth, as the ToothFairy3 challenge scores.",
    discussion: """
      Dice and HD95 for each canal. The challenge's HD95 is in voxels; millimetres stand beside it.

      Examples:
        canalis evaluate --prediction mask.nii.gz --truth truth.nii.gz
        canalis evaluate clicks --scan scan.nii.gz --truth truth.nii.gz
      """, subcommands: [Masks.self, EvaluateClicks.self, EvaluatePhantoms.self], defaultSubcommand: Masks.self)

  /// `canalis evaluate` itself.
  struct Masks: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "masks", abstract: "Compare masks with the truth (this is what evaluate does by itself).")

    @Option(parsing: .upToNextOption, help: ArgumentHelp("Masks to score.", valueName: "mask"))
    var prediction: [String]

    @Option(parsing: .upToNextOption, help: ArgumentHelp("Their truths, in the same order.", valueName: "mask"))
    var truth: [String]

    @Flag(help: "Print the result as one JSON object.")
    var json = false

    func validate() throws {
      if prediction.count != truth.count {
        throw ValidationError("\(prediction.count) predictions, but \(truth.count) truths: one for each is needed")
      }
    }

    func run() throws {
      var cases: [ScoredCase] = []
      for (prediction, truth) in zip(prediction, truth) {
        let truthMask = try NIfTIReader.readMask(path: truth)
        let mask = try NIfTIReader.readMask(path: prediction, expectedGrid: truthMask.grid)
        cases.append(ScoredCase(name: prediction, metrics: try MaskMetrics(prediction: mask, truth: truthMask)))
      }
      let mean = MeanScore(
        dice: cases.map(\.metrics.meanDice).mean, voxels: cases.map(\.metrics.meanHausdorff95InVoxels).mean,
        millimeters: cases.map(\.metrics.meanHausdorff95InMillimeters).mean)
      guard !json else { return try JSONOutput.write(Report(cases: cases, mean: mean)) }
      print("canal    Dice   HD95 voxels    HD95 mm   volume mm3    truth mm3")
      for scored in cases {
        print(DisplayText.escaped(scored.name))
        for (name, canal) in [("left", scored.metrics.left), ("right", scored.metrics.right)] {
          print(
            name.padding(toLength: 6, withPad: " ", startingAt: 0)
              + String(
                format: "%7.4f %13.3f %10.3f %12.1f %12.1f", canal.dice, canal.hausdorff95InVoxels,
                canal.hausdorff95InMillimeters, canal.volumeInCubicMillimeters, canal.truthVolumeInCubicMillimeters))
        }
      }
      print(String(format: "mean  %7.4f %13.3f %10.3f", mean.dice, mean.hausdorff95Voxels, mean.hausdorff95Millimeters))
    }

    private struct Report: Encodable {
      let cases: [ScoredCase]
      let mean: MeanScore

      enum CodingKeys: String, CodingKey { case cases, left, right, mean }

      func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(cases, forKey: .cases)
        try container.encode(mean, forKey: .mean)
        // A single case is what most scripts ask about: its canals stand at the top too.
        if cases.count == 1, let only = cases.first {
          try container.encode(CanalScore(only.metrics.left), forKey: .left)
          try container.encode(CanalScore(only.metrics.right), forKey: .right)
        }
      }
    }
  }
}

/// A mask and its scores.
struct ScoredCase: Encodable {
  let name: String
  let metrics: MaskMetrics

  enum CodingKeys: String, CodingKey { case prediction, left, right }

  func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(name, forKey: .prediction)
    try container.encode(CanalScore(metrics.left), forKey: .left)
    try container.encode(CanalScore(metrics.right), forKey: .right)
  }
}

/// One canal's scores with the keys that scripts rely on.
struct CanalScore: Encodable {
  var dice: Double
  var hausdorff95Voxels: Double
  var hausdorff95Millimeters: Double
  var volume: Double

  enum CodingKeys: String, CodingKey {
    case dice
    case hausdorff95Voxels = "hd95_voxels"
    case hausdorff95Millimeters = "hd95_mm"
    case volume = "volume_mm3"
  }

  init(_ metrics: CanalMetrics) {
    dice = metrics.dice
    hausdorff95Voxels = metrics.hausdorff95InVoxels
    hausdorff95Millimeters = metrics.hausdorff95InMillimeters
    volume = metrics.volumeInCubicMillimeters
  }
}

/// Scores averaged over canals and cases.
struct MeanScore: Encodable {
  var dice: Double
  var hausdorff95Voxels: Double
  var hausdorff95Millimeters: Double

  enum CodingKeys: String, CodingKey {
    case dice
    case hausdorff95Voxels = "hd95_voxels"
    case hausdorff95Millimeters = "hd95_mm"
  }

  init(dice: Double, voxels: Double, millimeters: Double) {
    self.dice = dice
    hausdorff95Voxels = voxels
    hausdorff95Millimeters = millimeters
  }
}

extension [Double] {
  /// The mean, 0 for none.
  fileprivate var mean: Double { isEmpty ? 0 : reduce(0, +) / Double(count) }
}
