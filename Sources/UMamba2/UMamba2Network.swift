import Layers
import Tensor
import Volume

/// The interactive U-Mamba2 (Tan et al., arXiv:2509.12069): a residual encoder, Mamba2 and cross-attention with clicks
/// at the bottleneck, a convolutional decoder with skips. Without prompts in its plan it is the network of the
/// multi-anatomy task.
///
/// `encode` computes what clicks cannot change, `decode` the rest. All memory of a pass is reserved when the network is
/// built, except for the encodings. One pass runs at a time; a pass that its observer ends leaves the network ready.
public final class UMamba2Network: PatchNetwork {
  /// The architecture.
  public let plan: NetworkPlan
  /// Voxels of the patches that this network takes.
  public let patch: Axes3<Int>
  /// What a pass costs.
  public let cost: ForwardCost
  /// Keeps intermediate results of the passes to come, for tests; `nil` for none.
  public var taps: TapCollector?
  /// What each stage of the last `encode` and of the last `decode` took.
  public private(set) var lastEncode: [WorkMeter.Stage] = []
  /// What each stage of the last `decode` took.
  public private(set) var lastDecode: [WorkMeter.Stage] = []

  /// Convolutions of the encoder with at most so many multiply-accumulates, which take about a millisecond, sum in double
  /// precision: the scan at the bottleneck magnifies the encoder's rounding errors.
  static let mostWorkInDouble = 1 << 26

  let extents: [Extent]
  /// The one that the weights are packed for.
  let instructionSet: InstructionSet
  private let stem: ConvolutionUnit
  private let stages: [[ResidualBlock]]
  private let bottleneck: Bottleneck
  /// Decoder stages by encoder stage, finest first.
  private let decoder: [UpsamplingStage]
  private let head: Convolution
  let pool: EncodingPool
  /// Results of convolutions, of even and of odd stages.
  private let inner: [FloatBuffer]
  private let deepest: FloatBuffer
  private let scratch: FloatBuffer
  /// Room for what dense prompts add to a stage.
  private let promptRoom: FloatBuffer?
  /// Room for a stage's dense prompt maps.
  private let promptMapRoom: FloatBuffer?

  /// Builds a network and reserves its memory.
  ///
  /// - Parameters:
  ///   - plan: The architecture.
  ///   - patch: Voxels of a patch, the plan's unless given; a multiple of the total stride.
  ///   - parameters: Where the weights come from.
  ///   - instructionSet: One that the processor has; others than the best are for tests.
  /// - Throws: `NetworkError.invalidPlan` for a plan or patch that cannot be built, the source's error for a missing or
  ///   misshapen parameter, `TensorError.outOfMemory`.
  public init(
    plan: NetworkPlan, patch: Axes3<Int>? = nil, parameters: any ParameterSource, instructionSet: InstructionSet = .best
  ) throws {
    let patch = patch ?? plan.patch
    cost = try ForwardCost(plan: plan, patch: patch, instructionSet: instructionSet)
    self.plan = plan
    self.patch = patch
    self.instructionSet = instructionSet
    let root = ParameterScope(parameters)
    let style = UnitStyle(
      hasBias: plan.convolutionBias, epsilon: plan.instanceNormEpsilon, slope: plan.leakySlope,
      instructionSet: instructionSet)
    var encoderStyle = style
    encoderStyle.mostWorkInDouble = Self.mostWorkInDouble
    let extents = plan.extents(patch: patch)
    self.extents = extents
    let kernels = plan.kernels.map { Extent($0) }
    let strides = plan.strides.map { Extent($0) }
    let deepestStage = plan.features.count - 1

    stem = try ConvolutionUnit(
      root["encoder.stem.convs.0"], inputs: plan.inputChannels, outputs: plan.features[0], kernel: kernels[0],
      extent: Extent(patch), style: encoderStyle)
    stages = try plan.features.indices.map { stage in
      try (0..<plan.blocksPerStage[stage]).map { block in
        let isFirst = block == 0
        return try ResidualBlock(
          root["encoder.stages.\(stage).blocks.\(block)"],
          inputs: isFirst ? plan.features[max(stage - 1, 0)] : plan.features[stage], outputs: plan.features[stage],
          kernel: kernels[stage], stride: isFirst ? strides[stage] : Extent(repeating: 1),
          extent: isFirst && stage > 0 ? extents[stage - 1] : extents[stage], style: encoderStyle)
      }
    }
    bottleneck = try Bottleneck(root, plan: plan, patch: patch, extent: extents[deepestStage])
    decoder = try (0..<deepestStage).map { stage in
      let index = deepestStage - 1 - stage
      let channels = plan.features[stage]
      return try UpsamplingStage(
        upsampling: root["decoder.transpconvs.\(index)"], units: root["decoder.stages.\(index)"],
        inputs: plan.features[stage + 1], channels: channels, count: plan.decoderConvolutions[index],
        kernel: kernels[stage], factor: strides[stage + 1], extent: extents[stage + 1], style: style,
        promptWeights: Self.promptWeights(root, plan: plan, index: index, patch: patch, extent: extents[stage]),
        promptKinds: plan.prompts?.clickKinds ?? 1)
    }
    let headScope = root["decoder.seg_layers.\(deepestStage - 1)"]
    head = try Convolution(
      weights: headScope.values("weight", [plan.classes, plan.features[0], 1, 1, 1]),
      bias: headScope.values("bias", [plan.classes]), weightInputs: plan.features[0], outputs: plan.classes,
      kernel: Extent(repeating: 1), extent: extents[0], instructionSet: instructionSet)

    let counts = zip(plan.features, extents).map { $0 * $1.count }
    pool = EncodingPool(counts: Array(counts.dropLast()))
    inner = try [0, 1].map { parity in
      try FloatBuffer(count: stride(from: parity, to: counts.count, by: 2).map { counts[$0] }.max() ?? 0)
    }
    deepest = try FloatBuffer(count: counts[deepestStage])
    scratch = try FloatBuffer(count: cost.scratchCount)
    promptRoom = try cost.promptCount == 0 ? nil : FloatBuffer(count: cost.promptCount)
    promptMapRoom = try cost.promptMapCount == 0 ? nil : FloatBuffer(count: cost.promptMapCount)
  }

