import Checkpoint
import Volume

/// The network's view of a scan: turned, cropped, normalized, resampled and padded, made from the stored scan for one
/// row of windows at a time.
///
/// No array of the whole resampled scan exists: the planes of the latest row of windows are held, at most
/// `patch.axis0 * resampled.axis1 * resampled.axis2` single-precision numbers, and a few planes a thread while they are
/// made.
final class NetworkInput {
  /// The scan's way to the network's grid.
  let geometry: ScanGeometry
  /// From grey values to the network's.
  let intensities: IntensityMap
  private let voxels: [Float]
  private let patch: Axes3<Int>
  private let resampler: TrilinearResampler
  /// Planes of the resampled grid that are held.
  private var heldPlanes = 0..<0
  private var held: [Float] = []

  /// Prepares a scan.
  ///
  /// - Parameters:
  ///   - volume: The scan.
  ///   - geometry: Its way to the network's grid.
  ///   - normalization: The model's scheme.
  ///   - patch: Voxels of a window.
  init(volume: Volume, geometry: ScanGeometry, normalization: ModelMetadata.Normalization, patch: Axes3<Int>) {
    self.geometry = geometry
    self.patch = patch
    voxels = volume.voxels
    resampler = TrilinearResampler(from: geometry.cropShape, to: geometry.resampledShape)
    intensities = IntensityMap(normalization) { Self.cropped(volume.voxels, geometry: geometry) }
  }

  /// Bytes of the planes that are held for a row of windows.
  static func byteCount(geometry: ScanGeometry, patch: Axes3<Int>) -> Int {
    min(patch.axis0, geometry.resampledShape.axis0) * geometry.resampledShape.axis1 * geometry.resampledShape.axis2
      * MemoryLayout<Float>.stride
  }

  /// Computes planes of the resampled grid, without padding: `[planes, axis1, axis2]`.
  func resampled(planes: Range<Int>) throws -> [Float] {
    let layout = geometry.cropLayout
    let shape = geometry.cropShape
    let (intensities, voxels) = (intensities, voxels)
    return try resampler.resample(channels: 1, slabs: planes) { _, slice, buffer in
      voxels.withUnsafeBufferPointer { voxels in
        guard let source = voxels.baseAddress, let destination = buffer.baseAddress else { return }
        for row in 0..<shape.axis1 {
          intensities.apply(
            source + (layout.start + slice * layout.strides.axis0 + row * layout.strides.axis1),
            stride: layout.strides.axis2, count: shape.axis2, into: destination + row * shape.axis2)
        }
      }
    }
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
    let inside = Axes3(0, 1, 2).map { axis in
      let first = start[axis] - geometry.padLow[axis]
      return max(0, first)..<min(geometry.resampledShape[axis], first + patch[axis])
    }
    if heldPlanes != inside.axis0 {
      held = []
      held = try resampled(planes: inside.axis0)
      heldPlanes = inside.axis0
    }
    if inside.map(\.count) != patch { destination.initialize(repeating: 0) }
    let offset = Axes3(0, 1, 2).map { inside[$0].lowerBound + geometry.padLow[$0] - start[$0] }
    let plane = geometry.resampledShape.axis1 * geometry.resampledShape.axis2
    held.withUnsafeBufferPointer { held in
      guard let source = held.baseAddress, let target = destination.baseAddress else { return }
      for slice in 0..<inside.axis0.count {
        for row in 0..<inside.axis1.count {
          let from =
            slice * plane + (inside.axis1.lowerBound + row) * geometry.resampledShape.axis2 + inside.axis2.lowerBound
          let to = ((offset.axis0 + slice) * patch.axis1 + offset.axis1 + row) * patch.axis2 + offset.axis2
          (target + to).update(from: source + from, count: inside.axis2.count)
        }
      }
    }
  }

  /// Lets go of what is held until the next window.
  func releasePlanes() {
    held = []
    heldPlanes = 0..<0
  }

  /// The grey values of the crop box, in the network's axes.
  private static func cropped(_ voxels: [Float], geometry: ScanGeometry) -> [Float] {
    if geometry.cropShape.product == voxels.count, geometry.turn.isIdentity { return voxels }
    let layout = geometry.cropLayout
    let shape = geometry.cropShape
    return [Float](unsafeUninitializedCapacity: shape.product) { result, count in
      nonisolated(unsafe) let result = result
      voxels.withUnsafeBufferPointer { voxels in
        Parallel.forEach(shape.axis0) { slice in
          for row in 0..<shape.axis1 {
            let from = layout.start + slice * layout.strides.axis0 + row * layout.strides.axis1
            let to = (slice * shape.axis1 + row) * shape.axis2
            for column in 0..<shape.axis2 { result[to + column] = voxels[from + column * layout.strides.axis2] }
          }
        }
      }
      count = shape.product
    }
  }
}
