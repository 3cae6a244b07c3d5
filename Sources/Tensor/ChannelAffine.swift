/// A scale and a shift for each channel, in double precision: an instance norm whose statistics are known.
public final class ChannelAffine {
  let scale: UnsafeMutablePointer<Double>
  let shift: UnsafeMutablePointer<Double>

  /// Turns sums over a volume into the affine map that normalizes it.
  ///
  /// - Parameters:
  ///   - sums: For each part of the volume and each channel the sum and the sum of squares, in double precision.
  ///   - channels: Number of channels.
  ///   - count: Values of a channel.
  ///   - gain: The norm's weight, one a channel.
  ///   - offset: The norm's bias, one a channel.
  ///   - epsilon: Is added to the variance.
  public init(
    sums: [Double], channels: Int, count: Int, gain: [Float], offset: [Float], epsilon: Float
  ) {
    scale = .allocate(capacity: channels)
    shift = .allocate(capacity: channels)
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
      scale[channel] = factor
      shift[channel] = Double(offset[channel]) - mean * factor
    }
  }

  deinit {
    scale.deallocate()
    shift.deallocate()
  }
}
