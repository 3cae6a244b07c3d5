import Foundation
import Layers
import UMamba2
import Volume

/// The U-Mamba2 network on a tape: the same arithmetic as inference, keeping what going backward needs.
final class TrainableNetwork {
  /// The architecture.
  let plan: NetworkPlan
  /// The parameters with their gradients.
  let store: ParameterStore
  /// Arrays of a step.
  let pool = BufferPool()
  private let convolutions = ConvolutionCache()

  /// What `encode` leaves for `decode`.
  struct Encoding {
    /// Every stage's map but the last.
    let skips: [FeatureMap]
    /// Tokens of the bottleneck after the Mamba layer.
    let tokens: TokenRows
    /// Cells of the bottleneck.
    let size: Axes3<Int>
    /// Voxels of the patch.
    let patch: Axes3<Int>
  }

  /// Class scores at one resolution, plain `[classes, voxels]`.
  struct Scores {
    /// The scores; the loss replaces them by their gradient.
    let values: UnsafeMutablePointer<Float>
    /// Voxels.
    let size: Axes3<Int>
  }

  /// Creates a network whose parameters are all zero.
  ///
  /// - Parameter plan: An architecture without `problem`.
  init(plan: NetworkPlan) {
    self.plan = plan
    store = ParameterStore(plan: plan)
  }

  /// Starts a forward pass.
  ///
  /// - Parameter isRecording: Whether it will go backward.
  /// - Returns: An empty pass.
  func tape(isRecording: Bool) -> Tape {
    Tape(store: store, pool: pool, convolutions: convolutions, isRecording: isRecording)
  }

  // MARK: Forward

  /// Computes the click-independent half.
  ///
  /// - Parameters:
  ///   - image: `[channels, axis0, axis1, axis2]`, plain; must stay until the tape has gone backward.
  ///   - patch: Its voxels, a multiple of the plan's total stride.
  ///   - tape: The pass.
  /// - Returns: What `decode` needs.
  /// - Throws: `TrainingError.convolution` when oneDNN refuses.
  func encode(_ image: UnsafeMutablePointer<Float>, patch: Axes3<Int>, on tape: Tape) throws -> Encoding {
    let input = FeatureMap(channels: plan.inputChannels, size: patch, values: image, isPlain: true)
    var map = try unit(input, prefix: "encoder.stem.convs.0", kernel: plan.kernels[0], on: tape)
    var maps: [FeatureMap] = []
    for stage in plan.features.indices {
      for block in 0..<plan.blocksPerStage[stage] {
        map = try residualBlock(map, stage: stage, isFirst: block == 0, number: block, on: tape)
      }
      maps.append(map)
    }
    let bottleneck = maps.removeLast()
    let normalized = tape.layerNorm(tape.tokens(of: bottleneck), prefix: "mamba_layer.norm")
    let tokens = tape.mamba(normalized, plan: plan.mamba, prefix: "mamba_layer.mamba")
    return Encoding(skips: maps, tokens: tokens, size: bottleneck.size, patch: patch)
  }

  /// Computes class scores from an encoding and clicks.
  ///
  /// - Parameters:
  ///   - encoding: What `encode` left.
  ///   - prompts: The clicks, voxels of the patch.
  ///   - levels: Resolutions to score, 1 for the full one only; more for deep supervision.
  ///   - tape: The pass.
  /// - Returns: The scores, the full resolution first, then ever coarser ones.
  /// - Throws: `TrainingError.convolution` when oneDNN refuses.
  func decode(_ encoding: Encoding, prompts: [PointPrompt], levels: Int, on tape: Tape) throws -> [Scores] {
    var tokens = encoding.tokens
    if let promptPlan = plan.prompts {
      tokens = crossAttention(tokens, encoding: encoding, prompts: prompts, plan: promptPlan, on: tape)
    }
    var map = tape.map(of: tokens, size: encoding.size)
    addPrompts(prompts, DensePromptMaps.bottleneckParameter, to: map, patch: encoding.patch, on: tape)
    var scores: [Scores] = []
    let stages = plan.decoderConvolutions.count
    for stage in 0..<stages {
      let level = plan.features.count - 2 - stage
      map = try decoderStage(
        map, skip: encoding.skips[level], stage: stage, level: level, prompts: prompts,
        patch: encoding.patch, on: tape)
      if stages - stage <= levels {
        let head = tape.scores(map, prefix: "decoder.seg_layers.\(stage)", classes: plan.classes)
        scores.append(Scores(values: head, size: map.size))
      }
    }
    return scores.reversed()
  }

