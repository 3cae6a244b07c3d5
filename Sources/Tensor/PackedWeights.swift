import CKernels

/// A convolution's weights as its kernel function reads them, `[phase][tile][input channel][tap][channel of the tile]`,
/// for the instruction set in use when they were packed.
struct PackedWeights {
  let values: FloatBuffer
  let bias: FloatBuffer
  /// Where each phase begins.
  let starts: [Int]
  /// Tiles of output channels; the last is filled up with zeros.
  let tiles: Int
  let instructionSet: InstructionSet

  /// Reserves zeroed room.
  init(geometry: ConvolutionGeometry, inputs: Int, outputs: Int, instructionSet: InstructionSet) throws {
    self.instructionSet = instructionSet
    let tile = instructionSet.tileChannels
    tiles = (outputs + tile - 1) / tile
    var starts: [Int] = []
    var count = 0
    for phase in geometry.phases {
      starts.append(count)
      count += tiles * tile * inputs * phase.taps.count
    }
    self.starts = starts
    values = try FloatBuffer(count: count)
    bias = try FloatBuffer(count: tiles * tile)
  }

  /// Packs a convolution's weights.
  ///
  /// - Parameters:
  ///   - weights: `[outputs, weightInputs, kernel...]`.
  ///   - bias: One value an output, or `nil`.
  ///   - geometry: The convolution's taps.
  ///   - kernel: The kernel's size.
  ///   - weightInputs: Input channels of `weights`.
  ///   - range: The input channels to use.
  ///   - outputs: Output channels.
  ///   - instructionSet: One that the processor has.
  /// - Returns: The packed weights.
  /// - Throws: `TensorError.outOfMemory`.
  static func convolution(
    weights: [Float], bias: [Float]?, geometry: ConvolutionGeometry, kernel: Extent, weightInputs: Int,
    range: Range<Int>, outputs: Int, instructionSet: InstructionSet
  ) throws -> PackedWeights {
    let packed = try PackedWeights(
      geometry: geometry, inputs: range.count, outputs: outputs, instructionSet: instructionSet)
    let tile = packed.instructionSet.tileChannels
    let taps = geometry.phases[0].taps.map { tap in
      let kernelPosition = tap.contributions[0].kernel
      return (kernelPosition.depth * kernel.height + kernelPosition.height) * kernel.width + kernelPosition.width
    }
    weights.withUnsafeBufferPointer { weights in
      for output in 0..<outputs {
        for (position, input) in range.enumerated() {
          let source = (output * weightInputs + input) * kernel.count
          let target = ((output / tile * range.count + position) * taps.count) * tile + output % tile
          for (index, tap) in taps.enumerated() {
            packed.values.pointer[target + index * tile] = weights[source + tap]
          }
        }
      }
    }
    for (output, value) in (bias ?? []).enumerated() { packed.bias.pointer[output] = value }
    return packed
  }

  /// Combines a transposed convolution with the convolution of its output, in double precision. One input channel more
  /// than `inputs`, which is 1 inside the coarse grid and 0 outside, carries the transposed convolution's bias through
  /// the zeros around the fine grid.
  ///
  /// - Parameters:
  ///   - weights: `[outputs, weightInputs, kernel...]`; the first `middle` inputs are used.
  ///   - upsampling: `[inputs, middle, factor...]`.
  ///   - upsamplingBias: One value a middle channel, or `nil`.
  ///   - geometry: The combined taps.
  ///   - kernel: The kernel's size.
  ///   - weightInputs: Input channels of `weights`.
  ///   - middle: Channels between the two convolutions.
  ///   - inputs: Channels of the coarse grid.
  ///   - outputs: Output channels.
  ///   - instructionSet: One that the processor has.
  /// - Returns: The packed weights.
  /// - Throws: `TensorError.outOfMemory`.
  static func upsampling(
    weights: [Float], upsampling: [Float], upsamplingBias: [Float]?, geometry: ConvolutionGeometry, kernel: Extent,
    weightInputs: Int, middle: Int, inputs: Int, outputs: Int, instructionSet: InstructionSet
  ) throws -> PackedWeights {
    let columns = inputs + 1
    let packed = try PackedWeights(
      geometry: geometry, inputs: columns, outputs: outputs, instructionSet: instructionSet)
    let tile = packed.instructionSet.tileChannels
    let factor = geometry.factor
    // The kernel by tap as [outputs, middle], and the transposed convolution by position as [middle, inputs + 1].
    var fine = [Double](repeating: 0, count: kernel.count * outputs * middle)
    for output in 0..<outputs {
      for channel in 0..<middle {
        for tap in 0..<kernel.count {
          fine[(tap * outputs + output) * middle + channel] =
            Double(weights[(output * weightInputs + channel) * kernel.count + tap])
        }
      }
    }
    var spread = [Double](repeating: 0, count: factor.count * middle * columns)
    for position in 0..<factor.count {
      for channel in 0..<middle {
        let row = (position * middle + channel) * columns
        for input in 0..<inputs {
          spread[row + input] = Double(upsampling[(input * middle + channel) * factor.count + position])
        }
        spread[row + inputs] = upsamplingBias.map { Double($0[channel]) } ?? 0
      }
    }
    var sum = [Double](repeating: 0, count: outputs * columns)
    for (phaseIndex, phase) in geometry.phases.enumerated() {
      for (tapIndex, tap) in phase.taps.enumerated() {
        for index in sum.indices { sum[index] = 0 }
        for part in tap.contributions {
          let at = (part.kernel.depth * kernel.height + part.kernel.height) * kernel.width + part.kernel.width
          let position =
            (part.position.depth * factor.height + part.position.height) * factor.width
            + part.position.width
          fine.withUnsafeBufferPointer { fine in
            spread.withUnsafeBufferPointer { spread in
              sum.withUnsafeMutableBufferPointer { sum in
                guard let left = fine.baseAddress, let right = spread.baseAddress, let result = sum.baseAddress else {
                  return
                }
                MatrixProduct.add(
                  left + at * outputs * middle, right + position * middle * columns, to: result, rows: outputs,
                  columns: columns, inner: middle)
              }
            }
          }
        }
        for output in 0..<outputs {
          for input in 0..<columns {
            let target = ((output / tile * columns + input) * phase.taps.count + tapIndex) * tile + output % tile
            packed.values.pointer[packed.starts[phaseIndex] + target] = Float(sum[output * columns + input])
          }
        }
      }
    }
    return packed
  }
}
