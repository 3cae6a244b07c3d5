import COneDNN
import Volume

/// The shape of a convolution, by which it is kept.
struct ConvolutionShape: Hashable {
  /// Channels of the input.
  var inputChannels: Int
  /// Channels of the output.
  var outputChannels: Int
  /// Voxels of the input.
  var size: Axes3<Int>
  /// Taps.
  var kernel: Axes3<Int>
  /// From one output voxel to the next.
  var stride: Axes3<Int>
  /// Input channels of the array that the weights are a part of.
  var rowChannels: Int
  /// Whether the input is plain instead of blocked.
  var hasPlainInput = false

  /// Zeros before the first voxel: none for a kernel that is the stride of a transposed convolution.
  var padding: Axes3<Int> { kernel.map { $0 % 2 == 0 ? 0 : ($0 - 1) / 2 } }
}

/// A convolution of one shape: forward and both gradients.
final class Convolution {
  private let handle: OpaquePointer
  private let shape: ConvolutionShape

  /// Prepares a convolution.
  ///
  /// - Parameters:
  ///   - shape: Its shape.
  ///   - isTransposed: Whether it upsamples: then the kernel is not padded whatever its size.
  /// - Throws: `TrainingError.convolution` when oneDNN refuses.
  init(_ shape: ConvolutionShape, isTransposed: Bool) throws {
    let padding = isTransposed ? Axes3(repeating: 0) : shape.padding
    func triple(_ values: Axes3<Int>) -> (Int64, Int64, Int64) {
      (Int64(values.axis0), Int64(values.axis1), Int64(values.axis2))
    }
    var description = CanalisTrainingConvolutionShape(
      input_channels: Int64(shape.inputChannels), output_channels: Int64(shape.outputChannels),
      size: triple(shape.size), kernel: triple(shape.kernel), stride: triple(shape.stride), padding: triple(padding),
      weight_row_channels: Int64(shape.rowChannels), has_plain_input: shape.hasPlainInput ? 1 : 0)
    var status: Int32 = 0
    guard let handle = canalis_training_convolution_create(&description, &status) else {
      throw TrainingError.convolution(description: "\(shape)", status: status)
    }
    self.handle = handle
    self.shape = shape
  }

  deinit { canalis_training_convolution_destroy(handle) }

  /// Computes the output, or adds it to what is there.
  func forward(
    _ input: UnsafePointer<Float>, weights: UnsafePointer<Float>, into output: UnsafeMutablePointer<Float>,
    accumulates: Bool = false
  ) throws {
    try check(canalis_training_convolution_forward(handle, input, weights, output, accumulates ? 1 : 0))
  }

  /// Computes the gradient of the input from that of the output.
  func backwardInput(
    _ outputGradient: UnsafePointer<Float>, weights: UnsafePointer<Float>,
    into inputGradient: UnsafeMutablePointer<Float>
  ) throws {
    try check(canalis_training_convolution_backward_input(handle, outputGradient, weights, inputGradient))
  }

  /// Adds to the gradient of the weights.
  func backwardWeights(
    _ input: UnsafePointer<Float>, outputGradient: UnsafePointer<Float>,
    addingTo weightGradient: UnsafeMutablePointer<Float>
  ) throws {
    try check(canalis_training_convolution_backward_weights(handle, input, outputGradient, weightGradient))
  }

  private func check(_ status: Int32) throws {
    if status != 0 { throw TrainingError.convolution(description: "\(shape)", status: status) }
  }
}

/// Convolutions by shape, each prepared once.
final class ConvolutionCache {
  private struct Key: Hashable {
    let shape: ConvolutionShape
    let isTransposed: Bool
  }
  private var kept: [Key: Convolution] = [:]

  /// Returns the convolution of a shape.
  func convolution(_ shape: ConvolutionShape, isTransposed: Bool = false) throws -> Convolution {
    let key = Key(shape: shape, isTransposed: isTransposed)
    if let found = kept[key] { return found }
    let made = try Convolution(shape, isTransposed: isTransposed)
    kept[key] = made
    return made
  }
}
