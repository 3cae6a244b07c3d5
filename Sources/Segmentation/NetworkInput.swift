import Volume

/// The network's view of a scan: turned, cropped, normalized, resampled and padded, made from the stored scan for one
/// window at a time. No array of the whole resampled scan exists.
struct NetworkInput: Sendable {
  /// The scan's way to the network's grid.
  let geometry: ScanGeometry
  /// From grey values to the network's.
  let intensities: IntensityMap
  private let voxels: [Float]
  private let patch: Axes3<Int>
  private let resampler: TrilinearResampler

  /// Prepares a scan.
  ///
  /// - Parameters:
  ///   - volume: The scan.
  ///   - geometry: Its way to the network's grid.
  ///   - intensities: From grey values to the network's.
  ///   - patch: Voxels of a window.
  init(volume: Volume, geometry: ScanGeometry, intensities: IntensityMap, patch: Axes3<Int>) {
    self.geometry = geometry
    self.patch = patch
    self.intensities = intensities
    voxels = volume.voxels
    resampler = TrilinearResampler(from: geometry.cropShape, to: geometry.resampledShape)
  }

  /// Computes a box of the resampled grid, without padding: `[axis0, axis1, axis2]` of the box.
  func resampled(_ box: VoxelBox) throws -> [Float] {
    let layout = geometry.cropLayout
    let (part, input) = resampler.part(box)
    let (rows, columns) = (input.ranges.axis1, input.ranges.axis2)
    return try part.resample(channels: 1, slabs: 0..<box.shape.axis0) { _, slice, buffer in
      voxels.withUnsafeBufferPointer { voxels in
        guard let source = voxels.baseAddress, let destination = buffer.baseAddress else { return }
        let first =
          layout.start + (input.ranges.axis0.lowerBound + slice) * layout.strides.axis0
          + columns.lowerBound * layout.strides.axis2
        for (place, row) in rows.enumerated() {
          intensities.apply(
            source + (first + row * layout.strides.axis1), stride: layout.strides.axis2, count: columns.count,
            into: destination + place * columns.count)
        }
      }
    }
  }

  /// The value near a voxel of the padded grid, not interpolated; `nil` in the padding.
  func value(atPadded voxel: Axes3<Int>) -> Float? {
    let place = Axes3(0, 1, 2).map { voxel[$0] - geometry.padLow[$0] }
    guard geometry.resampledShape.contains(place) else { return nil }
    let crop = Axes3(0, 1, 2).map { (2 * place[$0] + 1) * geometry.cropShape[$0] / (2 * geometry.resampledShape[$0]) }
    let layout = geometry.cropLayout
    var value: Float = 0
    voxels.withUnsafeBufferPointer { voxels in
      let offset = (0..<3).reduce(layout.start) { $0 + crop[$1] * layout.strides[$1] }
      if let base = voxels.baseAddress { intensities.apply(base + offset, stride: 1, count: 1, into: &value) }
    }
    return value
  }

  /// Writes a window's values, 0 in the padding.
  ///
  /// - Parameters:
  ///   - start: The window's first voxel on the padded grid.
  ///   - destination: Receives `[axis0, axis1, axis2]` of the patch.
  /// - Throws: What resampling throws, which is nothing.
  func fillPatch(start: Axes3<Int>, into destination: UnsafeMutableBufferPointer<Float>) throws {
    precondition(destination.count == patch.product, "the destination holds a patch")
    // The part of the window that is not padding, on the resampled grid.
    let first = Axes3(0, 1, 2).map { start[$0] - geometry.padLow[$0] }
    let inside = VoxelBox(corner: first, shape: patch).clamped(
      to: VoxelBox(wholeOf: geometry.resampledShape))
    let shape = inside.shape
    if shape != patch { destination.initialize(repeating: 0) }
    let values = try resampled(inside)
    values.withUnsafeBufferPointer { values in
      guard let source = values.baseAddress, let target = destination.baseAddress else { return }
      let offset = Axes3(0, 1, 2).map { inside.corner[$0] - first[$0] }
      for slice in 0..<shape.axis0 {
        for row in 0..<shape.axis1 {
          let to = patch.offset(of: Axes3(offset.axis0 + slice, offset.axis1 + row, offset.axis2))
          (target + to).update(from: source + (slice * shape.axis1 + row) * shape.axis2, count: shape.axis2)
        }
      }
    }
  }
}
