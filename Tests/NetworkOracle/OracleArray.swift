import Foundation
import Volume

/// A map in double precision, plain `[channels, axis0, axis1, axis2]`, with the network's layers written as their
/// formulas: slow, and easy to check by eye.
package struct OracleMap {
  package var channels: Int
  package var size: Axes3<Int>
  package var values: [Double]

  package init(channels: Int, size: Axes3<Int>, values: [Double]? = nil) {
    self.channels = channels
    self.size = size
    self.values = values ?? [Double](repeating: 0, count: channels * size.product)
  }

  package func at(_ channel: Int, _ index: Axes3<Int>) -> Int { channel * size.product + size.offset(of: index) }

  package static func forEach(_ size: Axes3<Int>, _ body: (Axes3<Int>) -> Void) {
    for index0 in 0..<size.axis0 {
      for index1 in 0..<size.axis1 {
        for index2 in 0..<size.axis2 { body(Axes3(index0, index1, index2)) }
      }
    }
  }

  package func convolved(_ weights: [Double], outputs: Int, kernel: Axes3<Int>, stride: Axes3<Int>) -> OracleMap {
    let outputSize = Axes3(0, 1, 2).map { (size[$0] - 1) / stride[$0] + 1 }
    var result = OracleMap(channels: outputs, size: outputSize)
    for output in 0..<outputs {
      Self.forEach(outputSize) { index in
        var sum = 0.0
        for channel in 0..<channels {
          Self.forEach(kernel) { tap in
            let place = Axes3(0, 1, 2).map { index[$0] * stride[$0] + tap[$0] - (kernel[$0] - 1) / 2 }
            if size.contains(place) {
              sum +=
                values[at(channel, place)]
                * weights[(output * channels + channel) * kernel.product + kernel.offset(of: tap)]
            }
          }
        }
        result.values[result.at(output, index)] = sum
      }
    }
    return result
  }

  package func upsampled(_ weights: [Double], bias: [Double]?, outputs: Int, stride: Axes3<Int>) -> OracleMap {
    var result = OracleMap(channels: outputs, size: Axes3(0, 1, 2).map { size[$0] * stride[$0] })
    for output in 0..<outputs {
      Self.forEach(result.size) { index in
        let source = Axes3(0, 1, 2).map { index[$0] / stride[$0] }
        let tap = Axes3(0, 1, 2).map { index[$0] % stride[$0] }
        var sum = bias?[output] ?? 0
        for channel in 0..<channels {
          sum +=
            values[at(channel, source)]
            * weights[(channel * outputs + output) * stride.product + stride.offset(of: tap)]
        }
        result.values[result.at(output, index)] = sum
      }
    }
    return result
  }

  package func normalized(_ scale: [Double], _ shift: [Double], epsilon: Double, residual: OracleMap?, slope: Double)
    -> OracleMap
  {
    var result = self
    let voxels = size.product
    for channel in 0..<channels {
      let range = channel * voxels..<(channel + 1) * voxels
      let mean = values[range].reduce(0, +) / Double(voxels)
      let variance = values[range].reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(voxels)
      for at in range {
        var value = (values[at] - mean) / (variance + epsilon).squareRoot() * scale[channel] + shift[channel]
        if let residual { value += residual.values[at] }
        result.values[at] = value > 0 ? value : value * slope
      }
    }
    return result
  }

  package func pooled(_ stride: Axes3<Int>) -> OracleMap {
    var result = OracleMap(channels: channels, size: Axes3(0, 1, 2).map { size[$0] / stride[$0] })
    for channel in 0..<channels {
      Self.forEach(size) { index in
        let target = Axes3(0, 1, 2).map { index[$0] / stride[$0] }
        result.values[result.at(channel, target)] += values[at(channel, index)] / Double(stride.product)
      }
    }
    return result
  }
}

/// Tokens in double precision, `[rows, width]`.
package struct OracleRows {
  package var rows: Int
  package var width: Int
  package var values: [Double]

  package init(_ rows: Int, _ width: Int) {
    self.rows = rows
    self.width = width
    values = [Double](repeating: 0, count: rows * width)
  }

  package static func + (first: OracleRows, second: OracleRows) -> OracleRows {
    var result = first
    for index in result.values.indices { result.values[index] += second.values[index] }
    return result
  }

  package func linear(_ weights: [Double], _ bias: [Double]?, outputs: Int) -> OracleRows {
    var result = OracleRows(rows, outputs)
    for row in 0..<rows {
      for output in 0..<outputs {
        var sum = bias?[output] ?? 0
        for index in 0..<width { sum += values[row * width + index] * weights[output * width + index] }
        result.values[row * outputs + output] = sum
      }
    }
    return result
  }

  package func layerNormalized(_ scale: [Double], _ shift: [Double]) -> OracleRows {
    var result = self
    for row in 0..<rows {
      let range = row * width..<(row + 1) * width
      let mean = values[range].reduce(0, +) / Double(width)
      let variance = values[range].reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(width)
      for index in 0..<width {
        let at = row * width + index
        result.values[at] = (values[at] - mean) / (variance + 1e-5).squareRoot() * scale[index] + shift[index]
      }
    }
    return result
  }
}
