import Checkpoint
import Foundation
import Synchronization
import UMamba2
import Volume

/// A network simple enough to write twice: a linear function of the image, a ramp that no mirroring leaves alone, and a
/// bump around each click.
///
///     logits[c](v) = gain[c] * image(v) + bias[c] + slope[c] * (2 v0 + 3 v1 + 5 v2) / 100
///                    + sum over clicks p of kind k: strength[k][c] * exp(-|v - p|² / (2 radius²))
final class StandInNetwork: PatchNetwork {
  struct Numbers {
    var gain: [Double] = [0.1, 1.5, 1.2]
    var bias: [Double] = [1.83, -0.21, 1.03]
    var slope: [Double] = [0.1, 2.0, -1.5]
    var strength: [[Double]] = [[-1.0, 3.0, -1.5], [-0.8, -1.2, 2.8]]
    var radius = 2.5
  }

  let plan: NetworkPlan
  let patch: Axes3<Int>
  let numbers: Numbers
  var encodes = 0
  var decodes = 0
  /// How long a decoding takes at least.
  var secondsADecode = 0.0

  init(patch: Axes3<Int>, numbers: Numbers = Numbers()) {
    self.patch = patch
    self.numbers = numbers
    plan = NetworkPlan(
      inputChannels: 1, classes: numbers.gain.count, features: [4, 8],
      kernels: [Axes3(repeating: 3), Axes3(repeating: 3)], strides: [Axes3(repeating: 1), Axes3(repeating: 1)],
      blocksPerStage: [1, 1], decoderConvolutions: [1], patch: patch,
      mamba: NetworkPlan.MambaPlan(innerWidth: 16, heads: 2, stateSize: 4, convolutionWidth: 4),
      prompts: numbers.strength.isEmpty
        ? nil
        : NetworkPlan.PromptPlan(
          clickKinds: numbers.strength.count, attentionBlocks: 2, attentionHeads: 2, mlpWidth: 16,
          selfAttentionWidth: 8, crossAttentionWidth: 4))
  }

  var encodingByteCount: Int { patch.product * MemoryLayout<Float>.stride }

  func encode(image: UnsafeBufferPointer<Float>, observer: ForwardObserver) throws -> [Float] {
    encodes += 1
    try observer(ForwardProgress(stage: "encoder", fraction: 0.5))
    return Array(image)
  }

  func decode(
    _ encoding: [Float], prompts: [PointPrompt], into logits: UnsafeMutableBufferPointer<Float>,
    observer: ForwardObserver
  ) throws {
    decodes += 1
    if secondsADecode > 0 { Thread.sleep(forTimeInterval: secondsADecode) }
    try observer(ForwardProgress(stage: "decoder", fraction: 0.5))
    // The bumps are products of three factors.
    let bumps = prompts.map { prompt in
      Axes3(0, 1, 2).map { axis in
        (0..<patch[axis]).map { index in
          let distance = Double(index - prompt.voxel[axis])
          return exp(-distance * distance / (2 * numbers.radius * numbers.radius))
        }
      }
    }
    var position = 0
    for label in numbers.gain.indices {
      for axis0 in 0..<patch.axis0 {
        for axis1 in 0..<patch.axis1 {
          for axis2 in 0..<patch.axis2 {
            let ramp = Double(2 * axis0 + 3 * axis1 + 5 * axis2) / 100
            let voxel = position % patch.product
            var value =
              numbers.gain[label] * Double(encoding[voxel]) + numbers.bias[label] + numbers.slope[label] * ramp
            for (prompt, bump) in zip(prompts, bumps) {
              value +=
                numbers.strength[prompt.kind][label] * bump.axis0[axis0] * bump.axis1[axis1] * bump.axis2[axis2]
            }
            logits[position] = Float(value)
            position += 1
          }
        }
      }
    }
    try observer(ForwardProgress(stage: "decoder", fraction: 1))
  }

  var encodingFormat: String? = "stand-in"

  static func withParts<Result>(
    of encoding: [Float], _ body: ([UnsafeRawBufferPointer]) throws -> Result
  ) rethrows -> Result {
    // Two parts, as a network has several maps.
    try encoding.withUnsafeBytes { bytes in
      try body([UnsafeRawBufferPointer(rebasing: bytes[..<40]), UnsafeRawBufferPointer(rebasing: bytes[40...])])
    }
  }

  func encoding(filledBy fill: ([UnsafeMutableRawBufferPointer]) throws -> Bool) throws -> [Float]? {
    var values = [Float](repeating: 0, count: patch.product)
    let isFilled = try values.withUnsafeMutableBytes { bytes in
      try fill([
        UnsafeMutableRawBufferPointer(rebasing: bytes[..<40]), UnsafeMutableRawBufferPointer(rebasing: bytes[40...]),
      ])
    }
    return isFilled ? values : nil
  }

  /// A description that fits the network.
  func metadata(
    clickKinds: [String]? = nil, spacing: Axes3<Double> = Axes3(repeating: 0.3),
    normalization: ModelMetadata.Normalization = .none
  ) -> ModelMetadata {
    ModelMetadata(
      name: "stand-in", plan: plan, classNames: numbers.gain.indices.map { "class \($0)" },
      clickKinds: clickKinds ?? Array(["left", "right", "background"].prefix(numbers.strength.count)),
      spacing: spacing, normalization: [normalization], provenance: "written by hand", honesty: "a stand-in",
      license: "none")
  }
}
