import Volume

/// What one patch costs a network, counted from its plan.
public struct NetworkWork: Sendable, Equatable {
  /// Multiply-accumulates of the click-independent half: encoder and Mamba2.
  public var encode: Int
  /// Multiply-accumulates of the rest: point encoder, cross-attention, decoder.
  public var decode: Int
  /// Bytes of every skip connection, the bottleneck's tokens included, in single precision.
  public var encodingBytes: Int
  /// Bytes of the largest single feature map in single precision.
  public var largestFeatureMapBytes: Int

  /// Multiply-accumulates of a whole forward pass.
  public var total: Int { encode + decode }
}

extension NetworkPlan {
  /// Counts the work of one patch. Convolutions and matrix products are counted; norms and activations are not.
  ///
  /// The plan must have no `problem`.
  ///
  /// - Parameter patch: Voxels of the patch, a multiple of the plan's total stride.
  /// - Returns: The counts; products of a valid plan's numbers do not overflow.
  public func work(patch: Axes3<Int>) -> NetworkWork {
    var size = patch
    var sizes: [Axes3<Int>] = []
    var encode = inputChannels * features[0] * kernels[0].product * patch.product
    for stage in features.indices {
      for axis in 0..<3 { size[axis] /= strides[stage][axis] }
      sizes.append(size)
      let input = stage == 0 ? features[0] : features[stage - 1]
      let channels = features[stage]
      let taps = kernels[stage].product
      var perVoxel = (input + channels) * channels * taps
      perVoxel += (blocksPerStage[stage] - 1) * 2 * channels * channels * taps
      if skipConvolves(stage: stage) { perVoxel += input * channels }
      encode += perVoxel * size.product
    }
    let tokens = size.product
    let channels = features[features.count - 1]
    let convolved = mamba.innerWidth + 2 * mamba.stateSize
    let mambaPerToken =
      channels * (mamba.innerWidth + convolved + mamba.heads) + convolved * mamba.convolutionWidth
      + 2 * mamba.innerWidth * mamba.stateSize + mamba.innerWidth * channels
    encode += tokens * mambaPerToken

    var decode = 0
    if let prompts {
      // Image tokens to keys, values and queries of both cross-attentions, and the output projection; click tokens are
      // few.
      decode += prompts.attentionBlocks * tokens * 4 * channels * prompts.crossAttentionWidth
    }
    for stage in decoderConvolutions.indices {
      let level = features.count - 2 - stage
      let channels = features[level]
      var perVoxel = features[level + 1] * channels
      perVoxel += (1 + decoderConvolutions[stage]) * channels * channels * kernels[level].product
      if level == 0 { perVoxel += channels * classes }
      decode += perVoxel * sizes[level].product
    }
    let maps = zip(features, sizes).map { $0 * $1.product * MemoryLayout<Float>.stride }
    return NetworkWork(
      encode: encode, decode: decode, encodingBytes: maps.reduce(0, +), largestFeatureMapBytes: maps.max() ?? 0)
  }
}
