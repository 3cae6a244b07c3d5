import Checkpoint
import Volume

/// What turns grey values into network input: `(clamped value - shift) / scale`, in single precision.
struct IntensityMap: Sendable, Equatable {
  /// Smaller values become this one.
  var lower = -Float.infinity
  /// Larger values become this one.
  var upper = Float.infinity
  /// Subtracted.
  var shift: Float = 0
  /// Divides.
  var scale: Float = 1

  /// The smallest divisor, as nnU-Net has it.
  static let smallestScale = 1e-8

  /// Computes the map of one scan.
  ///
  /// - Parameters:
  ///   - normalization: The model's scheme.
  ///   - voxels: Gives the values of the cropped scan, for schemes that look at the scan itself.
  init(_ normalization: ModelMetadata.Normalization, voxels: () -> [Float]) {
    switch normalization {
    case .computedTomography(let mean, let deviation, let percentile005, let percentile995):
      lower = Float(percentile005)
      upper = Float(percentile995)
      shift = Float(mean)
      scale = Float(max(deviation, Self.smallestScale))
    case .zScore:
      let (mean, deviation) = Self.meanAndDeviation(of: voxels())
      shift = Float(mean)
      scale = Float(max(deviation, Self.smallestScale))
    case .scanPercentiles(let lowerPercent, let upperPercent):
      let values = VoxelStatistics.percentiles([lowerPercent, upperPercent], of: voxels())
      lower = values[0]
      upper = max(values[0], values[1])
      shift = Float((Double(values[0]) + Double(values[1])) / 2)
      scale = Float(max((Double(values[1]) - Double(values[0])) / 2, Self.smallestScale))
    case .none:
      break
    }
  }

  /// The grey value that becomes a value of the network's.
  func greyValue(of value: Float) -> Float { value * scale + shift }

  /// Maps a row of grey values.
  ///
  /// - Parameters:
  ///   - source: The first value.
  ///   - stride: From one value to the next.
  ///   - count: Number of values.
  ///   - destination: Receives them one after the other.
  func apply(_ source: UnsafePointer<Float>, stride: Int, count: Int, into destination: UnsafeMutablePointer<Float>) {
    let (lower, upper, shift, scale) = (lower, upper, shift, scale)
    if stride == 1 {
      for index in 0..<count {
        let value = source[index]
        destination[index] = ((value < lower ? lower : value > upper ? upper : value) - shift) / scale
      }
    } else {
      for index in 0..<count {
        let value = source[index &* stride]
        destination[index] = ((value < lower ? lower : value > upper ? upper : value) - shift) / scale
      }
    }
  }

  /// The mean and the standard deviation of the whole population, summed by pieces in double precision.
  private static func meanAndDeviation(of voxels: [Float]) -> (mean: Double, deviation: Double) {
    func mean(_ term: (Double) -> Double) -> Double {
      var sum = 0.0
      for start in stride(from: 0, to: voxels.count, by: 4096) {
        var part = 0.0
        for index in start..<min(start + 4096, voxels.count) { part += term(Double(voxels[index])) }
        sum += part
      }
      return sum / Double(max(1, voxels.count))
    }
    let center = mean { $0 }
    return (center, mean { ($0 - center) * ($0 - center) }.squareRoot())
  }
}
