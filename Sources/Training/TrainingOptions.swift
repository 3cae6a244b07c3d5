import Checkpoint
import UMamba2
import Volume

/// What a training is told.
public struct TrainingOptions: Sendable {
  /// The architecture; its patch is the size of the crops.
  public var plan: NetworkPlan
  /// The voxel size in millimetres that scans are brought to.
  public var spacing: Axes3<Double>
  /// The percentiles of a scan's grey values, 0 to 100, that become -1 and 1.
  public var percentiles: ClosedRange<Double>
  /// Steps of the whole training, those before a resumption included.
  public var steps: Int
  /// Decides everything random.
  public var seed: UInt64
  /// How parameters move.
  public var optimizer: OptimizerRule
  /// The loss.
  public var loss: SegmentationLoss
  /// Longer gradients are shortened to this length.
  public var clippingNorm: Double
  /// The share of the running average of the parameters that each step keeps.
  public var averageDecay: Double
  /// Steps between measurements on crops that training never sees.
  public var evaluationInterval: Int
  /// Crops of a measurement.
  public var evaluationCount: Int
  /// Seconds between checkpoints.
  public var checkpointInterval: Double
  /// The model's name.
  public var name: String

  /// Creates options; without arguments those of the bundled model.
  public init(plan: NetworkPlan = .compact, steps: Int = 3000, seed: UInt64 = 1) {
    self.plan = plan
    spacing = Axes3(repeating: 0.5)
    percentiles = 0.5...99.5
    self.steps = steps
    self.seed = seed
    optimizer = .quick
    loss = SegmentationLoss(diceSmoothing: 100)
    clippingNorm = 3
    averageDecay = 0.997
    evaluationInterval = 100
    evaluationCount = 10
    checkpointInterval = 150
    name = "canalis-compact"
  }
}

extension NetworkPlan {
  /// The architecture of the bundled model: four stages, a bottleneck cell of 8 voxels, three kinds of click, dense
  /// prompts beside the cross-attention. Channels are multiples of 16, a processor's block.
  public static let compact = NetworkPlan(
    inputChannels: 1, classes: 3, features: [16, 32, 48, 96],
    kernels: [Axes3<Int>](repeating: Axes3(repeating: 3), count: 4),
    strides: [Axes3(repeating: 1), Axes3(repeating: 2), Axes3(repeating: 2), Axes3(repeating: 2)],
    blocksPerStage: [1, 1, 2, 2], decoderConvolutions: [1, 1, 1], patch: Axes3(64, 96, 96),
    mamba: MambaPlan(innerWidth: 192, heads: 8, stateSize: 32, convolutionWidth: 4),
    prompts: PromptPlan(
      clickKinds: 3, attentionBlocks: 2, attentionHeads: 4, mlpWidth: 256, selfAttentionWidth: 96,
      crossAttentionWidth: 48, dense: DensePromptPlan()))
}

extension TrainingOptions {
  /// About how much memory training takes besides its data: the maps of a step, measured at the compact plan, where they
  /// are 30 times the first stage's; and the parameters with gradients, two moments and the running average.
  ///
  /// - Parameter plan: An architecture without `problem`.
  /// - Returns: Bytes; the largest number when that is too small for them.
  public static func stepBytes(plan: NetworkPlan) -> Int {
    func product(_ values: [Int]) -> Int {
      values.reduce(1) { total, value in
        let (result, overflows) = total.multipliedReportingOverflow(by: value)
        return overflows ? .max : result
      }
    }
    let maps = product(plan.patch.array + [plan.features[0], MemoryLayout<Float>.stride, 30])
    return plan.parameters.reduce(maps) { total, parameter in
      let (sum, overflows) = total.addingReportingOverflow(product(parameter.shape + [MemoryLayout<Float>.stride, 5]))
      return overflows ? .max : sum
    }
  }
}
