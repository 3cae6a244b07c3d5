import CKernels

/// A convolution of maps that are zero but for some cells: a mixing of the maps into channels, then a convolution of
/// those, as one step that costs only what the cells cost.
public final class SparseConvolution {
  /// Values that `add` changed, to be put back.
  public struct Saved {
    fileprivate let cells: [Int32]
    fileprivate let values: [Float]
  }

  private let extent: Extent
  private let kernel: Extent
  private let maps: Int
  private let outputs: Int
  private let padded: Int
  /// `[tap, map, padded outputs]`.
  private let weights: [Float]

  /// Composes the two steps.
  ///
  /// - Parameters:
  ///   - weights: `[outputs, weightInputs, depth, height, width]` of the convolution, whose first `middle` inputs are
  ///     the mixed channels.
  ///   - weightInputs: Input channels of `weights`.
  ///   - mixing: `[middle, maps]`.
  ///   - middle: Channels between the two.
  ///   - maps: Maps.
  ///   - outputs: Output channels.
  ///   - kernel: Odd sizes.
  ///   - extent: The size of the grid.
  public init(
    weights: [Float], weightInputs: Int, mixing: [Float], middle: Int, maps: Int, outputs: Int, kernel: Extent,
    extent: Extent
  ) {
    precondition(outputs <= ck_sparse_channels, "few enough output channels")
    self.extent = extent
    self.kernel = kernel
    self.maps = maps
    self.outputs = outputs
    padded = (outputs + 15) / 16 * 16
    var composed = [Float](repeating: 0, count: kernel.count * maps * padded)
    for output in 0..<outputs {
      for tap in 0..<kernel.count {
        for map in 0..<maps {
          var sum = 0.0
          for channel in 0..<middle {
            sum +=
              Double(weights[(output * weightInputs + channel) * kernel.count + tap])
              * Double(mixing[channel * maps + map])
          }
          composed[(tap * maps + map) * padded + output] = Float(sum)
        }
      }
    }
    self.weights = composed
  }

  /// Adds the convolution to a feature map.
  ///
  /// - Parameters:
  ///   - cells: Positions of the cells that are not zero, each once.
  ///   - values: `[cells, maps]`.
  ///   - destination: `[outputs, depth, height, width]`.
  /// - Returns: What was there before, for `restore`.
  public func add(cells: [Int32], values: [Float], to destination: UnsafeMutablePointer<Float>) -> Saved {
    var slots = [Int32](repeating: -1, count: extent.count)
    for (place, cell) in cells.enumerated() { slots[Int(cell)] = Int32(place) }
    let reached = reached(from: cells)
    let results = [Float](unsafeUninitializedCapacity: reached.count * padded) { results, count in
      count = reached.count * padded
      slots.withUnsafeBufferPointer { slots in
        values.withUnsafeBufferPointer { values in
          reached.withUnsafeBufferPointer { reached in
            weights.withUnsafeBufferPointer { weights in
              var sparse = ck_sparse(
                slots: slots.baseAddress, values: values.baseAddress, maps: Int64(maps),
                depth: Int64(extent.depth), height: Int64(extent.height), width: Int64(extent.width),
                kernel_depth: Int64(kernel.depth), kernel_height: Int64(kernel.height),
                kernel_width: Int64(kernel.width), weights: weights.baseAddress, channels: Int64(padded),
                outputs: reached.baseAddress, output_count: Int64(reached.count), results: results.baseAddress)
              ck_run_sparse(&sparse)
            }
          }
        }
      }
    }
    let saved = [Float](unsafeUninitializedCapacity: reached.count * outputs) { saved, count in
      count = reached.count * outputs
      results.withUnsafeBufferPointer { results in
        for channel in 0..<outputs {
          let target = destination + channel * extent.count
          for (number, cell) in reached.enumerated() {
            saved[channel * reached.count + number] = target[Int(cell)]
            target[Int(cell)] += results[number * padded + channel]
          }
        }
      }
    }
    return Saved(cells: reached, values: saved)
  }

  /// Puts back what `add` changed, bit for bit.
  ///
  /// - Parameters:
  ///   - saved: What `add` returned.
  ///   - destination: The same feature map.
  public func restore(_ saved: Saved, to destination: UnsafeMutablePointer<Float>) {
    for channel in 0..<outputs {
      let target = destination + channel * extent.count
      for (number, cell) in saved.cells.enumerated() {
        target[Int(cell)] = saved.values[channel * saved.cells.count + number]
      }
    }
  }

  /// The cells whose window holds any of some cells, in order.
  private func reached(from cells: [Int32]) -> [Int32] {
    var isReached = [Bool](repeating: false, count: extent.count)
    let plane = extent.height * extent.width
    isReached.withUnsafeMutableBufferPointer { isReached in
      for cell in cells {
        let (z, y, x) = (Int(cell) / plane, Int(cell) / extent.width % extent.height, Int(cell) % extent.width)
        for nz in max(z - kernel.depth / 2, 0)...min(z + kernel.depth / 2, extent.depth - 1) {
          for ny in max(y - kernel.height / 2, 0)...min(y + kernel.height / 2, extent.height - 1) {
            let row = nz * plane + ny * extent.width
            for nx in max(x - kernel.width / 2, 0)...min(x + kernel.width / 2, extent.width - 1) {
              isReached[row + nx] = true
            }
          }
        }
      }
    }
    return isReached.indices.compactMap { isReached[$0] ? Int32($0) : nil }
  }
}
