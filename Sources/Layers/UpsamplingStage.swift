import Tensor

/// One stage of the decoder: upsample by a transposed convolution, concatenate the skip, convolve.
///
/// The first unit's convolution of the concatenation is the sum of two: of the upsampled map, done from the coarse grid
/// in one step with the transposed convolution, and of the skip, which depends on no click and is computed once for a
/// patch.
public final class UpsamplingStage {
  private let upsampled: Convolution
  private let skipped: Convolution
  private let norm: InstanceNorm
  private let rest: [ConvolutionUnit]
  private let slope: Float
  /// From the dense prompt maps of each kind of click, and last of all kinds, to what they add to the first convolution's
  /// result.
  private let prompted: [Convolution]

  /// Dense prompt maps in a box: those of one kind of click, or all.
  public struct PromptBox {
    /// The kind, or `nil` for all.
    public var kind: Int?
    /// The maps.
    public var maps: FeatureBox

    /// Creates a box.
    ///
    /// - Parameters:
    ///   - kind: The kind, or `nil` for all.
    ///   - maps: The maps.
    public init(kind: Int?, maps: FeatureBox) {
      self.kind = kind
      self.maps = maps
    }
  }

  /// Reads the parameters.
  ///
  /// - Parameters:
  ///   - upsampling: Holds the transposed convolution's `weight` and `bias`.
  ///   - units: Holds the units, `convs.0` and so on.
  ///   - inputs: Channels of the coarse grid.
  ///   - channels: Channels of the stage: of the skip, the upsampled map and the result.
  ///   - count: Units, at least 1.
  ///   - kernel: Odd sizes.
  ///   - factor: Upsampling factors.
  ///   - extent: The size of the coarse grid.
  ///   - style: Bias, epsilon, slope.
  ///   - promptWeights: `[channels, maps]`, from dense prompt maps, those of a kind of click together, to what is added to
  ///     the upsampled map; or `nil`.
  ///   - promptKinds: Kinds of click, at least 1, each with as many maps.
  /// - Throws: The source's error.
  public init(
    upsampling: ParameterScope, units: ParameterScope, inputs: Int, channels: Int, count: Int, kernel: Extent,
    factor: Extent, extent: Extent, style: UnitStyle, promptWeights: [Float]? = nil, promptKinds: Int = 1
  ) throws {
    let first = units["convs.0"]
    let weights = try first.values("conv.weight", [channels, 2 * channels] + kernel.array)
    let fine = extent.multiplied(by: factor)
    upsampled = try Convolution(
      weights: weights, weightInputs: 2 * channels,
      upsampling: upsampling.values("weight", [inputs, channels] + factor.array),
      upsamplingBias: style.hasBias ? upsampling.values("bias", [channels]) : nil, inputs: inputs, middle: channels,
      outputs: channels, kernel: kernel, factor: factor, extent: extent, instructionSet: style.instructionSet)
    skipped = try Convolution(
      weights: weights, bias: style.hasBias ? first.values("conv.bias", [channels]) : nil,
      weightInputs: 2 * channels, range: channels..<2 * channels, outputs: channels, kernel: kernel, extent: fine,
      instructionSet: style.instructionSet)
    norm = try InstanceNorm(first["norm"], channels: channels, epsilon: style.epsilon)
    rest = try (1..<max(count, 1)).map { index in
      try ConvolutionUnit(
        units["convs.\(index)"], inputs: channels, outputs: channels, kernel: kernel, extent: fine, style: style)
    }
    slope = style.slope
    guard let promptWeights else {
      prompted = []
      return
    }
    let maps = promptWeights.count / channels
    let composed = Self.compose(weights, with: promptWeights, channels: channels, maps: maps, taps: kernel.count)
    let mapsOfKind = maps / promptKinds
    let ranges = (0..<promptKinds).map { $0 * mapsOfKind..<($0 + 1) * mapsOfKind } + [0..<maps]
    prompted = try ranges.map { range in
      try Convolution(
        weights: composed, bias: nil, weightInputs: maps, range: range,
        outputs: channels, kernel: kernel, extent: fine, instructionSet: style.instructionSet)
    }
  }

