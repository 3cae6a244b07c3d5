/// Trilinear resampling of arrays from one size to another: half-pixel centres, edges clamped, no antialiasing, as
/// PyTorch's `interpolate(mode="trilinear", align_corners=False)` does in 32-bit floats.
///
/// The mapping is by the ratio of the sizes. Work is cut along axis 0, so that an output too large for memory is made a
/// few slabs at a time.
public struct TrilinearResampler: Sendable {
  /// Voxels along each axis before.
  public let inputShape: Axes3<Int>
  /// Voxels along each axis after.
  public let outputShape: Axes3<Int>

  private let taps: Axes3<Taps>

  /// The slices of the input that one slab of the output lies between.
  public func inputRange(ofSlab slab: Int) -> Range<Int> {
    let last = taps.axis0.weights[slab] == 0 ? taps.axis0.lows[slab] : taps.axis0.highs[slab]
    return taps.axis0.lows[slab]..<last + 1
  }

  /// The rows of the input that one row of the output lies between.
  public func inputRange(ofRow row: Int) -> Range<Int> {
    let last = taps.axis1.weights[row] == 0 ? taps.axis1.lows[row] : taps.axis1.highs[row]
    return taps.axis1.lows[row]..<last + 1
  }

  /// The columns of the output whose values depend on some columns of the input.
  public func outputColumns(dependingOn columns: Range<Int>) -> Range<Int> {
    taps.axis2.outputRange(dependingOn: columns)
  }

  /// The resampler of a box of the output from a box of the input: the box's values are those of the whole.
  ///
  /// - Parameter box: A box of the output with at least one voxel.
  /// - Returns: The part, and the box of the input that it takes.
  public func part(_ box: VoxelBox) -> (resampler: TrilinearResampler, input: VoxelBox) {
    let input = VoxelBox(Axes3(0, 1, 2).map { taps[$0].inputRange(of: box.ranges[$0]) })
    let part = TrilinearResampler(
      inputShape: input.shape, outputShape: box.shape,
      taps: Axes3(0, 1, 2).map { taps[$0].part(box.ranges[$0], input: input.ranges[$0]) })
    return (part, input)
  }

  /// The box of the output whose values depend on a box of the input, or `nil` when none do.
  public func outputBox(dependingOn input: VoxelBox) -> VoxelBox? {
    let ranges = Axes3(0, 1, 2).map { taps[$0].outputRange(dependingOn: input.ranges[$0]) }
    return ranges.array.contains(where: \.isEmpty) ? nil : VoxelBox(ranges)
  }

  /// Fills a buffer with one slice of the input: channel, index along axis 0, and room for
  /// `inputShape.axis1 * inputShape.axis2` values. Called from several threads at once.
  public typealias SliceSource = @Sendable (Int, Int, UnsafeMutableBufferPointer<Float>) throws -> Void

  /// Prepares to resample.
  ///
  /// - Parameters:
  ///   - inputShape: Voxels along each axis before.
  ///   - outputShape: Voxels along each axis after.
  public init(from inputShape: Axes3<Int>, to outputShape: Axes3<Int>) {
    precondition((inputShape.array + outputShape.array).allSatisfy { $0 > 0 }, "each axis has at least one voxel")
    self.inputShape = inputShape
    self.outputShape = outputShape
    taps = Axes3(0, 1, 2).map { Taps(inputSize: inputShape[$0], outputSize: outputShape[$0]) }
  }

  private init(inputShape: Axes3<Int>, outputShape: Axes3<Int>, taps: Axes3<Taps>) {
    self.inputShape = inputShape
    self.outputShape = outputShape
    self.taps = taps
  }

