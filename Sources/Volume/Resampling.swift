/// The sizes and places of a grid after resampling to another spacing.
public enum Resampling {
  /// The number of voxels along each axis after resampling: `spacing / target * n` in double precision, rounded half to
  /// even, at least 1 (nnU-Net's `compute_new_shape`).
  ///
  /// - Parameters:
  ///   - shape: Voxels along each axis before.
  ///   - spacing: Millimetres between voxels before.
  ///   - target: Millimetres between voxels wanted.
  /// - Returns: Voxels along each axis after.
  /// - Throws: `VolumeError.resampledSizeAbsurd` beyond a million along an axis or 2^40 in all.
  public static func shape(
    of shape: Axes3<Int>, spacing: Axes3<Double>, target: Axes3<Double>
  ) throws -> Axes3<Int> {
    let absurd = VolumeError.resampledSizeAbsurd(spacing: spacing, target: target, shape: shape)
    let result = try Axes3(0, 1, 2).map { axis in
      let size = (spacing[axis] / target[axis] * Double(shape[axis])).rounded(.toNearestOrEven)
      guard size.isFinite, size >= 0, size <= 1_048_576 else { throw absurd }
      return max(1, Int(size))
    }
    // At most 2^60, so the product cannot overflow.
    guard result.product <= 1 << 40 else { throw absurd }
    return result
  }

  /// The voxel of a resampled grid that is nearest to a voxel: `(v + 0.5) * n_out / n_in - 0.5`, rounded half to even
  /// and clamped to the grid.
  ///
  /// - Parameters:
  ///   - voxel: A voxel index before.
  ///   - input: Voxels along each axis before.
  ///   - output: Voxels along each axis after.
  /// - Returns: The voxel index after.
  public static func index(of voxel: Axes3<Int>, from input: Axes3<Int>, to output: Axes3<Int>) -> Axes3<Int> {
    Axes3(0, 1, 2).map { axis in
      let place = (Double(voxel[axis]) + 0.5) * Double(output[axis]) / Double(input[axis]) - 0.5
      return Int(min(max(place.rounded(.toNearestOrEven), 0), Double(output[axis] - 1)))
    }
  }
}