  /// The first convolution of what the prompt maps add to its upsampled inputs, as one convolution of the maps.
  ///
  /// - Returns: `[channels, maps, kernel...]`.
  private static func compose(
    _ weights: [Float], with prompts: [Float], channels: Int, maps: Int, taps: Int
  ) -> [Float] {
    var composed = [Float](repeating: 0, count: channels * maps * taps)
    for output in 0..<channels {
      for map in 0..<maps {
        for tap in 0..<taps {
          var sum = 0.0
          for channel in 0..<channels {
            sum +=
              Double(weights[(output * 2 * channels + channel) * taps + tap])
              * Double(prompts[channel * maps + map])
          }
          composed[(output * maps + map) * taps + tap] = Float(sum)
        }
      }
    }
    return composed
  }

  /// Multiply-accumulates of the skip's half.
  public var skipMultiplyAccumulates: Int { skipped.layout.multiplyAccumulates }

  /// Multiply-accumulates of the rest.
  public var multiplyAccumulates: Int {
    rest.reduce(upsampled.layout.multiplyAccumulates) { $0 + $1.convolution.layout.multiplyAccumulates }
  }

  /// Floats of scratch memory that one run needs.
  public var scratchCount: Int {
    ([upsampled, skipped] + rest.map(\.convolution)).map(\.layout.scratchCount).max() ?? 0
  }

  /// Computes the skip's half of the first convolution, with its bias.
  ///
  /// - Parameters:
  ///   - skip: The encoder's feature map.
  ///   - destination: Receives the result; may hold the skip.
  ///   - scratch: Scratch memory.
  ///   - meter: Is told of the work.
  /// - Throws: What the meter throws.
  public func encodeSkip(
    _ skip: Features, into destination: FloatBuffer, scratch: FloatBuffer, meter: WorkMeter
  ) throws {
    _ = try meter.run(skipped.layout.multiplyAccumulates) { progress in
      try skipped.run(skip, into: destination.pointer, scratch: scratch, wantsSums: false, observer: progress)
    }
  }

  /// Computes the stage.
  ///
  /// - Parameters:
  ///   - coarse: The coarser stage's result.
  ///   - skipHalf: What `encodeSkip` stored.
  ///   - prompts: Dense prompt maps, zero outside these boxes and within the kernel's reach of their sides, except where
  ///     a side is the volume's.
  ///   - promptRoom: Holds what the prompts add, as far as it reaches.
  ///   - destination: Receives the convolutions' results.
  ///   - scratch: Scratch memory.
  ///   - meter: Is told of the work.
  /// - Returns: The result, norm and activation pending.
  /// - Throws: What the meter throws.
  public func forward(
    _ coarse: Features, skipHalf: FloatBuffer, prompts: [PromptBox] = [], promptRoom: FloatBuffer? = nil,
    into destination: FloatBuffer, scratch: FloatBuffer, meter: WorkMeter
  ) throws -> Features {
    var begin = 0
    let boxes = try prompts.map { prompt in
      let end = begin + upsampled.layout.outputs * prompt.maps.extent.count
      if let promptRoom, end <= promptRoom.count {
        defer { begin = end }
        return try spread(prompt, into: promptRoom, at: begin, scratch: scratch)
      }
      return try spread(prompt, into: FloatBuffer(count: end - begin), at: 0, scratch: scratch)
    }
    let sums = try meter.run(upsampled.layout.multiplyAccumulates) { progress in
      try upsampled.run(
        coarse, adding: skipHalf.pointer, boxes: boxes, into: destination.pointer, scratch: scratch, observer: progress)
    }
    var features = Features(
      values: destination.pointer, channels: upsampled.layout.outputs, extent: upsampled.layout.outputExtent,
      affine: norm.affine(sums: sums, count: upsampled.layout.outputExtent.count), slope: slope)
    for unit in rest { features = try unit.forward(features, into: destination, scratch: scratch, meter: meter) }
    return features
  }

  /// What a box of prompt maps adds to the first convolution's result.
  private func spread(
    _ prompt: PromptBox, into result: FloatBuffer, at offset: Int, scratch: FloatBuffer
  ) throws -> FeatureBox {
    let maps = prompt.maps
    let convolution = prompted[prompt.kind ?? prompted.count - 1].resized(to: maps.extent)
    let layout = convolution.layout
    let room = scratch.count >= layout.scratchCount ? scratch : try FloatBuffer(count: layout.scratchCount)
    _ = try convolution.run(
      Features(values: maps.values.pointer + maps.offset, channels: layout.inputs, extent: maps.extent),
      into: result.pointer + offset, scratch: room, wantsSums: false)
    return FeatureBox(origin: maps.origin, extent: maps.extent, values: result, offset: offset)
  }
}