  /// Resamples an array that is in memory.
  ///
  /// - Parameters:
  ///   - values: `[channels, axis0, axis1, axis2]` of the input shape.
  ///   - channels: How many channels there are.
  /// - Returns: `[channels, axis0, axis1, axis2]` of the output shape.
  public func resample(_ values: [Float], channels: Int = 1) -> [Float] {
    precondition(values.count == channels * inputShape.product, "one value for each voxel and channel")
    if taps.array.allSatisfy(\.isIdentity) { return values }
    let sliceSize = inputShape.axis1 * inputShape.axis2
    let result = try? resample(channels: channels, slabs: 0..<outputShape.axis0) { channel, slice, buffer in
      values.withUnsafeBufferPointer { all in
        let start = (channel * inputShape.axis0 + slice) * sliceSize
        _ = buffer.update(from: UnsafeBufferPointer(rebasing: all[start..<start + sliceSize]))
      }
    }
    // The source above cannot fail, and resampling fails only with its source.
    return result ?? []
  }

  /// Resamples some slabs of the output from a source that gives slices of the input.
  ///
  /// - Parameters:
  ///   - channels: How many channels there are.
  ///   - slabs: The range along axis 0 of the output that is wanted.
  ///   - source: Gives one slice of the input; each is asked for about once.
  /// - Returns: `[channels, slabs, axis1, axis2]`.
  /// - Throws: Whatever the source throws.
  public func resample(channels: Int, slabs: Range<Int>, source: SliceSource) throws -> [Float] {
    let count = channels * slabs.count * outputShape.axis1 * outputShape.axis2
    return try [Float](onLargePages: count) { buffer, initializedCount in
      try resample(channels: channels, slabs: slabs, source: source, into: buffer)
      initializedCount = count
    }
  }

  /// Resamples some slabs of the output into memory that the caller owns.
  ///
  /// - Parameters:
  ///   - channels: How many channels there are.
  ///   - slabs: The range along axis 0 of the output that is wanted.
  ///   - source: Gives one slice of the input; each is asked for about once.
  ///   - output: Room for `[channels, slabs, axis1, axis2]`.
  /// - Throws: Whatever the source throws; then the output is undefined.
  public func resample(
    channels: Int, slabs: Range<Int>, source: SliceSource, into output: UnsafeMutableBufferPointer<Float>
  ) throws {
    let planeSize = outputShape.axis1 * outputShape.axis2
    precondition(slabs.lowerBound >= 0 && slabs.upperBound <= outputShape.axis0, "slabs lie inside the output")
    precondition(output.count == channels * slabs.count * planeSize, "room for every value")
    if output.isEmpty { return }
    // Neighbouring pieces both read the slice between them, so pieces are as long as keeps the cores busy.
    let pieces = Parallel.split(slabs, into: channels >= 2 * Parallel.width ? 1 : Parallel.width)
    try Parallel.forEach(channels * pieces.count) { job in
      let (channel, piece) = (job / pieces.count, pieces[job % pieces.count])
      let start = (channel * slabs.count + piece.lowerBound - slabs.lowerBound) * planeSize
      let part = UnsafeMutableBufferPointer(rebasing: output[start..<start + piece.count * planeSize])
      try resample(channel: channel, slabs: piece, source: source, into: part)
    }
  }

  /// Resamples a part of one row of one slab of the output: the values that resampling everything gives there.
  ///
  /// - Parameters:
  ///   - columns: The columns wanted.
  ///   - row: The row of the output.
  ///   - slab: The slab of the output.
  ///   - rowStride: From one row to the next of a slice of the input.
  ///   - slice: Gives a slice of the input.
  ///   - room: Room for twice as many values as there are columns.
  ///   - output: Receives the columns' values.
  public func resample(
    columns: Range<Int>, ofRow row: Int, slab: Int, rowStride: Int, slice: (Int) -> UnsafePointer<Float>,
    room: UnsafeMutablePointer<Float>, into output: UnsafeMutablePointer<Float>
  ) {
    func resamplePlane(_ index: Int, into target: UnsafeMutablePointer<Float>) {
      let plane = slice(index)
      taps.axis2.blend(plane + taps.axis1.lows[row] * rowStride, outputs: columns, into: target)
      let weight = taps.axis1.weights[row]
      if weight == 0 { return }
      let high = room + columns.count
      taps.axis2.blend(plane + taps.axis1.highs[row] * rowStride, outputs: columns, into: high)
      Self.blend(target, high, weight, into: target, count: columns.count)
    }
    resamplePlane(taps.axis0.lows[slab], into: output)
    let weight = taps.axis0.weights[slab]
    if weight == 0 { return }
    resamplePlane(taps.axis0.highs[slab], into: room)
    Self.blend(output, room, weight, into: output, count: columns.count)
  }

