import Tensor

/// Plain convolutions in double precision, written for reading.
enum Oracle {
  /// A feature map `[channels, depth, height, width]`.
  struct Map: Equatable {
    var channels: Int
    var extent: Extent
    var values: [Double]

    init(channels: Int, extent: Extent, values: [Double]? = nil) {
      self.channels = channels
      self.extent = extent
      self.values = values ?? [Double](repeating: 0, count: channels * extent.count)
    }

    /// The position of a voxel, or `nil` outside.
    func position(_ channel: Int, _ depth: Int, _ height: Int, _ width: Int) -> Int? {
      guard (0..<extent.depth).contains(depth), (0..<extent.height).contains(height),
        (0..<extent.width).contains(width)
      else { return nil }
      return ((channel * extent.depth + depth) * extent.height + height) * extent.width + width
    }

    /// Calls a function with every voxel.
    func forEachVoxel(_ body: (Int, Int, Int) -> Void) {
      for depth in 0..<extent.depth {
        for height in 0..<extent.height {
          for width in 0..<extent.width { body(depth, height, width) }
        }
      }
    }
  }

  /// A convolution with padding `(kernel - 1) / 2`.
  static func convolve(
    _ input: Map, weights: [Float], bias: [Float]?, outputs: Int, kernel: Extent, stride: Extent
  ) -> Map {
    var output = Map(channels: outputs, extent: input.extent.divided(by: stride))
    for channel in 0..<outputs {
      output.forEachVoxel { depth, height, width in
        var sum = bias.map { Double($0[channel]) } ?? 0
        for source in 0..<input.channels {
          for d in 0..<kernel.depth {
            for h in 0..<kernel.height {
              for w in 0..<kernel.width {
                let tap = ((d * kernel.height) + h) * kernel.width + w
                if let at = input.position(
                  source, depth * stride.depth + d - kernel.depth / 2, height * stride.height + h - kernel.height / 2,
                  width * stride.width + w - kernel.width / 2)
                {
                  sum += input.values[at] * Double(weights[(channel * input.channels + source) * kernel.count + tap])
                }
              }
            }
          }
        }
        if let at = output.position(channel, depth, height, width) { output.values[at] = sum }
      }
    }
    return output
  }

  /// A transposed convolution whose kernel is its stride; weights `[inputs, outputs, factor...]`.
  static func upsample(_ input: Map, weights: [Float], bias: [Float]?, outputs: Int, factor: Extent) -> Map {
    var output = Map(channels: outputs, extent: input.extent.multiplied(by: factor))
    for channel in 0..<outputs {
      output.forEachVoxel { depth, height, width in
        let tap =
          (depth % factor.depth * factor.height + height % factor.height) * factor.width + width % factor.width
        var sum = bias.map { Double($0[channel]) } ?? 0
        for source in 0..<input.channels {
          if let at = input.position(source, depth / factor.depth, height / factor.height, width / factor.width) {
            sum += input.values[at] * Double(weights[(source * outputs + channel) * factor.count + tap])
          }
        }
        if let at = output.position(channel, depth, height, width) { output.values[at] = sum }
      }
    }
    return output
  }

  /// The mean of each cell.
  static func pool(_ input: Map, cell: Extent) -> Map {
    var output = Map(channels: input.channels, extent: input.extent.divided(by: cell))
    for channel in 0..<input.channels {
      output.forEachVoxel { depth, height, width in
        var sum = 0.0
        for d in 0..<cell.depth {
          for h in 0..<cell.height {
            for w in 0..<cell.width {
              if let at = input.position(
                channel, depth * cell.depth + d, height * cell.height + h, width * cell.width + w)
              {
                sum += input.values[at]
              }
            }
          }
        }
        if let at = output.position(channel, depth, height, width) { output.values[at] = sum / Double(cell.count) }
      }
    }
    return output
  }

  /// The channels of two maps of one size, the first one's first.
  static func concatenate(_ first: Map, _ second: Map) -> Map {
    Map(channels: first.channels + second.channels, extent: first.extent, values: first.values + second.values)
  }
}

/// A small generator, so that cases are the same on every run.
struct CaseGenerator: RandomNumberGenerator {
  var state: UInt64

  init(seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var value = state
    value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
    value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
    return value ^ (value >> 31)
  }

  /// Numbers from -1 to 1.
  mutating func floats(_ count: Int) -> [Float] {
    (0..<count).map { _ in Float.random(in: -1...1, using: &self) }
  }
}

/// The largest difference relative to the largest expected value; not a number where one is.
func relativeDifference(_ actual: UnsafeMutableBufferPointer<Float>, _ expected: [Double]) -> Double {
  guard actual.count == expected.count else { return .infinity }
  var largest = 0.0
  for (left, right) in zip(actual, expected) {
    let difference = abs(Double(left) - right)
    if !(difference <= largest) { largest = difference }
  }
  return largest / max(1, expected.reduce(0) { max($0, abs($1)) })
}
