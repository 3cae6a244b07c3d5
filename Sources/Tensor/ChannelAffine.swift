/// A scale and a shift for each channel: an instance norm whose statistics are known.
public struct ChannelAffine {
  let scale: FloatBuffer
  let shift: FloatBuffer

  /// Turns sums over a volume into the affine map that normalizes it.
  ///
  /// - Parameters:
  ///   - sums: For each slice and channel the sum and the sum of squares, in double precision.
  ///   - channels: Number of channels.
  ///   - count: Values of a channel.
  ///   - gain: The norm's weight, one a channel.
  ///   - offset: The norm's bias, one a channel.
  ///   - epsilon: Is added to the variance.
  /// - Throws: `TensorError.outOfMemory` when the system refuses memory.
  public init(
    sums: [Double], channels: Int, count: Int, gain: [Float], offset: [Float], epsilon: Float
  ) throws {
    scale = try FloatBuffer(count: channels)
    shift = try FloatBuffer(count: channels)
    let slices = sums.count / (2 * channels)
    for channel in 0..<channels {
      var sum = 0.0
      var squares = 0.0
      for slice in 0..<slices {
        sum += sums[(slice * channels + channel) * 2]
        squares += sums[(slice * channels + channel) * 2 + 1]
      }
      let mean = sum / Double(count)
      let variance = max(0, squares / Double(count) - mean * mean)
      let factor = Double(gain[channel]) / (variance + Double(epsilon)).squareRoot()
      scale.pointer[channel] = Float(factor)
      shift.pointer[channel] = Float(Double(offset[channel]) - mean * factor)
    }
  }
}