  private func resample(
    channel: Int, slabs: Range<Int>, source: SliceSource, into output: UnsafeMutableBufferPointer<Float>
  ) throws {
    let planeSize = outputShape.axis1 * outputShape.axis2
    guard let target = output.baseAddress else { return }
    let planes = PlaneCache(resampler: self, channel: channel)
    for (position, slab) in slabs.enumerated() {
      let plane = target + position * planeSize
      let weight = taps.axis0.weights[slab]
      let low = try planes.plane(taps.axis0.lows[slab], source)
      if weight == 0 {
        plane.update(from: low, count: planeSize)
      } else {
        let high = try planes.plane(taps.axis0.highs[slab], source)
        Self.blend(low, high, weight, into: plane, count: planeSize)
      }
    }
  }

  /// Output = low * (1 - weight) + high * weight, element by element.
  fileprivate static func blend(
    _ low: UnsafePointer<Float>, _ high: UnsafePointer<Float>, _ weight: Float,
    into output: UnsafeMutablePointer<Float>, count: Int
  ) {
    let rest = 1 - weight
    for index in 0..<count { output[index] = low[index] * rest + high[index] * weight }
  }

  /// For each place along one output axis: the two input places beside it and the weight of the upper one.
  fileprivate struct Taps: Sendable {
    var lows: [Int] = []
    var highs: [Int] = []
    var weights: [Float] = []
    /// Whether every output place is the input place of its number.
    var isIdentity: Bool

    /// In 32-bit floats, as PyTorch's `area_pixel_compute_source_index` for `float` tensors.
    init(inputSize: Int, outputSize: Int) {
      isIdentity = inputSize == outputSize
      let scale = Float(inputSize) / Float(outputSize)
      for output in 0..<outputSize {
        let place = isIdentity ? Float(output) : max(scale * (Float(output) + 0.5) - 0.5, 0)
        let low = min(Int(place), inputSize - 1)
        lows.append(low)
        highs.append(min(low + 1, inputSize - 1))
        weights.append(min(max(place - Float(low), 0), 1))
      }
    }

    private init(lows: [Int], highs: [Int], weights: [Float], isIdentity: Bool) {
      self.lows = lows
      self.highs = highs
      self.weights = weights
      self.isIdentity = isIdentity
    }

    /// Computes some output places of one row of the input.
    func blend(_ row: UnsafePointer<Float>, outputs: Range<Int>, into target: UnsafeMutablePointer<Float>) {
      if isIdentity {
        target.update(from: row + outputs.lowerBound, count: outputs.count)
        return
      }
      lows.withUnsafeBufferPointer { lows in
        highs.withUnsafeBufferPointer { highs in
          weights.withUnsafeBufferPointer { weights in
            for output in outputs {
              let weight = weights[output]
              target[output - outputs.lowerBound] = row[lows[output]] * (1 - weight) + row[highs[output]] * weight
            }
          }
        }
      }
    }

    /// The input places that some output places lie between.
    func inputRange(of outputs: Range<Int>) -> Range<Int> {
      if isIdentity { return outputs }
      return lows[outputs.lowerBound]..<highs[outputs.upperBound - 1] + 1
    }

    /// The output places that lie beside any of some input places.
    func outputRange(dependingOn inputs: Range<Int>) -> Range<Int> {
      if isIdentity { return inputs.clamped(to: 0..<lows.count) }
      // Both lists ascend.
      let first = highs.firstIndex { $0 >= inputs.lowerBound } ?? highs.count
      let end = lows.firstIndex { $0 >= inputs.upperBound } ?? lows.count
      return first..<max(first, end)
    }

    /// The taps of some output places, counted from the first place of the input that is held.
    func part(_ outputs: Range<Int>, input: Range<Int>) -> Taps {
      Taps(
        lows: lows[outputs].map { $0 - input.lowerBound },
        highs: highs[outputs].map { min($0, input.upperBound - 1) - input.lowerBound },
        weights: Array(weights[outputs]), isIdentity: isIdentity)
    }
  }

