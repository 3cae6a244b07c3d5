import Volume

/// Turns final logits on the padded grid into labels on the scan's grid, slice by slice along the network's axis 0:
/// padding undone, resampled back, largest class taken, turned back.
struct SliceLabeller: Sendable {
  /// The scan's way to the network's grid.
  let geometry: ScanGeometry
  /// The voxels of the crop box that are labelled.
  let box: VoxelBox
  /// Clicks that act on the logits, if any.
  let negativeClicks: NegativeClicks?
  /// From `source` to `box`.
  private let resampler: TrilinearResampler
  /// The voxels of the resampled grid that the box's labels depend on.
  private let source: VoxelBox

  /// The most bytes of logits on the scan's grid that are held at once, unless one slice has more.
  static let batchByteLimit = 16 << 20

  /// Prepares to label a box.
  ///
  /// - Parameters:
  ///   - geometry: The scan's way to the network's grid.
  ///   - box: The voxels of the crop box that are labelled, at least one.
  ///   - negativeClicks: Clicks that act on the logits, if any.
  init(geometry: ScanGeometry, box: VoxelBox, negativeClicks: NegativeClicks?) {
    self.geometry = geometry
    self.box = box
    self.negativeClicks = negativeClicks
    (resampler, source) = TrilinearResampler(from: geometry.resampledShape, to: geometry.cropShape).part(box)
  }

  /// The voxels of the padded grid that the box's labels depend on.
  var region: VoxelBox { source.moved(by: geometry.padLow) }

  /// The last plane of the padded grid that a slice of the crop box lies on or under.
  func lastPlane(ofSlice slice: Int) -> Int {
    resampler.inputRange(ofSlab: slice - box.corner.axis0).upperBound - 1 + region.corner.axis0
  }

  /// Labels slices.
  ///
  /// - Parameters:
  ///   - slices: Slices of the crop box within `box`, all of whose planes are final and held.
  ///   - accumulator: The logits of `region`.
  ///   - labels: The labels of the whole stored scan; those of the slices' voxels in `box` are set.
  /// - Returns: The voxels that negative clicks may change.
  /// - Throws: What resampling throws, which is nothing.
  func label(
    slices: Range<Int>, from accumulator: LogitAccumulator, into labels: UnsafeMutablePointer<UInt8>
  ) throws -> [NegativeClicks.Candidate] {
    if !geometry.isResampled {
      // The planes are read where they are.
      return labelBatch(slices, accumulator: accumulator, into: labels) { slice, label in
        LogitPlane(
          values: accumulator.plane(slice + geometry.padLow.axis0, label: label), rowStride: accumulator.rowStride)
      }
    }
    let sliceVoxels = box.shape.axis1 * box.shape.axis2
    let sliceBytes = accumulator.classes * sliceVoxels * MemoryLayout<Float>.stride
    let batch = max(1, min(slices.count, Self.batchByteLimit / sliceBytes))
    // One room for all batches: memory that is new each time takes the system longer to clear than us to fill.
    let room = UnsafeMutableBufferPointer<Float>.allocate(capacity: accumulator.classes * batch * sliceVoxels)
    defer { room.deallocate() }
    LargePages.advise(UnsafeMutableRawBufferPointer(room))
    var candidates: [NegativeClicks.Candidate] = []
    for first in stride(from: slices.lowerBound, to: slices.upperBound, by: batch) {
      let part = first..<min(first + batch, slices.upperBound)
      let logits = UnsafeMutableBufferPointer(rebasing: room[..<(accumulator.classes * part.count * sliceVoxels)])
      try resampleBack(part, accumulator: accumulator, into: logits)
      guard let base = logits.baseAddress else { continue }
      nonisolated(unsafe) let values = base
      candidates += labelBatch(part, accumulator: accumulator, into: labels) { slice, label in
        LogitPlane(
          values: values + (label * part.count + slice - first) * sliceVoxels, rowStride: box.shape.axis2)
      }
    }
    return candidates
  }

