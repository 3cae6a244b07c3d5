/// What the grey values of a scan are like, for window presets and normalization.
public enum VoxelStatistics {
  /// The smallest and largest value.
  ///
  /// - Parameter voxels: Finite grey values.
  /// - Returns: Their range, or `nil` for none.
  public static func range(of voxels: [Float]) -> ClosedRange<Float>? {
    guard let first = voxels.first else { return nil }
    let parts = Parallel.split(0..<voxels.count, into: Parallel.width)
    var results = [(Float, Float)](repeating: (first, first), count: parts.count)
    voxels.withUnsafeBufferPointer { all in
      results.withUnsafeMutableBufferPointer { results in
        nonisolated(unsafe) let results = results
        Parallel.forEach(parts.count) { part in
          var (low, high) = (first, first)
          for index in parts[part] {
            let value = all[index]
            low = value < low ? value : low
            high = value > high ? value : high
          }
          results[part] = (low, high)
        }
      }
    }
    let low = results.reduce(first) { min($0, $1.0) }
    return low...results.reduce(first) { max($0, $1.1) }
  }

  /// Exact percentiles, interpolated linearly between the two nearest values as NumPy's `percentile` does.
  ///
  /// The values are not sorted: two passes count the upper and lower halves of their bits. The result does not depend on
  /// the order of the voxels.
  ///
  /// - Parameters:
  ///   - levels: Percentages, 0 to 100.
  ///   - voxels: Finite grey values, at least one.
  /// - Returns: One value for each level.
  public static func percentiles(_ levels: [Double], of voxels: [Float]) -> [Float] {
    precondition(!voxels.isEmpty, "percentiles of at least one value")
    precondition(levels.allSatisfy { (0...100).contains($0) }, "a percentage is 0 to 100")
    let places = levels.map { $0 / 100 * Double(voxels.count - 1) }
    let ranks = Set(places.flatMap { [Int($0), min(Int($0) + 1, voxels.count - 1)] })
    let values = valuesOfRank(ranks.sorted(), in: voxels)
    return places.map { place in
      let low = Double(values[Int(place)] ?? 0)
      let high = Double(values[min(Int(place) + 1, voxels.count - 1)] ?? 0)
      return Float(low + (high - low) * (place - place.rounded(.down)))
    }
  }

  /// Counts values in bins of equal width.
  ///
  /// - Parameters:
  ///   - voxels: Finite grey values.
  ///   - bins: The number of bins, at least 1.
  ///   - range: Where the first bin begins and the last ends; values outside count in the first or last bin.
  /// - Returns: The count of each bin.
  public static func histogram(of voxels: [Float], bins: Int, range: ClosedRange<Float>) -> [Int] {
    precondition(bins >= 1, "at least one bin")
    let width = Double(range.upperBound) - Double(range.lowerBound)
    let scale = width > 0 ? Double(bins) / width : 0
    let low = Double(range.lowerBound)
    return counts(of: voxels, slots: bins) { value in
      Int(min(max((Double(value) - low) * scale, 0), Double(bins - 1)))
    }
  }

  private static func valuesOfRank(_ ranks: [Int], in voxels: [Float]) -> [Int: Float] {
    let upper = counts(of: voxels, slots: 1 << 16) { Int(orderedBits($0) >> 16) }
    // For each rank: the upper half of its value's bits, and its rank among the values that share them.
    var found: [(rank: Int, upper: Int, within: Int)] = []
    var (bin, before) = (0, 0)
    for rank in ranks {
      while before + upper[bin] <= rank {
        before += upper[bin]
        bin += 1
      }
      found.append((rank, bin, rank - before))
    }
    let bins = Array(Set(found.map(\.upper)))
    var slotOfUpper = [Int](repeating: -1, count: 1 << 16)
    for (slot, bin) in bins.enumerated() { slotOfUpper[bin] = slot << 16 }
    let lower = slotOfUpper.withUnsafeBufferPointer { slotOfUpper in
      counts(of: voxels, slots: bins.count << 16) { value in
        let bits = orderedBits(value)
        let slot = slotOfUpper[Int(bits >> 16)]
        return slot < 0 ? -1 : slot + Int(bits & 0xFFFF)
      }
    }
    var values: [Int: Float] = [:]
    for (rank, bin, within) in found {
      var rest = within
      var position = slotOfUpper[bin]
      while rest >= lower[position] {
        rest -= lower[position]
        position += 1
      }
      values[rank] = value(ofOrderedBits: UInt32(bin) << 16 | UInt32(position & 0xFFFF))
    }
    return values
  }

  /// Counts how many values fall into each slot; slot -1 is not counted.
  private static func counts(of voxels: [Float], slots: Int, slot: (Float) -> Int) -> [Int] {
    let parts = Parallel.split(0..<voxels.count, into: Parallel.width)
    var counts = [Int](repeating: 0, count: slots * parts.count)
    voxels.withUnsafeBufferPointer { all in
      counts.withUnsafeMutableBufferPointer { counts in
        nonisolated(unsafe) let counts = counts
        Parallel.forEach(parts.count) { part in
          let own = UnsafeMutableBufferPointer(rebasing: counts[part * slots..<(part + 1) * slots])
          for index in parts[part] {
            let place = slot(all[index])
            if place >= 0 { own[place] += 1 }
          }
        }
      }
    }
    for part in 1..<max(parts.count, 1) {
      for place in 0..<slots { counts[place] += counts[part * slots + place] }
    }
    return Array(counts.prefix(slots))
  }

  /// A float's bits, changed so that whole numbers compare as the floats do.
  private static func orderedBits(_ value: Float) -> UInt32 {
    let bits = value.bitPattern
    return bits & 0x8000_0000 != 0 ? ~bits : bits | 0x8000_0000
  }

  private static func value(ofOrderedBits bits: UInt32) -> Float {
    Float(bitPattern: bits & 0x8000_0000 != 0 ? bits & 0x7FFF_FFFF : ~bits)
  }
}
