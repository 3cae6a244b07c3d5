import Tensor

/// What all units of a network share.
public struct UnitStyle: Sendable {
  /// Whether convolutions have a bias.
  public var hasBias: Bool
  /// Epsilon of the instance norms.
  public var epsilon: Float
  /// Negative slope of the leaky ReLU.
  public var slope: Float
  /// The instruction set that runs the convolutions.
  public var instructionSet: InstructionSet
  /// A unit's convolution of at most so many multiply-accumulates sums its products in double precision.
  public var mostWorkInDouble: Int

  /// Creates a style.
  public init(
    hasBias: Bool, epsilon: Float, slope: Float, instructionSet: InstructionSet = .best, mostWorkInDouble: Int = 0
  ) {
    self.instructionSet = instructionSet
    self.mostWorkInDouble = mostWorkInDouble
    self.hasBias = hasBias
    self.epsilon = epsilon
    self.slope = slope
  }
}

/// An instance norm's parameters: a gain and an offset for each channel.
public struct InstanceNorm {
  private let gain: [Float]
  private let offset: [Float]
  private let epsilon: Float

  /// Reads the parameters.
  ///
  /// - Parameters:
  ///   - scope: Holds `weight` and `bias`.
  ///   - channels: Number of channels.
  ///   - epsilon: Is added to the variance.
  /// - Throws: The source's error.
  public init(_ scope: ParameterScope, channels: Int, epsilon: Float) throws {
    gain = try scope.values("weight", [channels])
    offset = try scope.values("bias", [channels])
    self.epsilon = epsilon
  }

  /// The affine map that normalizes a feature map.
  ///
  /// - Parameters:
  ///   - sums: What the convolution that made the map returned.
  ///   - count: Voxels of a channel.
  /// - Returns: The map.
  public func affine(sums: [Double], count: Int) -> ChannelAffine {
    ChannelAffine(sums: sums, channels: gain.count, count: count, gain: gain, offset: offset, epsilon: epsilon)
  }
}

/// `LeakyReLU(InstanceNorm(Conv3d(x)))`, the network's unit. The norm and the activation are left to the reader of the
/// result.
public final class ConvolutionUnit {
  /// The convolution.
  public let convolution: Convolution
  private let norm: InstanceNorm
  private let slope: Float

  /// Reads a unit's parameters.
  ///
  /// - Parameters:
  ///   - scope: Holds `conv` and `norm`.
  ///   - inputs: Input channels.
  ///   - outputs: Output channels.
  ///   - kernel: Odd sizes.
  ///   - stride: Divides `extent`.
  ///   - extent: The size of the input.
  ///   - style: Bias, epsilon, slope.
  ///   - isActivated: Whether the leaky ReLU follows.
  /// - Throws: The source's error.
  public init(
    _ scope: ParameterScope, inputs: Int, outputs: Int, kernel: Extent, stride: Extent = Extent(repeating: 1),
    extent: Extent, style: UnitStyle, isActivated: Bool = true
  ) throws {
    convolution = try Convolution(
      weights: scope.values("conv.weight", [outputs, inputs] + kernel.array),
      bias: style.hasBias ? scope.values("conv.bias", [outputs]) : nil, weightInputs: inputs, outputs: outputs,
      kernel: kernel, stride: stride, extent: extent, instructionSet: style.instructionSet,
      mostWorkInDouble: style.mostWorkInDouble)
    norm = try InstanceNorm(scope["norm"], channels: outputs, epsilon: style.epsilon)
    slope = isActivated ? style.slope : 1
  }

  /// Computes the unit.
  ///
  /// - Parameters:
  ///   - source: The input.
  ///   - destination: Receives the convolution's result.
  ///   - scratch: Scratch memory of the convolution.
  ///   - meter: Is told of the work.
  /// - Returns: The result, norm and activation pending.
  /// - Throws: What the meter throws.
  public func forward(
    _ source: Features, into destination: FloatBuffer, scratch: FloatBuffer, meter: WorkMeter
  ) throws -> Features {
    let sums = try meter.run(convolution.layout.multiplyAccumulates) { progress in
      try convolution.run(source, into: destination.pointer, scratch: scratch, observer: progress)
    }
    return Features(
      values: destination.pointer, channels: convolution.layout.outputs, extent: convolution.layout.outputExtent,
      affine: norm.affine(sums: sums, count: convolution.layout.outputExtent.count), slope: slope)
  }
}
