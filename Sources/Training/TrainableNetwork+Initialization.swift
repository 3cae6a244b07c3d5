import Foundation
import Volume

extension TrainableNetwork {
  /// Draws every parameter: convolutions after He et al. (arXiv:1502.01852) for the leaky ReLU, matrices evenly within
  /// `1 / √inputs`, norms 1 and 0, Mamba2's own numbers as published (decay 1 to 16, step 0.001 to 0.1).
  ///
  /// - Parameter seed: The same seed and plan give the same network.
  func initialize(seed: UInt64) {
    let random = SeededGenerator(seed: seed)
    for (number, parameter) in store.parameters.enumerated() {
      var draws = random.split(UInt64(number))
      let values = store.pointer(parameter)
      let draw = distribution(of: parameter)
      for index in 0..<parameter.count { values[index] = Float(draw(&draws)) }
    }
  }

  /// How a parameter's values are drawn.
  private func distribution(of parameter: Parameter) -> (inout SeededGenerator) -> Double {
    let name = parameter.name
    let inputs = parameter.shape.dropFirst().reduce(1, *)
    if name.contains("embed") || name.hasSuffix("gaussian_matrix") { return { $0.normal() } }
    if name.hasSuffix("A_log") { return { log($0.uniform(1...16)) } }
    if name.hasSuffix(".D") { return { _ in 1 } }
    if name.hasSuffix("dt_bias") { return { log(expm1(exp($0.uniform(log(0.001)...log(0.1))))) } }
    if parameter.shape.count == 1 {
      let value: Double = name.hasSuffix("weight") ? 1 : 0
      return { _ in value }
    }
    if parameter.shape.count == 5 && !name.hasPrefix("dense_prompts") && !name.contains("seg_layers") {
      // A transposed convolution's outputs each sum over the input channels only.
      let fan = name.contains("transpconvs") ? parameter.shape[0] : inputs
      let gain = (2 / (1 + Double(plan.leakySlope * plan.leakySlope))).squareRoot()
      return { $0.normal() * gain / Double(fan).squareRoot() }
    }
    let bound = 1 / Double(inputs).squareRoot()
    return { $0.uniform(-bound...bound) }
  }
}