  private func decoderStage(
    _ input: FeatureMap, skip: FeatureMap, stage: Int, level: Int, prompts: [PointPrompt], patch: Axes3<Int>,
    on tape: Tape
  ) throws -> FeatureMap {
    let up = "decoder.transpconvs.\(stage)"
    var map = try tape.upsample(
      input, store.parameter("\(up).weight"), bias: plan.convolutionBias ? store.parameter("\(up).bias") : nil,
      stride: plan.strides[level + 1])
    addPrompts(prompts, DensePromptMaps.parameter(ofStage: stage), to: map, patch: patch, on: tape)
    for number in 0..<plan.decoderConvolutions[stage] {
      let prefix = "decoder.stages.\(stage).convs.\(number)"
      if number > 0 {
        map = try unit(map, prefix: prefix, kernel: plan.kernels[level], on: tape)
        continue
      }
      // The convolution of the concatenation is the sum of the convolutions of its parts.
      let weight = store.parameter("\(prefix).conv.weight")
      let first = try tape.convolve(map, weight, kernel: plan.kernels[level])
      let sum = try tape.convolve(
        skip, weight, firstChannel: map.channels, kernel: plan.kernels[level], addingTo: first)
      map = normalize(sum, prefix: "\(prefix).norm", on: tape)
    }
    return map
  }

  private func addPrompts(
    _ prompts: [PointPrompt], _ name: String, to map: FeatureMap, patch: Axes3<Int>, on tape: Tape
  ) {
    guard let promptPlan = plan.prompts, promptPlan.dense != nil else { return }
    let maps = DensePromptMaps(prompts: prompts, plan: promptPlan, patch: patch, size: map.size)
    tape.addPrompts(maps, store.parameter(name), to: map)
  }

  /// Convolution, instance norm, activation. The convolution's bias is left out: the norm takes it away again, and its
  /// gradient is zero.
  private func unit(
    _ input: FeatureMap, prefix: String, kernel: Axes3<Int>, stride: Axes3<Int> = Axes3(repeating: 1), on tape: Tape
  ) throws -> FeatureMap {
    let map = try tape.convolve(input, store.parameter("\(prefix).conv.weight"), kernel: kernel, stride: stride)
    return normalize(map, prefix: "\(prefix).norm", on: tape)
  }

  private func normalize(
    _ map: FeatureMap, prefix: String, residual: FeatureMap? = nil, isActivated: Bool = true, on tape: Tape
  ) -> FeatureMap {
    tape.normalize(
      map, prefix: prefix, residual: residual, epsilon: plan.instanceNormEpsilon,
      slope: isActivated ? plan.leakySlope : 1)
  }

  private func residualBlock(
    _ input: FeatureMap, stage: Int, isFirst: Bool, number: Int, on tape: Tape
  ) throws -> FeatureMap {
    let prefix = "encoder.stages.\(stage).blocks.\(number)"
    let stride = isFirst ? plan.strides[stage] : Axes3(repeating: 1)
    var skip = input
    if isFirst && plan.skipPools(stage: stage) { skip = tape.pool(skip, stride: stride) }
    if isFirst && plan.skipConvolves(stage: stage) {
      let name = "\(prefix).skip.\(plan.skipPools(stage: stage) ? 1 : 0)"
      let weight = store.parameter("\(name).conv.weight")
      skip = try tape.convolve(skip, weight, kernel: Axes3(repeating: 1))
      skip = normalize(skip, prefix: "\(name).norm", isActivated: false, on: tape)
    }
    let kernel = plan.kernels[stage]
    let map = try unit(input, prefix: "\(prefix).conv1", kernel: kernel, stride: stride, on: tape)
    let second = try tape.convolve(map, store.parameter("\(prefix).conv2.conv.weight"), kernel: kernel)
    return normalize(second, prefix: "\(prefix).conv2.norm", residual: skip, on: tape)
  }

  // MARK: Clicks

