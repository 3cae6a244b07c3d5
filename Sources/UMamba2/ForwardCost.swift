import Tensor
import Volume

/// What a pass of a network costs, known before anything is reserved: the operations that are executed (the decoder's
/// fused upsampling saves some of the nominal ones), and memory.
public struct ForwardCost: Sendable, Equatable {
  /// Multiply-accumulates of one part.
  public struct Part: Sendable, Equatable {
    /// The part, named as a pass reports it.
    public var stage: String
    /// Multiply-accumulates.
    public var multiplyAccumulates: Int
  }

  /// The click-independent half, in order.
  public let encode: [Part]
  /// The rest, in order.
  public let decode: [Part]
  /// Bytes of the weights as they are kept.
  public let parameterBytes: Int
  /// Bytes that one encoding holds on to.
  public let encodingBytes: Int
  /// Bytes of the network's own memory: feature maps that come and go, and scratch memory.
  public let workspaceBytes: Int

  let scratchCount: Int
  /// Floats of room for what dense prompts add to a stage: as many as the largest stage has, more being rare.
  let promptCount: Int
  /// Floats of room for a stage's dense prompt maps: as many as the whole finest grid has, more being rare.
  let promptMapCount: Int

  /// Multiply-accumulates of the click-independent half.
  public var encodeMultiplyAccumulates: Int { encode.reduce(0) { $0 + $1.multiplyAccumulates } }
  /// Multiply-accumulates of the rest.
  public var decodeMultiplyAccumulates: Int { decode.reduce(0) { $0 + $1.multiplyAccumulates } }
  /// Multiply-accumulates of a whole forward pass.
  public var multiplyAccumulates: Int { encodeMultiplyAccumulates + decodeMultiplyAccumulates }
  /// The most memory that the network, one encoding, the image and the logits take together.
  public let peakBytes: Int

  var mambaMultiplyAccumulates: Int { encode.first { $0.stage == "Mamba2" }?.multiplyAccumulates ?? 0 }
  var attentionMultiplyAccumulates: Int { decode.first?.multiplyAccumulates ?? 0 }

