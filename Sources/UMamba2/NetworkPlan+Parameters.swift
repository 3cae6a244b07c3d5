import Volume

/// A parameter that a network of some plan has.
public struct ParameterRequirement: Sendable, Hashable {
  /// The parameter's name in the checkpoint, without aliases.
  public var name: String
  /// The shape that the plan gives it.
  public var shape: [Int]
  /// Whether inference needs it: the heads of deep supervision are for training only.
  public var isNeededForInference: Bool

  /// Creates a requirement.
  public init(name: String, shape: [Int], isNeededForInference: Bool = true) {
    self.name = name
    self.shape = shape
    self.isNeededForInference = isNeededForInference
  }
}

extension NetworkPlan {
  /// Every parameter of a network of this plan, in the order of the forward pass: canonical names (no `all_modules`, no
  /// `decoder.encoder`) with their shapes.
  ///
  /// The plan must have no `problem`.
  public var parameters: [ParameterRequirement] {
    encoderParameters + mambaParameters + promptParameters + decoderParameters
  }

  /// Whether a stage's first block changes its number of channels, so that its skip has a convolution.
  ///
  /// - Parameter stage: The encoder stage, from 0.
  /// - Returns: `true` when the skip convolves.
  public func skipConvolves(stage: Int) -> Bool {
    (stage == 0 ? features[0] : features[stage - 1]) != features[stage]
  }

  /// Whether a stage's first block changes its resolution, so that its skip begins with a pooling.
  ///
  /// - Parameter stage: The encoder stage, from 0.
  /// - Returns: `true` when the skip pools.
  public func skipPools(stage: Int) -> Bool {
    strides[stage] != Axes3(repeating: 1)
  }

  private var encoderParameters: [ParameterRequirement] {
    var list = unit("encoder.stem.convs.0", from: inputChannels, to: features[0], kernel: kernels[0])
    for stage in features.indices {
      let channels = features[stage]
      for block in 0..<blocksPerStage[stage] {
        let prefix = "encoder.stages.\(stage).blocks.\(block)"
        let input = block > 0 || stage == 0 ? channels : features[stage - 1]
        list += unit("\(prefix).conv1", from: input, to: channels, kernel: kernels[stage])
        list += unit("\(prefix).conv2", from: channels, to: channels, kernel: kernels[stage])
        if block == 0 && skipConvolves(stage: stage) {
          let skip = "\(prefix).skip.\(skipPools(stage: stage) ? 1 : 0)"
          list.append(ParameterRequirement(name: "\(skip).conv.weight", shape: [channels, input, 1, 1, 1]))
          list += norm("\(skip).norm", channels)
        }
      }
    }
    return list
  }

  private var mambaParameters: [ParameterRequirement] {
    let channels = features[features.count - 1]
    let convolved = mamba.innerWidth + 2 * mamba.stateSize
    let prefix = "mamba_layer.mamba"
    return norm("mamba_layer.norm", channels) + [
      ParameterRequirement(
        name: "\(prefix).in_proj.weight", shape: [mamba.innerWidth + convolved + mamba.heads, channels]),
      ParameterRequirement(name: "\(prefix).conv1d.weight", shape: [convolved, 1, mamba.convolutionWidth]),
      ParameterRequirement(name: "\(prefix).conv1d.bias", shape: [convolved]),
      ParameterRequirement(name: "\(prefix).dt_bias", shape: [mamba.heads]),
      ParameterRequirement(name: "\(prefix).A_log", shape: [mamba.heads]),
      ParameterRequirement(name: "\(prefix).D", shape: [mamba.heads]),
      ParameterRequirement(name: "\(prefix).norm.weight", shape: [mamba.innerWidth]),
      ParameterRequirement(name: "\(prefix).out_proj.weight", shape: [channels, mamba.innerWidth]),
    ]
  }

