import Foundation
import Volume

/// The weight of each voxel of a window: `10 * product over axes of exp(-0.5 * ((i - n / 2) / (n / 8))^2)`, with the
/// integer n / 2; kept as its three factors.
struct GaussianWeights: Sendable, Equatable {
  /// The factors along each axis, 10 included in axis 0's.
  let factors: Axes3<[Float]>

  /// The largest weight.
  static let peak = 10.0

  /// Computes the weights of a patch.
  init(patch: Axes3<Int>) {
    var factors = patch.map { count in
      (0..<count).map { index in
        let distance = Double(index - count / 2) / (Double(count) / 8)
        return exp(-0.5 * distance * distance)
      }
    }
    factors.axis0 = factors.axis0.map { $0 * Self.peak }
    self.factors = factors.map { $0.map { Float($0) } }
  }

  /// The factors of a window's weights divided by the sum of all windows' weights, so that the sum over windows is the
  /// weighted mean. Windows are at all combinations of three lists of starts, so the sum of products is the product of
  /// three sums.
  ///
  /// - Parameters:
  ///   - start: The window's first voxel.
  ///   - sums: What `sums(over:)` gives along each axis.
  /// - Returns: The factors along each axis.
  func shares(start: Axes3<Int>, sums: Axes3<[Double]>) -> Axes3<[Float]> {
    Axes3(0, 1, 2).map { axis in
      factors[axis].enumerated().map { index, factor in Float(Double(factor) / sums[axis][start[axis] + index]) }
    }
  }

  /// The sum of the weights of all windows at each voxel of the padded grid, as its three factors.
  func sums(over plan: WindowPlan) -> Axes3<[Double]> {
    Axes3(0, 1, 2).map { axis in
      var sums = [Double](repeating: 0, count: (plan.starts[axis].last ?? 0) + plan.patch[axis])
      for start in plan.starts[axis] {
        for (index, factor) in factors[axis].enumerated() { sums[start + index] += Double(factor) }
      }
      return sums
    }
  }
}