  private func crossAttention(
    _ image: TokenRows, encoding: Encoding, prompts: [PointPrompt], plan promptPlan: NetworkPlan.PromptPlan,
    on tape: Tape
  ) -> TokenRows {
    let code = imageCode(size: encoding.size, on: tape)
    let initial = clickTokens(prompts, patch: encoding.patch, plan: promptPlan, on: tape)
    let heads = promptPlan.attentionHeads
    var tokens = initial
    var image = image
    for block in 0..<promptPlan.attentionBlocks {
      let prefix = "mamba_layer.cross_attention.\(block)"
      if block == 0 {
        tokens = tape.attention(
          queries: tokens, keys: tokens, values: tokens, prefix: "\(prefix).self_attn", heads: heads)
      } else {
        let query = tape.add(tokens, initial)
        tokens = tape.add(
          tokens,
          tape.attention(queries: query, keys: query, values: tokens, prefix: "\(prefix).self_attn", heads: heads))
      }
      tokens = tape.layerNorm(tokens, prefix: "\(prefix).norm1")
      let query = tape.add(tokens, initial)
      let key = tape.add(image, code)
      let toImage = tape.attention(
        queries: query, keys: key, values: image, prefix: "\(prefix).cross_attn_token_to_image", heads: heads)
      tokens = tape.layerNorm(tape.add(tokens, toImage), prefix: "\(prefix).norm2")
      let mapped = tape.perceptron(tokens, prefix: "\(prefix).mlp")
      tokens = tape.layerNorm(tape.add(tokens, mapped), prefix: "\(prefix).norm3")
      let toTokens = tape.attention(
        queries: key, keys: tape.add(tokens, initial), values: tokens,
        prefix: "\(prefix).cross_attn_image_to_token", heads: heads)
      image = tape.layerNorm(tape.add(image, toTokens), prefix: "\(prefix).norm4")
    }
    return image
  }

  /// Positional code of a place in `[0, 1]³`: sines, then cosines.
  private func writeCode(_ place: [Double], into row: UnsafeMutablePointer<Float>) {
    let matrix = store.parameter("mamba_layer.point_encoder.pe_layer.positional_encoding_gaussian_matrix")
    let half = matrix.shape[1]
    let values = store.pointer(matrix)
    for index in 0..<half {
      var angle = 0.0
      for axis in 0..<3 { angle += (2 * place[axis] - 1) * Double(values[axis * half + index]) }
      row[index] = Float(sin(2 * Double.pi * angle))
      row[half + index] = Float(cos(2 * Double.pi * angle))
    }
  }

  private func imageCode(size: Axes3<Int>, on tape: Tape) -> TokenRows {
    let channels = plan.features[plan.features.count - 1]
    let code = tape.rows(size.product, channels)
    var row = 0
    for index0 in 0..<size.axis0 {
      for index1 in 0..<size.axis1 {
        for index2 in 0..<size.axis2 {
          let place = [
            (Double(index0) + 0.5) / Double(size.axis0), (Double(index1) + 0.5) / Double(size.axis1),
            (Double(index2) + 0.5) / Double(size.axis2),
          ]
          writeCode(place, into: code.values + row * channels)
          row += 1
        }
      }
    }
    return code
  }

  /// A token for each click, code plus embedding of its kind, and the not-a-point token last.
  private func clickTokens(
    _ prompts: [PointPrompt], patch: Axes3<Int>, plan promptPlan: NetworkPlan.PromptPlan, on tape: Tape
  ) -> TokenRows {
    let channels = plan.features[plan.features.count - 1]
    let prefix = "mamba_layer.point_encoder"
    let tokens = tape.rows(prompts.count + 1, channels)
    var embeddings: [Parameter] = []
    for (number, prompt) in prompts.enumerated() {
      let row = tokens.values + number * channels
      let isClick = (0..<promptPlan.clickKinds).contains(prompt.kind)
      if isClick {
        writeCode((0..<3).map { (Double(prompt.voxel[$0]) + 0.5) / Double(patch[$0]) }, into: row)
      } else {
        row.update(repeating: 0, count: channels)
      }
      embeddings.append(
        store.parameter(
          isClick ? "\(prefix).point_embeddings.\(prompt.kind).weight" : "\(prefix).not_a_point_embed.weight"))
    }
    embeddings.append(store.parameter("\(prefix).not_a_point_embed.weight"))
    (tokens.values + prompts.count * channels).update(repeating: 0, count: channels)
    for (number, embedding) in embeddings.enumerated() {
      let (row, values) = (tokens.values + number * channels, store.pointer(embedding))
      for index in 0..<channels { row[index] += values[index] }
    }
    tape.record { [unowned self] in
      guard let gradient = tokens.gradient else { return }
      for (number, embedding) in embeddings.enumerated() {
        let (row, sum) = (gradient + number * channels, self.store.gradient(embedding))
        for index in 0..<channels { sum[index] += row[index] }
      }
    }
    return tokens
  }
}
