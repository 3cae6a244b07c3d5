import Volume

extension NetworkPlan {
  /// Why a network of this plan cannot be built, in a clause for an error message, or `nil` when it can.
  ///
  /// Every number is held to a range far beyond any published network, so that products of the plan's numbers cannot
  /// overflow; the patch must be a multiple of the total stride with more than one voxel left at the bottleneck
  /// (instance norm needs a deviation).
  public var problem: String? {
    countProblem ?? encoderProblem ?? patchProblem ?? mambaProblem ?? promptProblem
  }

  /// The product of all stages' strides.
  public var totalStride: Axes3<Int> {
    strides.reduce(Axes3(repeating: 1)) { total, stride in
      Axes3(total.axis0 * stride.axis0, total.axis1 * stride.axis1, total.axis2 * stride.axis2)
    }
  }

  private var countProblem: String? {
    let stages = features.count
    guard (2...12).contains(stages) else { return "it has \(stages) encoder stages, expected 2 to 12" }
    let counts = [
      ("kernels", kernels.count, stages), ("strides", strides.count, stages),
      ("block counts", blocksPerStage.count, stages),
      ("decoder convolution counts", decoderConvolutions.count, stages - 1),
    ]
    for (what, actual, expected) in counts where actual != expected {
      return "it has \(actual) \(what) for \(stages) stages, expected \(expected)"
    }
    return nil
  }

  private var encoderProblem: String? {
    let ranges: [(what: String, values: [Int], range: ClosedRange<Int>)] = [
      ("input channels", [inputChannels], 1...64),
      ("classes", [classes], 2...1024),
      ("features", features, 1...8192),
      ("kernel sizes", kernels.flatMap(\.array), 1...31),
      ("strides", strides.flatMap(\.array), 1...8),
      ("blocks of a stage", blocksPerStage, 1...64),
      ("convolutions of a decoder stage", decoderConvolutions, 1...64),
    ]
    if let problem = Self.rangeProblem(ranges) { return problem }
    if let even = kernels.flatMap(\.array).first(where: { $0 % 2 == 0 }) {
      return "a kernel size is \(even), expected an odd number"
    }
    if strides[0] != Axes3(repeating: 1) {
      return "the first stage has strides \(strides[0].array), expected [1, 1, 1]"
    }
    guard instanceNormEpsilon > 0, instanceNormEpsilon < 1 else {
      return "the instance norm's epsilon is \(instanceNormEpsilon), expected a number between 0 and 1"
    }
    guard leakySlope.isFinite, abs(leakySlope) <= 1 else {
      return "the leaky ReLU's slope is \(leakySlope), expected a number from -1 to 1"
    }
    return nil
  }

  private var patchProblem: String? {
    if let problem = Self.rangeProblem([("patch sizes", patch.array, 1...4096)]) { return problem }
    return Self.patchProblem(patch, totalStride: totalStride)
  }

  /// Why a network of this plan, which has no other problem, cannot take patches of a size, or `nil` when it can.
  ///
  /// - Parameter patch: The patch in voxels, each axis 1 to 4096.
  /// - Returns: A clause for an error message, or `nil`.
  public func problem(withPatch patch: Axes3<Int>) -> String? {
    var changed = self
    changed.patch = patch
    return changed.patchProblem
  }

  private static func patchProblem(_ patch: Axes3<Int>, totalStride: Axes3<Int>) -> String? {
    for axis in 0..<3 where patch[axis] % totalStride[axis] != 0 {
      return "the patch \(patch.array) is not a multiple of the total stride \(totalStride.array) along axis \(axis)"
    }
    if patch == totalStride {
      return "the patch \(patch.array) leaves a single voxel at the bottleneck, expected more"
    }
    return nil
  }

  private var mambaProblem: String? {
    let ranges: [(what: String, values: [Int], range: ClosedRange<Int>)] = [
      ("Mamba inner widths", [mamba.innerWidth], 1...65536),
      ("Mamba heads", [mamba.heads], 1...65536),
      ("Mamba state sizes", [mamba.stateSize], 1...65536),
      ("Mamba convolution widths", [mamba.convolutionWidth], 1...64),
    ]
    if let problem = Self.rangeProblem(ranges) { return problem }
    guard mamba.innerWidth % mamba.heads == 0 else {
      return "the Mamba inner width \(mamba.innerWidth) is not a multiple of its \(mamba.heads) heads"
    }
    return nil
  }

  private var promptProblem: String? {
    guard let prompts else { return nil }
    let ranges: [(what: String, values: [Int], range: ClosedRange<Int>)] = [
      ("click kinds", [prompts.clickKinds], 1...64),
      ("attention blocks", [prompts.attentionBlocks], 1...64),
      ("attention heads", [prompts.attentionHeads], 1...1024),
      ("MLP widths", [prompts.mlpWidth], 1...65536),
      ("attention widths", [prompts.selfAttentionWidth, prompts.crossAttentionWidth], 1...65536),
    ]
    if let problem = Self.rangeProblem(ranges) { return problem }
    for width in [prompts.selfAttentionWidth, prompts.crossAttentionWidth] where width % prompts.attentionHeads != 0 {
      return "an attention width of \(width) is not a multiple of its \(prompts.attentionHeads) heads"
    }
    if let sigmas = prompts.dense?.sigmasInVoxels {
      guard (1...8).contains(sigmas.count), sigmas.allSatisfy({ $0 > 0 && $0 <= 256 }) else {
        return "its dense prompts have the deviations \(sigmas), expected 1 to 8 numbers of voxels up to 256"
      }
      let most = DensePromptPlan.mostCells * Double(totalStride.array.reduce(0, max))
      if let sigma = sigmas.first(where: { $0 > most }) {
        return "its dense prompts have the deviation \(sigma), expected at most \(most), 8 cells of the bottleneck"
      }
    }
    let channels = features[features.count - 1]
    guard channels % 2 == 0 else {
      return "the bottleneck has \(channels) channels, expected an even number for the positional code"
    }
    return nil
  }

  private static func rangeProblem(_ ranges: [(what: String, values: [Int], range: ClosedRange<Int>)]) -> String? {
    for entry in ranges {
      if let value = entry.values.first(where: { !entry.range.contains($0) }) {
        return "one of its \(entry.what) is \(value), expected \(entry.range.lowerBound) to \(entry.range.upperBound)"
      }
    }
    return nil
  }
}
