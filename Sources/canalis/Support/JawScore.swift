import Clicks
import Evaluation
import Foundation
import Volume

/// How a model did on one synthetic jaw.
struct JawScore: Codable, Equatable {
  /// The scores with at most some number of clicks a canal.
  struct Point: Codable, Equatable {
    /// Mean Dice of left and right; 1 for a side that is rightly empty.
    var dice: Double
    /// Mean Dice of the canals that the scan shows.
    var presentDice: Double
    /// Mean 95th percentile of the surface distances in millimetres, 0 for a side that is rightly empty.
    var hausdorff95Millimeters: Double
    /// The same in voxels.
    var hausdorff95Voxels: Double

    init(_ answer: ClickingAnswer) {
      let metrics = answer.metrics
      let present = [metrics.left, metrics.right].filter { $0.truthVolumeInCubicMillimeters > 0 }
      dice = metrics.meanDice
      presentDice = present.reduce(0) { $0 + $1.dice } / Double(max(1, present.count))
      hausdorff95Millimeters = metrics.meanHausdorff95InMillimeters
      hausdorff95Voxels = metrics.meanHausdorff95InVoxels
    }
  }

  /// Trials and successes of one sort of single click.
  struct Trials: Codable, Equatable {
    var trials: Int
    var successes: Int

    init(_ count: ClickEffects.Count) {
      trials = count.trials
      successes = count.successes
    }
  }

  var seed: UInt64
  var shape: [Int]
  var spacing: [Double]
  /// Canals that the scan shows.
  var canals: Int
  /// By clicks a canal, from none.
  var corrective: [Point]
  /// By clicks a canal, from none.
  var spread: [Point]
  var missed: Trials
  var missedBorders: Trials
  var missedDiceGain: Double
  var falsePieces: Trials
  var falseBorders: Trials
  var sides: Trials

  /// Clicks on a jaw and scores what comes.
  ///
  /// - Parameters:
  ///   - seed: The jaw's number.
  ///   - truth: Its canals.
  ///   - maximum: The most clicks a canal.
  ///   - segment: The model.
  /// - Throws: `EvaluationError`, and what `segment` throws.
  init(seed: UInt64, truth: Mask, maximum: Int, segment: ([Click]) throws -> Mask) throws {
    self.seed = seed
    shape = truth.grid.shape.array
    spacing = truth.grid.spacing.array
    canals = Set(truth.labels).subtracting([0]).count
    func curve(_ rule: ClickRule) throws -> [Point] {
      try ClickSimulator(rule: rule, maximumPerCanal: maximum).run(truth: truth, segment: segment).curve.map(Point.init)
    }
    corrective = try curve(.corrective)
    spread = try curve(.spread)
    let effects = try ClickEffects(truth: truth, segment: segment)
    missed = Trials(effects.missed)
    missedBorders = Trials(effects.missedBorders)
    missedDiceGain = effects.missedDiceGain
    falsePieces = Trials(effects.falsePieces)
    falseBorders = Trials(effects.falseBorders)
    sides = Trials(effects.sides)
  }
}

/// Tables of the scores of several jaws, in Markdown.
struct JawTables {
  /// The jaws.
  let cases: [JawScore]

  /// The tables.
  var text: String {
    guard let first = cases.first else { return "no jaws" }
    let columns = 0..<first.corrective.count
    func mean(_ value: (JawScore) -> Double) -> Double { cases.reduce(0) { $0 + value($1) } / Double(cases.count) }
    func row(_ title: String, _ values: [String]) -> String { "| \(title) | " + values.joined(separator: " | ") + " |" }
    func number(_ value: Double) -> String { String(format: "%.3f", value) }
    var lines = ["\(cases.count) jaws, seeds \(first.seed) to \(cases.last?.seed ?? first.seed)", ""]
    lines.append(row("clicks a canal", columns.map(String.init)))
    lines.append("|" + String(repeating: "---|", count: columns.count + 1))
    let rules: [(String, (JawScore) -> [JawScore.Point])] = [
      ("corrective", \.corrective), ("spread", \.spread),
    ]
    for (name, points) in rules {
      lines.append(row("\(name): mean Dice", columns.map { at in number(mean { points($0)[at].dice }) }))
      lines.append(
        row("\(name): canals in view", columns.map { at in number(mean { points($0)[at].presentDice }) }))
      lines.append(
        row(
          "\(name): lowest Dice",
          columns.map { at in number(cases.map { points($0)[at].dice }.min() ?? 0) }))
      lines.append(
        row("\(name): mean HD95, mm", columns.map { at in number(mean { points($0)[at].hausdorff95Millimeters }) }))
      lines.append(
        row(
          "\(name): largest HD95, mm",
          columns.map { at in number(cases.map { points($0)[at].hausdorff95Millimeters }.max() ?? 0) }))
    }
    lines.append("")
    func share(_ trials: (JawScore) -> JawScore.Trials) -> String {
      let count = cases.reduce(0) { $0 + trials($1).trials }
      let successes = cases.reduce(0) { $0 + trials($1).successes }
      return "\(successes) of \(count) (\(String(format: "%.0f", 100 * Double(successes) / Double(max(1, count)))) %)"
    }
    let gain = cases.reduce(0) { $0 + $1.missedDiceGain } / Double(max(1, cases.reduce(0) { $0 + $1.missed.trials }))
    lines.append(
      "A click on a missed stretch raised its canal's Dice: " + share(\.missed)
        + ", by \(number(gain)) on average; a missed border: "
        + share(\.missedBorders) + ".")
    lines.append(
      "One or two negative clicks removed a false piece: " + share(\.falsePieces) + "; a false border: "
        + share(\.falseBorders) + ".")
    lines.append("A click of the other side moved the labels round it: " + share(\.sides) + ".")
    lines += ["", "| jaw | canals in view | no click | 1 | 3 | 5 | HD95 mm at 3 |", "|---|---|---|---|---|---|---|"]
    for score in cases.sorted(by: {
      ($0.corrective.last?.dice ?? 0, $0.seed) < ($1.corrective.last?.dice ?? 0, $1.seed)
    }) {
      let shown = [0, 1, 3, 5].map { $0 < score.corrective.count ? number(score.corrective[$0].dice) : "" }
      let distance = score.corrective.count > 3 ? number(score.corrective[3].hausdorff95Millimeters) : ""
      lines.append(row("\(score.seed)", ["\(score.canals)"] + shown + [distance]))
    }
    return lines.joined(separator: "\n")
  }
}