  /// The last two input slices, resampled along axes 1 and 2.
  private final class PlaneCache {
    private let resampler: TrilinearResampler
    private let channel: Int
    private let input: UnsafeMutableBufferPointer<Float>
    private let rows: UnsafeMutableBufferPointer<Float>
    private let planes: UnsafeMutableBufferPointer<Float>
    private var slices = [-1, -1]
    private var latest = 0

    init(resampler: TrilinearResampler, channel: Int) {
      self.resampler = resampler
      self.channel = channel
      input = .allocate(capacity: resampler.inputShape.axis1 * resampler.inputShape.axis2)
      rows = .allocate(capacity: 2 * resampler.outputShape.axis2)
      planes = .allocate(capacity: 2 * resampler.outputShape.axis1 * resampler.outputShape.axis2)
      input.initialize(repeating: 0)
      rows.initialize(repeating: 0)
      planes.initialize(repeating: 0)
    }

    deinit {
      input.deallocate()
      rows.deallocate()
      planes.deallocate()
    }

    /// One slice; stays valid while at most one other slice is asked for.
    func plane(_ slice: Int, _ source: SliceSource) throws -> UnsafePointer<Float> {
      let size = planes.count / 2
      if let slot = slices.firstIndex(of: slice) {
        latest = slot
        return UnsafePointer(planes.baseAddress.unsafelyUnwrapped + slot * size)
      }
      latest = 1 - latest
      slices[latest] = -1
      let target = UnsafeMutableBufferPointer(rebasing: planes[latest * size..<(latest + 1) * size])
      if resampler.taps.axis1.isIdentity && resampler.taps.axis2.isIdentity {
        try source(channel, slice, target)
      } else {
        try source(channel, slice, input)
        resamplePlane(into: target.baseAddress.unsafelyUnwrapped)
      }
      slices[latest] = slice
      return UnsafePointer(target.baseAddress.unsafelyUnwrapped)
    }

    private func resamplePlane(into target: UnsafeMutablePointer<Float>) {
      let width = resampler.outputShape.axis2
      let taps = resampler.taps.axis1
      var kept = [-1, -1]
      var latest = 0
      func row(_ index: Int) -> UnsafePointer<Float> {
        if let slot = kept.firstIndex(of: index) {
          latest = slot
        } else {
          latest = 1 - latest
          kept[latest] = index
          resampleRow(index, into: rows.baseAddress.unsafelyUnwrapped + latest * width)
        }
        return UnsafePointer(rows.baseAddress.unsafelyUnwrapped + latest * width)
      }
      for output in 0..<taps.lows.count {
        let low = row(taps.lows[output])
        if taps.weights[output] == 0 {
          (target + output * width).update(from: low, count: width)
        } else {
          let high = row(taps.highs[output])
          TrilinearResampler.blend(low, high, taps.weights[output], into: target + output * width, count: width)
        }
      }
    }

    private func resampleRow(_ index: Int, into target: UnsafeMutablePointer<Float>) {
      let row = input.baseAddress.unsafelyUnwrapped + index * resampler.inputShape.axis2
      resampler.taps.axis2.blend(row, outputs: 0..<resampler.outputShape.axis2, into: target)
    }
  }
}
