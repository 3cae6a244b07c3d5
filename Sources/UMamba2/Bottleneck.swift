import Layers
import Tensor
import Volume

/// The layer between encoder and decoder: LayerNorm and Mamba2 over the bottleneck's tokens, which no click changes,
/// then cross-attention between clicks and image.
final class Bottleneck {
  private let norm: LayerNorm
  private let mamba: Mamba2
  private let points: PointEncoder?
  private let blocks: [TwoWayBlock]
  private let imageCode: Tokens
  private let patch: Axes3<Int>
  private let extent: Extent
  private let channels: Int
  private let prompts: NetworkPlan.PromptPlan?
  private let promptWeights: [Float]?

  /// Reads the parameters.
  ///
  /// - Parameters:
  ///   - root: Holds `mamba_layer` with `norm`, `mamba` and, with clicks, `point_encoder` and `cross_attention`; and
  ///     the dense prompts' parameter where the plan has them.
  ///   - plan: The architecture.
  ///   - patch: The patch that a click's position is divided by.
  ///   - extent: The size of the bottleneck's grid.
  /// - Throws: The source's error.
  init(_ root: ParameterScope, plan: NetworkPlan, patch: Axes3<Int>, extent: Extent) throws {
    let scope = root["mamba_layer"]
    let channels = plan.features[plan.features.count - 1]
    prompts = plan.prompts
    promptWeights = try plan.prompts?.denseMapCount.map { maps in
      try root.values(DensePromptMaps.bottleneckParameter, [channels, maps, 1, 1, 1])
    }
    self.channels = channels
    self.patch = patch
    self.extent = extent
    norm = try LayerNorm(scope["norm"], width: channels)
    mamba = try Mamba2(
      scope["mamba"],
      sizes: Mamba2.Sizes(
        channels: channels, inner: plan.mamba.innerWidth, heads: plan.mamba.heads, states: plan.mamba.stateSize,
        taps: plan.mamba.convolutionWidth))
    guard let prompts = plan.prompts else {
      points = nil
      blocks = []
      imageCode = Tokens(count: 0, width: channels)
      return
    }
    let points = try PointEncoder(scope["point_encoder"], channels: channels, kinds: prompts.clickKinds)
    self.points = points
    imageCode = points.encode(grid: extent)
    blocks = try (0..<prompts.attentionBlocks).map { block in
      try TwoWayBlock(
        scope["cross_attention.\(block)"],
        sizes: TwoWayBlock.Sizes(
          channels: channels, heads: prompts.attentionHeads, hidden: prompts.mlpWidth,
          selfWidth: prompts.selfAttentionWidth, crossWidth: prompts.crossAttentionWidth), isFirst: block == 0)
    }
  }

  /// Runs LayerNorm and Mamba2.
  ///
  /// - Parameters:
  ///   - features: The encoder's last feature map, `[channels, tokens]`.
  ///   - taps: Keeps intermediate results.
  /// - Returns: `[tokens, channels]`.
  func encode(_ features: Features, taps: TapCollector?) -> Tokens {
    let normal = norm.forward(Tokens(channels: features.values, count: extent.count, width: channels))
    taps?.keep("mamba_layer_norm", shape: [normal.count, normal.width], values: normal.values)
    let output = mamba.forward(normal) { scanned in
      taps?.keep("mamba_ssd_y", shape: [scanned.count, scanned.width], values: scanned.values)
    }
    taps?.keep("mamba_out", shape: [output.count, output.width], values: output.values)
    return output
  }

  /// Lets the clicks change the tokens.
  ///
  /// - Parameters:
  ///   - tokens: What `encode` returned.
  ///   - prompts: The clicks.
  ///   - taps: Keeps intermediate results.
  /// - Returns: `[tokens, channels]`.
  /// - Throws: `NetworkError` for clicks that the network does not know.
  func decode(_ tokens: Tokens, prompts: [PointPrompt], taps: TapCollector?) throws -> Tokens {
    guard let points else {
      guard prompts.isEmpty else { throw NetworkError.noClicks(count: prompts.count) }
      return tokens
    }
    let clicks = try prompts.map { prompt in
      guard (-1..<points.kindCount).contains(prompt.kind) else {
        throw NetworkError.unknownClickKind(kind: prompt.kind, kinds: points.kindCount)
      }
      let position = (0..<3).map { (Double(prompt.voxel[$0]) + 0.5) / Double(patch[$0]) }
      return (position: position, kind: prompt.kind)
    }
    let clickCode = points.encode(clicks: clicks)
    taps?.keep("point_emb", shape: [clickCode.count, channels], values: clickCode.values)
    keepAsChannels("image_pe", imageCode, taps: taps)
    var queries = clickCode
    var keys = tokens
    for (index, block) in blocks.enumerated() {
      block.forward(clicks: &queries, clickCode: clickCode, image: &keys, imageCode: imageCode)
      taps?.keep("cross_attn\(index)_queries", shape: [queries.count, channels], values: queries.values)
      taps?.keep("cross_attn\(index)_keys", shape: [keys.count, channels], values: keys.values)
    }
    addDensePrompts(prompts, to: &keys)
    return keys
  }

  /// Adds the learned map of the dense prompts.
  private func addDensePrompts(_ clicks: [PointPrompt], to tokens: inout Tokens) {
    guard let prompts, let promptWeights else { return }
    let maps = DensePromptMaps(prompts: clicks, plan: prompts, patch: patch, size: Axes3(extent))
    for (index, cell) in maps.cells.enumerated() {
      for channel in 0..<channels {
        var sum: Float = 0
        for map in 0..<maps.mapCount {
          sum += promptWeights[channel * maps.mapCount + map] * maps.values[index * maps.mapCount + map]
        }
        tokens.values[Int(cell) * channels + channel] += sum
      }
    }
  }

  /// Keeps tokens as a feature map.
  private func keepAsChannels(_ name: String, _ tokens: Tokens, taps: TapCollector?) {
    guard let taps else { return }
    var values = [Float](repeating: 0, count: tokens.values.count)
    values.withUnsafeMutableBufferPointer { values in
      if let base = values.baseAddress { tokens.store(channels: base) }
    }
    taps.keep(name, shape: [tokens.width] + extent.array, values: values)
  }
}
