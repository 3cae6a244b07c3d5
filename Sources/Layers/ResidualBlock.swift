import Tensor

/// The ResNet-D block: `LeakyReLU(IN(conv2(U1(x))) + skip(x))`, where `skip` averages over the stride's cells if there
/// is a stride, and then convolves (1x1x1, no bias) and normalizes if the number of channels changes.
public final class ResidualBlock {
  private let first: ConvolutionUnit
  private let second: ConvolutionUnit
  private let pooling: Extent?
  private let projection: ConvolutionUnit?
  private let slope: Float

  /// Reads a block's parameters.
  ///
  /// - Parameters:
  ///   - scope: Holds `conv1`, `conv2` and, if the number of channels changes, `skip`.
  ///   - inputs: Input channels.
  ///   - outputs: Output channels.
  ///   - kernel: Odd sizes.
  ///   - stride: The first convolution's stride, which divides `extent`.
  ///   - extent: The size of the input.
  ///   - style: Bias, epsilon, slope.
  /// - Throws: The source's error.
  public init(
    _ scope: ParameterScope, inputs: Int, outputs: Int, kernel: Extent, stride: Extent, extent: Extent,
    style: UnitStyle
  ) throws {
    let output = extent.divided(by: stride)
    let pools = stride != Extent(repeating: 1)
    first = try ConvolutionUnit(
      scope["conv1"], inputs: inputs, outputs: outputs, kernel: kernel, stride: stride, extent: extent, style: style)
    second = try ConvolutionUnit(
      scope["conv2"], inputs: outputs, outputs: outputs, kernel: kernel, extent: output, style: style,
      isActivated: false)
    pooling = pools ? stride : nil
    if inputs != outputs {
      var projectionStyle = style
      projectionStyle.hasBias = false
      // The pooling, where there is one, is entry 0 of the skip.
      projection = try ConvolutionUnit(
        scope["skip"][pools ? "1" : "0"], inputs: inputs, outputs: outputs, kernel: Extent(repeating: 1),
        extent: output, style: projectionStyle, isActivated: false)
    } else {
      projection = nil
    }
    slope = style.slope
  }

  /// Multiply-accumulates of one run.
  public var multiplyAccumulates: Int {
    convolutions.reduce(0) { $0 + $1.layout.multiplyAccumulates }
  }

  /// Floats of scratch memory that one run needs.
  public var scratchCount: Int { convolutions.map(\.layout.scratchCount).max() ?? 0 }

  private var convolutions: [Convolution] {
    [first.convolution, second.convolution] + (projection.map { [$0.convolution] } ?? [])
  }

  /// Computes the block.
  ///
  /// - Parameters:
  ///   - input: The input, which is finished on the way; it must say where to write back unless it is finished.
  ///   - inner: Receives the convolutions' results; may hold the input's values if the shapes are the same.
  ///   - residual: Receives the skip's result unless the skip is the identity.
  ///   - pooled: Room for the pooled input of a skip that pools and then convolves.
  ///   - scratch: Scratch memory.
  ///   - meter: Is told of the work.
  /// - Returns: The result, to be written back over the residual.
  /// - Throws: What the meter throws.
  public func forward(
    _ input: Features, inner: FloatBuffer, residual: FloatBuffer, pooled: FloatBuffer, scratch: FloatBuffer,
    meter: WorkMeter
  ) throws -> Features {
    precondition(input.isFinished || input.writeBack != nil, "the input of a block is read twice")
    let middle = try first.forward(input, into: inner, scratch: scratch, meter: meter)
    var skipped = input.writtenBack
    if let pooling {
      skipped = skipped.pool(cell: pooling, into: projection == nil ? residual.pointer : pooled.pointer)
    }
    if let projection { skipped = try projection.forward(skipped, into: residual, scratch: scratch, meter: meter) }
    var output = try second.forward(middle, into: inner, scratch: scratch, meter: meter)
    output.residual = skipped.values
    output.residualAffine = skipped.affine
    output.slope = slope
    output.writeBack = residual.pointer
    return output
  }
}
