import Clicks

/// One segmentation under simulated clicks, with its score.
public struct ClickingAnswer: Sendable, Equatable {
  /// The clicks given, in order.
  public let clicks: [Click]
  /// The clicks spent on the left canal, negative ones on its false pieces included.
  public let leftCount: Int
  /// The clicks spent on the right canal, negative ones on its false pieces included.
  public let rightCount: Int
  /// The score of the mask under these clicks.
  public let metrics: MaskMetrics

  /// The clicks spent on both canals together.
  public var totalCount: Int { clicks.count }
  /// The larger of the two canals' counts.
  public var countPerCanal: Int { max(leftCount, rightCount) }
}

/// What a segmentation became with more and more clicks.
public struct ClickingReport: Sendable, Equatable {
  /// Every segmentation, in the order in which they were made.
  public let answers: [ClickingAnswer]
  /// The last answer for at most 0, 1, 2, … clicks a canal.
  public let curve: [ClickingAnswer]

  /// The area under the curve of the mean Dice over clicks a canal, by the trapezoid rule, not normalized: 5 for a
  /// perfect answer at each of 0 to 5 clicks.
  public var diceArea: Double { Self.area(under: curve.map(\.metrics.meanDice)) }

  /// The area under the curve of the mean 95th percentile distance in voxels over clicks a canal.
  public var hausdorff95AreaInVoxels: Double { Self.area(under: curve.map(\.metrics.meanHausdorff95InVoxels)) }

  /// The area under the curve of the mean 95th percentile distance in millimetres over clicks a canal.
  public var hausdorff95AreaInMillimeters: Double {
    Self.area(under: curve.map(\.metrics.meanHausdorff95InMillimeters))
  }

  /// Returns the fewest clicks a canal with which the mean Dice is at least a target, or `nil` if it never is.
  public func clicksPerCanal(toReachDice target: Double) -> Int? {
    curve.firstIndex { $0.metrics.meanDice >= target }
  }

  /// Returns the fewest clicks in total with which the mean Dice is at least a target, or `nil` if it never is.
  public func totalClicks(toReachDice target: Double) -> Int? {
    answers.first { $0.metrics.meanDice >= target }?.totalCount
  }

  /// Returns the area under values at 0, 1, 2, … by the trapezoid rule; 0 for fewer than two values.
  public static func area(under values: [Double]) -> Double {
    zip(values, values.dropFirst()).reduce(0) { $0 + ($1.0 + $1.1) / 2 }
  }
}
