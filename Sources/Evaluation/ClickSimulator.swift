import Clicks
import Volume

/// How simulated clicks are chosen.
public enum ClickRule: String, Sendable, Hashable, CaseIterable {
  /// Evenly along each canal, chosen before the model runs: the challenge's rule.
  case spread
  /// Each at the centre of the largest remaining error: as a clinician corrects.
  case corrective
}

/// Runs a segmentation with ever more simulated clicks and scores every answer.
public struct ClickSimulator: Sendable {
  /// How clicks are chosen.
  public let rule: ClickRule
  /// The largest number of clicks on each canal, at least 0.
  public let maximumPerCanal: Int
  /// The seed of the spread rule; the corrective rule draws nothing.
  public let seed: UInt64

  /// Creates a simulator.
  public init(rule: ClickRule, maximumPerCanal: Int = 5, seed: UInt64 = 0) {
    precondition(maximumPerCanal >= 0, "a number of clicks is at least 0")
    self.rule = rule
    self.maximumPerCanal = maximumPerCanal
    self.seed = seed
  }

  /// Clicks, segments and scores, from no click to the largest number.
  ///
  /// Under the spread rule, each number n has its own n clicks on each canal of the truth. Under the corrective rule, the
  /// clicks of n - 1 are kept; each canal that still has errors gets one more, the canal with the larger error first,
  /// with a segmentation after each click. A negative click counts for the canal that it takes a piece away from.
  ///
  /// - Parameters:
  ///   - truth: the mask that the segmentation should be; at least one canal.
  ///   - segment: the segmentation under some clicks, in the order given.
  /// - Returns: the curve, and each single answer.
  /// - Throws: `EvaluationError`, and whatever `segment` throws.
  public func run(truth: Mask, segment: ([Click]) throws -> Mask) throws -> ClickingReport {
    guard truth.labels.contains(where: { $0 == 1 || $0 == 2 }) else { throw EvaluationError.truthWithoutCanal }
    switch rule {
    case .spread: return try runSpread(truth: truth, segment: segment)
    case .corrective: return try runCorrective(truth: truth, segment: segment)
    }
  }

  private func runSpread(truth: Mask, segment: ([Click]) throws -> Mask) throws -> ClickingReport {
    var answers: [ClickingAnswer] = []
    for count in 0...maximumPerCanal {
      let left = SpreadClicks.clicks(on: .left, count: count, truth: truth, seed: seed)
      let right = SpreadClicks.clicks(on: .right, count: count, truth: truth, seed: seed)
      let mask = try segment(left + right)
      answers.append(
        ClickingAnswer(
          clicks: left + right, leftCount: left.count, rightCount: right.count,
          metrics: try MaskMetrics(prediction: mask, truth: truth)))
    }
    return ClickingReport(answers: answers, curve: answers)
  }

  private func runCorrective(truth: Mask, segment: ([Click]) throws -> Mask) throws -> ClickingReport {
    var clicks: [Click] = []
    var counts: [ClickKind: Int] = [.left: 0, .right: 0]
    var mask = try segment(clicks)
    func answer() throws -> ClickingAnswer {
      ClickingAnswer(
        clicks: clicks, leftCount: counts[.left, default: 0], rightCount: counts[.right, default: 0],
        metrics: try MaskMetrics(prediction: mask, truth: truth))
    }
    var current = try answer()
    var answers = [current]
    var curve = [current]
    for _ in 0..<maximumPerCanal {
      var canals: Set<ClickKind> = [.left, .right]
      while let next = try ErrorComponents.nextClick(prediction: mask, truth: truth, canals: canals) {
        canals.remove(next.canal)
        counts[next.canal, default: 0] += 1
        clicks.append(next.click)
        mask = try segment(clicks)
        current = try answer()
        answers.append(current)
      }
      curve.append(current)
    }
    return ClickingReport(answers: answers, curve: curve)
  }
}