  /// Counts a plan's costs.
  ///
  /// - Parameters:
  ///   - plan: The architecture.
  ///   - patch: Voxels of a patch, the plan's unless given.
  ///   - instructionSet: One that the processor has.
  /// - Throws: `NetworkError.invalidPlan` for a plan or patch that cannot be built.
  public init(plan: NetworkPlan, patch: Axes3<Int>? = nil, instructionSet: InstructionSet = .best) throws {
    try plan.validate()
    let patch = patch ?? plan.patch
    guard patch.array.allSatisfy({ (1...4096).contains($0) }) else {
      throw NetworkError.invalidPlan(problem: "the patch is \(patch.array), expected 1 to 4096 voxels an axis")
    }
    if let problem = plan.problem(withPatch: patch) { throw NetworkError.invalidPlan(problem: problem) }

    let extents = plan.extents(patch: patch)
    let kernels = plan.kernels.map { Extent($0) }
    let strides = plan.strides.map { Extent($0) }
    let deepest = plan.features.count - 1
    var layouts: [ConvolutionLayout] = []
    func part(_ stage: String, _ list: [ConvolutionLayout]) -> Part {
      layouts += list
      return Part(stage: stage, multiplyAccumulates: list.reduce(0) { $0 + $1.multiplyAccumulates })
    }

    var encode = [
      part(
        "stem",
        [
          ConvolutionLayout(
            inputs: plan.inputChannels, outputs: plan.features[0], kernel: kernels[0], extent: Extent(patch),
            instructionSet: instructionSet, mostWorkInDouble: UMamba2Network.mostWorkInDouble)
        ])
    ]
    for stage in plan.features.indices {
      let inputs = plan.features[max(stage - 1, 0)]
      let channels = plan.features[stage]
      let plain = ConvolutionLayout(
        inputs: channels, outputs: channels, kernel: kernels[stage], extent: extents[stage],
        instructionSet: instructionSet, mostWorkInDouble: UMamba2Network.mostWorkInDouble)
      var list = [
        ConvolutionLayout(
          inputs: inputs, outputs: channels, kernel: kernels[stage], stride: strides[stage],
          extent: stage == 0 ? extents[0] : extents[stage - 1], instructionSet: instructionSet,
          mostWorkInDouble: UMamba2Network.mostWorkInDouble)
      ]
      list += [ConvolutionLayout](repeating: plain, count: 2 * plan.blocksPerStage[stage] - 1)
      if plan.skipConvolves(stage: stage) {
        list.append(
          ConvolutionLayout(
            inputs: inputs, outputs: channels, kernel: Extent(repeating: 1), extent: extents[stage],
            instructionSet: instructionSet, mostWorkInDouble: UMamba2Network.mostWorkInDouble))
      }
      encode.append(part("encoder stage \(stage)", list))
    }
    let tokens = extents[deepest].count
    let channels = plan.features[deepest]
    let mixed = plan.mamba.innerWidth + 2 * plan.mamba.stateSize
    let mambaPerToken =
      channels * (2 * plan.mamba.innerWidth + mixed + plan.mamba.heads) + mixed * plan.mamba.convolutionWidth
      + 2 * plan.mamba.innerWidth * plan.mamba.stateSize
    encode.append(Part(stage: "Mamba2", multiplyAccumulates: tokens * mambaPerToken))

    var decode = [
      Part(
        stage: "cross-attention",
        multiplyAccumulates: plan.prompts.map {
          $0.attentionBlocks * tokens * 4 * channels * $0.crossAttentionWidth
        } ?? 0)
    ]
    for stage in (0..<deepest).reversed() {
      let channels = plan.features[stage]
      let plain = ConvolutionLayout(
        inputs: channels, outputs: channels, kernel: kernels[stage], extent: extents[stage],
        instructionSet: instructionSet)
      encode.append(part("skip \(stage)", [plain]))
      let count = plan.decoderConvolutions[deepest - 1 - stage]
      decode.append(
        part(
          "decoder stage \(stage)",
          [
            ConvolutionLayout(
              inputs: plan.features[stage + 1], outputs: channels, kernel: kernels[stage],
              factor: strides[stage + 1], extent: extents[stage + 1], instructionSet: instructionSet)
          ] + [ConvolutionLayout](repeating: plain, count: count - 1)))
    }
    decode.append(
      part(
        "logits",
        [
          ConvolutionLayout(
            inputs: plan.features[0], outputs: plan.classes, kernel: Extent(repeating: 1), extent: extents[0],
            instructionSet: instructionSet)
        ]))

    self.encode = encode
    self.decode = decode
    let float = MemoryLayout<Float>.stride
    let maps = zip(plan.features, extents).map { $0 * $1.count * float }
    // Boxes of dense prompts have any size; a slice of one takes no more than one of the stage.
    let leastScratch = plan.prompts?.dense == nil ? 0 : ConvolutionLayout.mostScratch
    scratchCount = layouts.map(\.scratchCount).reduce(leastScratch, max)
    let largest = zip(plan.features, extents).dropLast().map { $0 * $1.count }.max() ?? 0
    promptCount = plan.prompts?.dense == nil ? 0 : largest
    promptMapCount = (plan.prompts?.denseMapCount ?? 0) * extents[0].count
    let evenMap = stride(from: 0, to: maps.count, by: 2).map { maps[$0] }.max() ?? 0
    let oddMap = stride(from: 1, to: maps.count, by: 2).map { maps[$0] }.max() ?? 0
    encodingBytes = maps.dropLast().reduce(0, +) + tokens * channels * float
    workspaceBytes = evenMap + oddMap + maps[deepest] + (scratchCount + promptCount + promptMapCount) * float
    let bottleneckParameters = plan.parameters.reduce(0) {
      $0 + ($1.name.hasPrefix("mamba_layer.") ? $1.shape.reduce(1, *) : 0)
    }
    parameterBytes = (layouts.reduce(0) { $0 + $1.weightCount } + bottleneckParameters) * float
    peakBytes =
      parameterBytes + encodingBytes + workspaceBytes + (plan.inputChannels + plan.classes) * patch.product * float
  }
}
