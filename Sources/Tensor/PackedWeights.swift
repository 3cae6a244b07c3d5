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
    let taps = geometry.positions[0].taps.map { kernel.offset(of: $0[0].kernel) }
    var values = [Double](repeating: 0, count: taps.count * outputs * range.count)
    weights.withUnsafeBufferPointer { weights in
      values.withUnsafeMutableBufferPointer { values in
        for (index, tap) in taps.enumerated() {
          for output in 0..<outputs {
            let source = (output * weightInputs + range.lowerBound) * kernel.count + tap
            let target = (index * outputs + output) * range.count
            for input in 0..<range.count {
              values[target + input] = Double(weights[source + input * kernel.count])
            }
          }
        }
      }
    }
    packed.store(values, position: 0, geometry: geometry, inputs: range.count, outputs: outputs)
    for (output, value) in (bias ?? []).enumerated() { packed.bias.pointer[output] = value }
    return packed
  }

  /// Stores what the taps of a position weigh, as its phases read it.
  ///
  /// - Parameters:
  ///   - values: `[tap of the position][output][input]`.
  ///   - position: The position.
  ///   - geometry: The taps.
  ///   - inputs: Input channels.
  ///   - outputs: Output channels.
  private func store(
    _ values: [Double], position: Int, geometry: ConvolutionGeometry, inputs: Int, outputs: Int
  ) {
    let tile = instructionSet.tileChannels
    let terms = geometry.phases.count / geometry.positions.count
    values.withUnsafeBufferPointer { values in
      for phaseIndex in position * terms..<(position + 1) * terms {
        let phase = geometry.phases[phaseIndex]
        for (tapIndex, tap) in phase.taps.enumerated() {
          let parts = tap.parts.filter { $0.factor != 0 }
          for output in 0..<outputs {
            let target =
              starts[phaseIndex] + (output / tile * inputs * phase.taps.count + tapIndex) * tile + output % tile
            for input in 0..<inputs {
              var sum = 0.0
              for part in parts { sum += part.factor * values[(part.index * outputs + output) * inputs + input] }
              self.values.pointer[target + input * phase.taps.count * tile] = Float(sum)
            }
          }
        }
      }
    }
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
    for (index, place) in geometry.positions.enumerated() {
      var sums = [Double](repeating: 0, count: place.taps.count * outputs * columns)
      for (tapIndex, contributions) in place.taps.enumerated() {
        for part in contributions {
          let at = kernel.offset(of: part.kernel)
          let position = factor.offset(of: part.position)
          fine.withUnsafeBufferPointer { fine in
            spread.withUnsafeBufferPointer { spread in
              sums.withUnsafeMutableBufferPointer { sums in
                guard let left = fine.baseAddress, let right = spread.baseAddress, let result = sums.baseAddress else {
                  return
                }
                MatrixProduct.add(
                  left + at * outputs * middle, right + position * middle * columns,
                  to: result + tapIndex * outputs * columns, rows: outputs, columns: columns, inner: middle)
              }
            }
          }
        }
      }
      packed.store(sums, position: index, geometry: geometry, inputs: columns, outputs: outputs)
    }
    return packed
  }
}