  /// What a decoder stage adds for each map that its grid has: `[channels, maps]`, or `nil` for none.
  private static func promptWeights(
    _ root: ParameterScope, plan: NetworkPlan, index: Int, patch: Axes3<Int>, extent: Extent
  ) throws -> [Float]? {
    guard let prompts = plan.prompts, let dense = prompts.dense, let maps = prompts.denseMapCount else { return nil }
    let channels = plan.features[plan.features.count - 2 - index]
    let values = try root.values(DensePromptMaps.parameter(ofStage: index), [channels, maps, 1, 1, 1])
    let places = dense.deviations(ofCell: DensePromptMaps.longestSide(patch: patch, size: Axes3(extent)))
    if places.isEmpty { return nil }
    let deviations = dense.sigmasInVoxels.count
    return (0..<channels * prompts.clickKinds).flatMap { row in places.map { values[row * deviations + $0] } }
  }

  /// Bytes that one encoding holds on to.
  public var encodingByteCount: Int { cost.encodingBytes }

  /// Computes the click-independent half: encoder, Mamba2, and the skips' half of the decoder's first convolutions.
  ///
  /// - Parameters:
  ///   - image: `[channels, axis0, axis1, axis2]` of the patch, C order.
  ///   - observer: Called between pieces.
  /// - Returns: The encoding, to be decoded any number of times.
  /// - Throws: `NetworkError.wrongCount`, `TensorError.outOfMemory`, or what the observer throws.
  public func encode(image: UnsafeBufferPointer<Float>, observer: ForwardObserver) throws -> PatchEncoding {
    let expected = plan.inputChannels * patch.product
    guard image.count == expected, let base = image.baseAddress else {
      throw NetworkError.wrongCount(what: "the image", expected: expected, actual: image.count)
    }
    return try withMeter(cost.encodeMultiplyAccumulates, observer: observer) { meter in
      defer { lastEncode = meter.finished() }
      return try encode(
        Features(values: base, channels: plan.inputChannels, extent: Extent(patch)), meter: meter)
    }
  }