  private var promptParameters: [ParameterRequirement] {
    guard let prompts else { return [] }
    let channels = features[features.count - 1]
    let points = "mamba_layer.point_encoder"
    var list = [
      ParameterRequirement(name: "\(points).pe_layer.positional_encoding_gaussian_matrix", shape: [3, channels / 2])
    ]
    for kind in 0..<prompts.clickKinds {
      list.append(ParameterRequirement(name: "\(points).point_embeddings.\(kind).weight", shape: [1, channels]))
    }
    list.append(ParameterRequirement(name: "\(points).not_a_point_embed.weight", shape: [1, channels]))
    for block in 0..<prompts.attentionBlocks {
      let prefix = "mamba_layer.cross_attention.\(block)"
      let cross = prompts.crossAttentionWidth
      list += attention("\(prefix).self_attn", channels: channels, width: prompts.selfAttentionWidth)
      list += norm("\(prefix).norm1", channels)
      list += attention("\(prefix).cross_attn_token_to_image", channels: channels, width: cross)
      list += norm("\(prefix).norm2", channels)
      list += linear("\(prefix).mlp.layers.0", from: channels, to: prompts.mlpWidth)
      list += linear("\(prefix).mlp.layers.1", from: prompts.mlpWidth, to: channels)
      list += norm("\(prefix).norm3", channels)
      list += norm("\(prefix).norm4", channels)
      list += attention("\(prefix).cross_attn_image_to_token", channels: channels, width: cross)
    }
    if let maps = prompts.denseMapCount {
      list.append(
        ParameterRequirement(name: DensePromptMaps.bottleneckParameter, shape: [channels, maps, 1, 1, 1]))
    }
    return list
  }

  private var decoderParameters: [ParameterRequirement] {
    var list: [ParameterRequirement] = []
    for stage in decoderConvolutions.indices {
      let level = features.count - 2 - stage
      let channels = features[level]
      let stride = strides[level + 1]
      let up = "decoder.transpconvs.\(stage)"
      list.append(
        ParameterRequirement(name: "\(up).weight", shape: [features[level + 1], channels] + stride.array))
      if convolutionBias { list.append(ParameterRequirement(name: "\(up).bias", shape: [channels])) }
      if let maps = prompts?.denseMapCount {
        list.append(
          ParameterRequirement(name: DensePromptMaps.parameter(ofStage: stage), shape: [channels, maps, 1, 1, 1]))
      }
      for convolution in 0..<decoderConvolutions[stage] {
        list += unit(
          "decoder.stages.\(stage).convs.\(convolution)", from: convolution == 0 ? 2 * channels : channels,
          to: channels, kernel: kernels[level])
      }
      let head = "decoder.seg_layers.\(stage)"
      let isNeeded = level == 0
      list.append(
        ParameterRequirement(
          name: "\(head).weight", shape: [classes, channels, 1, 1, 1], isNeededForInference: isNeeded))
      list.append(ParameterRequirement(name: "\(head).bias", shape: [classes], isNeededForInference: isNeeded))
    }
    return list
  }

  private func unit(_ prefix: String, from input: Int, to output: Int, kernel: Axes3<Int>) -> [ParameterRequirement] {
    var list = [ParameterRequirement(name: "\(prefix).conv.weight", shape: [output, input] + kernel.array)]
    if convolutionBias { list.append(ParameterRequirement(name: "\(prefix).conv.bias", shape: [output])) }
    return list + norm("\(prefix).norm", output)
  }

  private func norm(_ prefix: String, _ channels: Int) -> [ParameterRequirement] {
    [
      ParameterRequirement(name: "\(prefix).weight", shape: [channels]),
      ParameterRequirement(name: "\(prefix).bias", shape: [channels]),
    ]
  }

  private func linear(_ prefix: String, from input: Int, to output: Int) -> [ParameterRequirement] {
    [
      ParameterRequirement(name: "\(prefix).weight", shape: [output, input]),
      ParameterRequirement(name: "\(prefix).bias", shape: [output]),
    ]
  }

  private func attention(_ prefix: String, channels: Int, width: Int) -> [ParameterRequirement] {
    ["q_proj", "k_proj", "v_proj"].flatMap { linear("\(prefix).\($0)", from: channels, to: width) }
      + linear("\(prefix).out_proj", from: width, to: channels)
  }
}
