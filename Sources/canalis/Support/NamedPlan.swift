import ArgumentParser
import Checkpoint
import Training
import UMamba2
import Volume

/// Architectures that can be asked for by name.
enum NamedPlan: String, ExpressibleByArgument, CaseIterable {
  /// Small enough to answer a click at once on two cores.
  case compact
  /// The plan of the published interactive checkpoints (ToothFairy3 task 2).
  case task2

  /// The architecture.
  var plan: NetworkPlan {
    let cube = Axes3(repeating: 3)
    let halving = Axes3(repeating: 2)
    switch self {
    case .compact:
      return .compact
    case .task2:
      return NetworkPlan(
        inputChannels: 1, classes: 3, features: [32, 64, 128, 256, 320, 320, 320],
        kernels: Array(repeating: cube, count: 7),
        strides: [Axes3(repeating: 1)] + Array(repeating: halving, count: 5) + [Axes3(1, 2, 2)],
        blocksPerStage: [1, 3, 4, 6, 6, 6, 6], decoderConvolutions: Array(repeating: 1, count: 6),
        patch: Axes3(128, 256, 256), mamba: .init(innerWidth: 640, heads: 8, stateSize: 32, convolutionWidth: 4),
        prompts: .init(
          clickKinds: 2, attentionBlocks: 2, attentionHeads: 4, mlpWidth: 1024, selfAttentionWidth: 320,
          crossAttentionWidth: 160))
    }
  }

  /// What a model of this plan with drawn weights says about itself.
  func metadata(seed: UInt64) -> ModelMetadata {
    let isCompact = self == .compact
    return ModelMetadata(
      name: "\(rawValue), untrained", plan: plan, classNames: ["background", "left canal", "right canal"],
      clickKinds: isCompact ? ["left", "right", "background"] : ["left", "right"],
      spacing: Axes3(repeating: isCompact ? 0.5 : 0.3),
      normalization: [.scanPercentiles(lower: 0.5, upper: 99.5)], minimumComponentVolumes: [1: 59.346, 2: 47.358],
      provenance: "weights drawn from seed \(seed), not trained",
      honesty: "untrained weights: its masks mean nothing; not for clinical use", license: "Apache-2.0")
  }
}