  /// Computes the logits from an encoding and clicks.
  ///
  /// - Parameters:
  ///   - encoding: What `encode` returned for the patch.
  ///   - prompts: The clicks; the not-a-point token is appended by the network.
  ///   - logits: Receives `[classes, axis0, axis1, axis2]`, C order.
  ///   - observer: Called between pieces.
  /// - Throws: `NetworkError` for a wrong size or an unknown click, or what the observer throws.
  public func decode(
    _ encoding: PatchEncoding, prompts: [PointPrompt], into logits: UnsafeMutableBufferPointer<Float>,
    observer: ForwardObserver
  ) throws {
    let expected = plan.classes * patch.product
    guard logits.count == expected, let base = logits.baseAddress else {
      throw NetworkError.wrongCount(what: "the room for logits", expected: expected, actual: logits.count)
    }
    try withMeter(cost.decodeMultiplyAccumulates, observer: observer) { meter in
      defer { lastDecode = meter.finished() }
      try decode(encoding, prompts: prompts, into: base, meter: meter)
    }
  }

  private func withMeter<Result>(
    _ total: Int, observer: ForwardObserver, _ body: (WorkMeter) throws -> Result
  ) throws -> Result {
    try withoutActuallyEscaping(observer) { observer in
      try body(
        WorkMeter(total: total) { stage, fraction in
          try observer(ForwardProgress(stage: stage, fraction: fraction))
        })
    }
  }

  private func encode(_ image: Features, meter: WorkMeter) throws -> PatchEncoding {
    let buffers = try pool.take()
    var isEncoded = false
    defer { if !isEncoded { pool.put(buffers) } }
    // The deepest map becomes tokens and is not part of the encoding.
    let maps = buffers + [deepest]
    try meter.begin("stem")
    var features = try stem.forward(image, into: maps[0], scratch: scratch, meter: meter)
    features.writeBack = maps[0].pointer
    features = tapped("enc_stem", features)
    for (stage, blocks) in stages.enumerated() {
      try meter.begin("encoder stage \(stage)")
      for block in blocks {
        features = try block.forward(
          features, inner: inner[stage % 2], residual: maps[stage], pooled: inner[(stage + 1) % 2],
          scratch: scratch, meter: meter)
      }
      features = tapped("enc_stage\(stage)", features)
    }
    try meter.begin("Mamba2")
    let tokens = try meter.run(cost.mambaMultiplyAccumulates) { _ in
      bottleneck.encode(features.finish(into: deepest.pointer), taps: taps)
    }
    for (stage, upsampling) in decoder.enumerated().reversed() {
      try meter.begin("skip \(stage)")
      let skip = Features(values: maps[stage].pointer, channels: plan.features[stage], extent: extents[stage])
      try upsampling.encodeSkip(skip, into: maps[stage], scratch: scratch, meter: meter)
    }
    isEncoded = true
    return PatchEncoding(skipHalves: buffers, tokens: tokens, pool: pool)
  }

  private func decode(
    _ encoding: PatchEncoding, prompts: [PointPrompt], into logits: UnsafeMutablePointer<Float>, meter: WorkMeter
  ) throws {
    try meter.begin("cross-attention")
    let tokens = try meter.run(cost.attentionMultiplyAccumulates) { _ in
      try bottleneck.decode(encoding.tokens, prompts: prompts, taps: taps)
    }
    tokens.store(channels: deepest.pointer)
    let last = plan.features.count - 1
    var features = Features(values: deepest.pointer, channels: plan.features[last], extent: extents[last])
    features = tapped("bottleneck_out", features)
    for (stage, upsampling) in decoder.enumerated().reversed() {
      try meter.begin("decoder stage \(stage)")
      let boxes = try plan.prompts.map { branch in
        try DensePromptMaps.boxes(
          prompts: prompts, plan: branch, patch: patch, size: Axes3(extents[stage]),
          margin: plan.kernels[stage].map { $0 / 2 }, room: promptMapRoom)
      }
      features = try upsampling.forward(
        features, skipHalf: encoding.skipHalves[stage], prompts: boxes ?? [], promptRoom: promptRoom,
        into: inner[stage % 2], scratch: scratch, meter: meter)
      features.writeBack = taps == nil ? nil : inner[stage % 2].pointer
      features = tapped("dec_stage\(last - 1 - stage)", features)
    }
    try meter.begin("logits")
    _ = try meter.run(head.layout.multiplyAccumulates) { progress in
      try head.run(features, into: logits, scratch: scratch, wantsSums: false, observer: progress)
    }
  }

  /// Finishes and keeps a feature map when taps are wanted; otherwise returns it as it is.
  private func tapped(_ name: String, _ features: Features) -> Features {
    guard let taps else { return features }
    var finished = features
    if let room = features.writeBack { finished = features.finish(into: room) }
    taps.keep(name, shape: [finished.channels] + finished.extent.array, values: finished.values)
    return finished
  }
}