  /// One class's logits of a slice of the box on the scan's grid.
  private struct LogitPlane {
    let values: UnsafePointer<Float>
    let rowStride: Int
  }

  /// Computes logits of slices of the box on the scan's grid, `[classes, slices, axis1, axis2]`.
  private func resampleBack(
    _ slices: Range<Int>, accumulator: LogitAccumulator, into logits: UnsafeMutableBufferPointer<Float>
  ) throws {
    nonisolated(unsafe) let accumulator = accumulator
    let (firstSlice, firstPlane) = (box.corner.axis0, region.corner.axis0)
    let slabs = slices.lowerBound - firstSlice..<slices.upperBound - firstSlice
    let source: TrilinearResampler.SliceSource = { label, plane, buffer in
      buffer.baseAddress?.update(from: accumulator.plane(firstPlane + plane, label: label), count: buffer.count)
    }
    try resampler.resample(channels: accumulator.classes, slabs: slabs, source: source, into: logits)
  }

  private func labelBatch(
    _ slices: Range<Int>, accumulator: LogitAccumulator, into labels: UnsafeMutablePointer<UInt8>,
    plane: (Int, Int) -> LogitPlane
  ) -> [NegativeClicks.Candidate] {
    var found = [[NegativeClicks.Candidate]](repeating: [], count: slices.count)
    let layout = geometry.cropLayout
    let (rows, columns) = (box.ranges.axis1, box.ranges.axis2)
    found.withUnsafeMutableBufferPointer { found in
      nonisolated(unsafe) let found = found
      Parallel.forEach(slices.count) { piece in
        let slice = slices.lowerBound + piece
        let planes = (0..<accumulator.classes).map { plane(slice, $0) }
        var best = LargestClass(columns: columns.count)
        for (place, row) in rows.enumerated() {
          let rowLogits = planes.map { $0.values + place * $0.rowStride }
          best.take(rowLogits)
          let first =
            layout.start + slice * layout.strides.axis0 + row * layout.strides.axis1
            + columns.lowerBound * layout.strides.axis2
          best.write(to: labels + first, stride: layout.strides.axis2)
          if let negativeClicks {
            for range in negativeClicks.columns(slice: slice, row: row, within: columns) {
              for column in range {
                let logits = rowLogits.map { $0[column - columns.lowerBound] }
                if let candidate = negativeClicks.candidate(Axes3(slice, row, column), logits: logits) {
                  found[piece].append(candidate)
                }
              }
            }
          }
        }
      }
    }
    return found.flatMap { $0 }
  }
}

/// The largest class of each column of a row.
private struct LargestClass {
  private var best: [Float]
  private var labels: [UInt8]

  init(columns: Int) {
    best = [Float](repeating: 0, count: columns)
    labels = [UInt8](repeating: 0, count: columns)
  }

  /// Finds each column's largest class; the first of equal ones. Something that is no number counts as the largest, as
  /// in NumPy and PyTorch.
  ///
  /// - Parameter rows: The logits of each class.
  mutating func take(_ rows: [UnsafePointer<Float>]) {
    let columns = best.count
    best.withUnsafeMutableBufferPointer { best in
      labels.withUnsafeMutableBufferPointer { labels in
        guard let best = best.baseAddress, let labels = labels.baseAddress else { return }
        best.update(from: rows[0], count: columns)
        labels.update(repeating: 0, count: columns)
        for (label, row) in rows.enumerated().dropFirst() {
          let name = UInt8(label)
          for column in 0..<columns {
            let value = row[column]
            let current = best[column]
            let isLarger = !(value <= current) && current == current
            best[column] = isLarger ? value : current
            labels[column] = isLarger ? name : labels[column]
          }
        }
      }
    }
  }

  /// Writes the labels, one each `stride`.
  func write(to destination: UnsafeMutablePointer<UInt8>, stride: Int) {
    labels.withUnsafeBufferPointer { labels in
      if stride == 1, let source = labels.baseAddress {
        destination.update(from: source, count: labels.count)
      } else {
        for column in 0..<labels.count { destination[column &* stride] = labels[column] }
      }
    }
  }
}
