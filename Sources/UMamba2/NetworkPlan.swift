import Volume

/// The architecture of one U-Mamba2: every number that shapes its layers (nnU-Net's `arch_kwargs`, plus what a
/// checkpoint's own tensor shapes tell).
public struct NetworkPlan: Sendable, Equatable, Codable {
  /// Channels of the input image, at least 1.
  public var inputChannels: Int
  /// Classes of the output, background included, at least 2.
  public var classes: Int
  /// Channels of each encoder stage.
  public var features: [Int]
  /// Convolution kernel of each encoder stage, odd numbers.
  public var kernels: [Axes3<Int>]
  /// Downsampling of each encoder stage, 1 or 2 an axis in practice.
  public var strides: [Axes3<Int>]
  /// Residual blocks of each encoder stage.
  public var blocksPerStage: [Int]
  /// Convolution units of each decoder stage, deepest first; one fewer than stages.
  public var decoderConvolutions: [Int]
  /// The patch that the network was trained on, voxels; a multiple of the total stride.
  public var patch: Axes3<Int>
  /// Whether convolutions have a bias.
  public var convolutionBias: Bool
  /// Epsilon of the instance norms.
  public var instanceNormEpsilon: Float
  /// Negative slope of the leaky ReLU.
  public var leakySlope: Float
  /// The Mamba2 layer at the bottleneck.
  public var mamba: MambaPlan
  /// The point encoder and cross-attention, or `nil` for a network without clicks (`UMambaBot2`).
  public var prompts: PromptPlan?

  /// Numbers of the Mamba2 layer, read from its tensors' shapes.
  public struct MambaPlan: Sendable, Equatable, Codable {
    /// Inner width E, usually twice the channels.
    public var innerWidth: Int
    /// Heads H; the head width is `innerWidth / heads`.
    public var heads: Int
    /// State size N.
    public var stateSize: Int
    /// Taps of the causal convolution.
    public var convolutionWidth: Int

    /// Creates the numbers of a Mamba2 layer.
    public init(innerWidth: Int, heads: Int, stateSize: Int, convolutionWidth: Int) {
      self.innerWidth = innerWidth
      self.heads = heads
      self.stateSize = stateSize
      self.convolutionWidth = convolutionWidth
    }
  }

  /// Numbers of the interactive branch, read from its tensors' shapes.
  public struct PromptPlan: Sendable, Equatable, Codable {
    /// Kinds of click that have an embedding.
    public var clickKinds: Int
    /// Two-way attention blocks.
    public var attentionBlocks: Int
    /// Heads of every attention.
    public var attentionHeads: Int
    /// Hidden width of each block's MLP.
    public var mlpWidth: Int
    /// Inner width of self-attention.
    public var selfAttentionWidth: Int
    /// Inner width of both cross-attentions.
    public var crossAttentionWidth: Int
    /// The dense prompts beside the cross-attention, or `nil` for a network without (all published ones).
    public var dense: DensePromptPlan?

    /// Creates the numbers of an interactive branch.
    public init(
      clickKinds: Int, attentionBlocks: Int, attentionHeads: Int, mlpWidth: Int, selfAttentionWidth: Int,
      crossAttentionWidth: Int, dense: DensePromptPlan? = nil
    ) {
      self.clickKinds = clickKinds
      self.attentionBlocks = attentionBlocks
      self.attentionHeads = attentionHeads
      self.mlpWidth = mlpWidth
      self.selfAttentionWidth = selfAttentionWidth
      self.crossAttentionWidth = crossAttentionWidth
      self.dense = dense
    }
  }

  /// Numbers of the dense prompts: clicks as maps that are added at the bottleneck and at every decoder stage.
  public struct DensePromptPlan: Sendable, Equatable, Codable {
    /// Deviations of the Gaussians around a click in voxels of the full resolution, each above 0.
    public var sigmasInVoxels: [Double]

    /// Creates the numbers of dense prompts.
    public init(sigmasInVoxels: [Double] = [2.5, 8, 20]) {
      self.sigmasInVoxels = sigmasInVoxels
    }

    /// The most cells that a deviation has on a grid with maps of it. Wider ones are left to coarser grids, which say the
    /// same for a fraction of the work.
    public static let mostCells = 8.0

    /// The deviations that a grid has maps of, as positions in the list.
    ///
    /// - Parameter cell: The longest side of the grid's cells, in voxels of the full resolution.
    /// - Returns: The positions, ascending.
    func deviations(ofCell cell: Double) -> [Int] {
      sigmasInVoxels.indices.filter { sigmasInVoxels[$0] <= Self.mostCells * cell }
    }
  }

  /// Creates a plan; `validate()` says whether it can be built.
  public init(
    inputChannels: Int, classes: Int, features: [Int], kernels: [Axes3<Int>], strides: [Axes3<Int>],
    blocksPerStage: [Int], decoderConvolutions: [Int], patch: Axes3<Int>, convolutionBias: Bool = true,
    instanceNormEpsilon: Float = 1e-5, leakySlope: Float = 0.01, mamba: MambaPlan, prompts: PromptPlan?
  ) {
    self.inputChannels = inputChannels
    self.classes = classes
    self.features = features
    self.kernels = kernels
    self.strides = strides
    self.blocksPerStage = blocksPerStage
    self.decoderConvolutions = decoderConvolutions
    self.patch = patch
    self.convolutionBias = convolutionBias
    self.instanceNormEpsilon = instanceNormEpsilon
    self.leakySlope = leakySlope
    self.mamba = mamba
    self.prompts = prompts
  }
}
