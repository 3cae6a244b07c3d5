import Layers
import UMamba2
import Volume

/// Reads the architecture of a network from nnU-Net's plans and, where plans do not say, from its tensors' shapes.
struct NetworkDescription {
  private let configuration: PlanConfiguration
  private let parameters: any ParameterSource
  private let file: String

  /// Attention heads of the published network; they shape no tensor.
  private static let attentionHeads = 4
  /// Any of these tensors means a network with clicks, which then needs all of them.
  private static let promptTensors = [
    "mamba_layer.point_encoder.pe_layer.positional_encoding_gaussian_matrix",
    "mamba_layer.point_encoder.point_embeddings.0.weight", "mamba_layer.point_encoder.not_a_point_embed.weight",
    "mamba_layer.cross_attention.0.self_attn.q_proj.weight",
  ]

  /// Prepares to read an architecture.
  init(configuration: PlanConfiguration, parameters: any ParameterSource, file: String) {
    self.configuration = configuration
    self.parameters = parameters
    self.file = file
  }

  /// Returns the architecture; its `problem` is `nil`.
  ///
  /// - Parameters:
  ///   - inputChannels: Channels of the data set.
  ///   - classes: Classes of the data set, background included.
  /// - Returns: The plan.
  /// - Throws: `CheckpointError` when plans or tensors do not describe a U-Mamba2 that can be built.
  func plan(inputChannels: Int, classes: Int) throws -> NetworkPlan {
    let patch = try configuration.value("patch_size").axes()
    let architecture = try configuration.value("architecture")
    let plan =
      architecture.isMissing
      ? try flatPlan(inputChannels: inputChannels, classes: classes, patch: patch)
      : try nestedPlan(architecture, inputChannels: inputChannels, classes: classes, patch: patch)
    if let problem = plan.problem {
      throw CheckpointError.unsupported(
        file: file, what: "its plan cannot be built: \(problem)", advice: "use the checkpoint as nnU-Net saved it")
    }
    return plan
  }

  /// Plans since nnU-Net 2.3: `architecture.arch_kwargs`.
  private func nestedPlan(
    _ architecture: PlanValue, inputChannels: Int, classes: Int, patch: Axes3<Int>
  ) throws -> NetworkPlan {
    let values = try architecture.child("arch_kwargs")
    let features = try values.child("features_per_stage")
    let stageCount = try values.child("n_stages")
    let stages = try stageCount.isMissing ? features.elements()?.count ?? 0 : stageCount.integer()
    try check(stages: stages, stageCount)

    try check(values.child("conv_op"), contains: "Conv3d")
    try check(values.child("norm_op"), contains: "InstanceNorm3d")
    try check(values.child("nonlin"), contains: "LeakyReLU")
    let ownPatch = try values.child("patch_size")
    if !ownPatch.isMissing, try ownPatch.axes() != patch {
      throw ownPatch.unsupported(
        "the network was built for another patch than the configuration's \(patch.array)",
        advice: "make both patch sizes the same in the checkpoint's plans")
    }
    let blocks = try values.child("n_blocks_per_stage")
    let bias = try values.child("conv_bias")
    let epsilon = try option("eps", of: values.child("norm_op_kwargs")) ?? 1e-5
    let slope = try option("negative_slope", of: values.child("nonlin_kwargs")) ?? 0.01
    return try NetworkPlan(
      inputChannels: inputChannels, classes: classes, features: features.integers(count: stages),
      kernels: values.child("kernel_sizes").axes(stages: stages),
      strides: values.child("strides").axes(stages: stages),
      blocksPerStage: (blocks.isMissing ? values.child("n_conv_per_stage") : blocks).integers(count: stages),
      decoderConvolutions: values.child("n_conv_per_stage_decoder").integers(count: stages - 1), patch: patch,
      convolutionBias: bias.isMissing ? hasBias : bias.bool(), instanceNormEpsilon: Float(epsilon),
      leakySlope: Float(slope), mamba: mamba(), prompts: prompts())
  }

