import CKernels
import Foundation

/// How parameters follow their gradients.
public enum OptimizerRule: Sendable, Equatable {
  /// AdamW (Loshchilov and Hutter, arXiv:1711.05101): warm-up, then constant, then the end of a cosine.
  case adamW(peakRate: Double, weightDecay: Double, warmUpSteps: Int, decayShare: Double)
  /// Stochastic gradient descent with Nesterov's momentum and polynomial decay, as published for nnU-Net.
  case nesterov(initialRate: Double, momentum: Double, weightDecay: Double, power: Double)

  /// What the published network was trained with.
  public static let published = OptimizerRule.nesterov(
    initialRate: 0.01, momentum: 0.99, weightDecay: 3e-5, power: 0.9)
  /// What a short training does well with.
  public static let quick = OptimizerRule.adamW(
    peakRate: 0.0015, weightDecay: 0.01, warmUpSteps: 60, decayShare: 0.4)

  /// The same rule with another highest rate.
  ///
  /// - Parameter rate: The rate after the warm-up, or the first one.
  /// - Returns: The rule.
  public func withRate(_ rate: Double) -> OptimizerRule {
    switch self {
    case .adamW(_, let weightDecay, let warmUpSteps, let decayShare):
      .adamW(peakRate: rate, weightDecay: weightDecay, warmUpSteps: warmUpSteps, decayShare: decayShare)
    case .nesterov(_, let momentum, let weightDecay, let power):
      .nesterov(initialRate: rate, momentum: momentum, weightDecay: weightDecay, power: power)
    }
  }

  /// The learning rate of a step.
  ///
  /// - Parameters:
  ///   - step: Steps done before, from 0.
  ///   - total: Steps of the whole training.
  /// - Returns: The rate, above or equal to 0.
  public func rate(step: Int, total: Int) -> Double {
    switch self {
    case .adamW(let peakRate, _, let warmUpSteps, let decayShare):
      if step < warmUpSteps { return peakRate * Double(step + 1) / Double(warmUpSteps) }
      let start = Double(total) * (1 - decayShare)
      guard Double(step) > start, Double(total) > start else { return peakRate }
      let progress = min(1, (Double(step) - start) / (Double(total) - start))
      return peakRate * (0.01 + 0.99 * 0.5 * (1 + cos(Double.pi * progress)))
    case .nesterov(let initialRate, _, _, let power):
      return initialRate * pow(max(0, 1 - Double(step) / Double(max(1, total))), power)
    }
  }
}

/// Changes a network's parameters step by step and keeps their running average.
final class Optimizer {
  /// What is kept of every parameter, each as long as the store: first and second moments, and the average.
  private(set) var moments: [Float]
  private(set) var squares: [Float]
  private(set) var average: [Float]
  /// Steps done.
  var step = 0
  private let rule: OptimizerRule
  private let clippingNorm: Double
  private let averageDecay: Double

  /// Creates an optimizer for a store whose parameters are drawn.
  ///
  /// - Parameters:
  ///   - store: The parameters.
  ///   - rule: How they move.
  ///   - clippingNorm: Longer gradients are shortened to this length.
  ///   - averageDecay: The share of the average that each step keeps, once there are enough of them.
  init(store: ParameterStore, rule: OptimizerRule, clippingNorm: Double, averageDecay: Double) {
    self.rule = rule
    self.clippingNorm = clippingNorm
    self.averageDecay = averageDecay
    moments = [Float](repeating: 0, count: store.count)
    squares = moments
    average = []
    restartAverage(store)
  }

  /// Sets what was kept, as a checkpoint holds it.
  func restore(moments: [Float], squares: [Float], average: [Float], step: Int) {
    self.moments = moments
    self.squares = squares
    self.average = average
    self.step = step
  }

  /// Lets the running average begin at the store's parameters.
  func restartAverage(_ store: ParameterStore) {
    average = Array(UnsafeBufferPointer(start: store.values, count: store.count))
  }

  /// Moves the parameters once.
  ///
  /// - Parameters:
  ///   - store: Parameters and gradients.
  ///   - total: Steps of the whole training.
  /// - Returns: The gradient's length before clipping; when it is not finite nothing moves.
  func advance(_ store: ParameterStore, total: Int) -> Double {
    let norm = canalis_sum_of_squares(store.gradients, Int64(store.count)).squareRoot()
    guard norm.isFinite else { return norm }
    let scale = Float(norm > clippingNorm ? clippingNorm / norm : 1)
    let rate = rule.rate(step: step, total: total)
    step += 1
    for parameter in store.parameters where parameter.isTrained {
      move(parameter, store: store, scale: scale, rate: rate)
    }
    let share = max(1 - averageDecay, 9 / (Double(step) + 10))
    canalis_average_step(&average, store.values, Int64(store.count), Float(share))
    return norm
  }

  private func move(_ parameter: Parameter, store: ParameterStore, scale: Float, rate: Double) {
    let values = store.pointer(parameter)
    let gradients = store.gradient(parameter)
    let (offset, count) = (parameter.offset, Int64(parameter.count))
    moments.withUnsafeMutableBufferPointer { moments in
      squares.withUnsafeMutableBufferPointer { squares in
        guard let moments = moments.baseAddress, let squares = squares.baseAddress else { return }
        switch rule {
        case .adamW(_, let weightDecay, _, _):
          let decay = parameter.isDecayed ? 1 - rate * weightDecay : 1
          canalis_adam_step(
            values, gradients, moments + offset, squares + offset, count, scale, Float(rate), 0.9, 0.999, 1e-8,
            Float(decay), Float(1 / (1 - pow(0.9, Double(step)))), Float(1 / (1 - pow(0.999, Double(step)))))
        case .nesterov(_, let momentum, let weightDecay, _):
          canalis_nesterov_step(
            values, gradients, moments + offset, count, scale, Float(rate), Float(momentum), Float(weightDecay))
        }
      }
    }
  }
}