  /// Plans before nnU-Net 2.3: everything flat in the configuration.
  private func flatPlan(inputChannels: Int, classes: Int, patch: Axes3<Int>) throws -> NetworkPlan {
    let kernels = try configuration.value("conv_kernel_sizes")
    let stages = kernels.elements()?.count ?? 0
    try check(stages: stages, kernels)
    let base = try configuration.value("UNet_base_num_features").integer()
    let maximum = try configuration.value("unet_max_num_features").integer()
    var features: [Int] = []
    var width = base
    for _ in 0..<stages {
      features.append(min(width, maximum))
      width = min(width.multipliedReportingOverflow(by: 2).partialValue, maximum)
    }
    return try NetworkPlan(
      inputChannels: inputChannels, classes: classes, features: features, kernels: kernels.axes(stages: stages),
      strides: configuration.value("pool_op_kernel_sizes").axes(stages: stages),
      blocksPerStage: configuration.value("n_conv_per_stage_encoder").integers(count: stages),
      decoderConvolutions: configuration.value("n_conv_per_stage_decoder").integers(count: stages - 1), patch: patch,
      convolutionBias: hasBias, mamba: mamba(), prompts: prompts())
  }

  private var hasBias: Bool { parameters.shape(of: "encoder.stem.convs.0.conv.bias") != nil }

  private func check(stages: Int, _ value: PlanValue) throws {
    guard (2...12).contains(stages) else { throw value.invalid("2 to 12 stages", found: "\(stages)") }
  }

  private func check(_ value: PlanValue, contains expected: String) throws {
    guard !value.isMissing else { return }
    let text = try value.text()
    guard text.split(separator: ".").last.map(String.init) == expected else {
      throw value.unsupported(
        "\(printable(text)) is not supported, expected \(expected)", advice: "use a checkpoint of a U-Mamba2 network")
    }
  }

  private func option(_ key: String, of values: PlanValue) throws -> Double? {
    guard !values.isMissing else { return nil }
    let value = try values.child(key)
    return value.isMissing ? nil : try value.number()
  }

  /// The Mamba2 layer's numbers: E from the output projection, H from the step biases, N from the input projection's
  /// `2E + 2N + H` rows.
  private func mamba() throws -> NetworkPlan.MambaPlan {
    let prefix = "mamba_layer.mamba"
    let output = try shape("\(prefix).out_proj.weight", axes: 2)
    let heads = try shape("\(prefix).dt_bias", axes: 1)[0]
    let input = try shape("\(prefix).in_proj.weight", axes: 2)[0]
    let convolution = try shape("\(prefix).conv1d.weight", axes: 3)
    let inner = output[1]
    guard (1...65536).contains(inner), (1...65536).contains(heads), (1...(1 << 20)).contains(input),
      input > 2 * inner + heads, (input - 2 * inner - heads).isMultiple(of: 2)
    else {
      throw CheckpointError.invalidTensor(
        file: file, name: "\(prefix).in_proj.weight",
        problem: "its \(input) rows do not fit an inner width of \(inner) and \(heads) heads")
    }
    return NetworkPlan.MambaPlan(
      innerWidth: inner, heads: heads, stateSize: (input - 2 * inner - heads) / 2, convolutionWidth: convolution[2])
  }

  private func prompts() throws -> NetworkPlan.PromptPlan? {
    guard Self.promptTensors.contains(where: { parameters.shape(of: $0) != nil }) else { return nil }
    let block = "mamba_layer.cross_attention"
    let hidden = try shape("\(block).0.mlp.layers.0.weight", axes: 2)[0]
    let own = try shape("\(block).0.self_attn.q_proj.weight", axes: 2)[0]
    let cross = try shape("\(block).0.cross_attn_token_to_image.q_proj.weight", axes: 2)[0]
    return NetworkPlan.PromptPlan(
      clickKinds: count { "mamba_layer.point_encoder.point_embeddings.\($0).weight" },
      attentionBlocks: count { "\(block).\($0).self_attn.q_proj.weight" }, attentionHeads: Self.attentionHeads,
      mlpWidth: hidden, selfAttentionWidth: own, crossAttentionWidth: cross)
  }

  private func count(_ name: (Int) -> String) -> Int {
    (0...).prefix { parameters.shape(of: name($0)) != nil }.count
  }

  private func shape(_ name: String, axes: Int) throws -> [Int] {
    guard let shape = parameters.shape(of: name) else {
      let architecture = try? configuration.value("architecture").child("network_class_name").text()
      throw CheckpointError.unsupported(
        file: file,
        what: "tensor \"\(name)\" is missing; its network is \(printable(architecture ?? "unnamed")), not a U-Mamba2",
        advice: "give a checkpoint of UMambaBot2_CrossAttn_Click2 or UMambaBot2")
    }
    guard shape.count == axes else {
      throw CheckpointError.invalidTensor(
        file: file, name: name, problem: "it has \(shape.count) axes, expected \(axes)")
    }
    return shape
  }
}
