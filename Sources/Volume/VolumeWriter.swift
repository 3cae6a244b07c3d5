/// Writes scans as NIfTI-1.
public enum VolumeWriter {
  /// The number types that scans are written in.
  public enum VoxelType: Sendable {
    /// 32-bit floats: the grey values exactly.
    case float32
    /// Signed 16-bit whole numbers: the grey values rounded half to even.
    case int16
  }

  /// Writes a scan; with the header that it was read with, its geometry is the same bit for bit.
  ///
  /// - Parameters:
  ///   - volume: The scan.
  ///   - path: Where it will be: `.nii`, `.nii.gz`, or `.hdr`/`.img` (both are written).
  ///   - type: The type of the voxels in the file.
  ///   - overwrite: Whether a file of that name may be replaced.
  ///   - inputs: Files that must never be replaced.
  /// - Throws: `VolumeError`, for instance when a grey value does not fit the type; then nothing was written.
  public static func write(
    _ volume: Volume, to path: String, type: VoxelType, overwrite: Bool = false, protecting inputs: [String] = []
  ) throws {
    let voxelType: NIfTIVoxelType = type == .float32 ? .float32 : .int16
    let fields = try NIfTIFields(grid: volume.grid, like: volume.header, voxelType: voxelType, path: path)
    let writer = NIfTIWriter(fields: fields, path: path, overwrite: overwrite, inputs: inputs)
    let isByteSwapped = fields.isByteSwapped
    try volume.voxels.withUnsafeBufferPointer { voxels in
      try writer.write(count: voxels.count, byteCount: voxelType.byteCount) { range, buffer in
        switch type {
        case .float32:
          let output = buffer.bindMemory(to: UInt32.self)
          for (position, index) in range.enumerated() {
            let bits = voxels[index].bitPattern
            output[position] = isByteSwapped ? bits.byteSwapped : bits
          }
        case .int16:
          let output = buffer.bindMemory(to: Int16.self)
          for (position, index) in range.enumerated() {
            guard let value = Int16(exactly: voxels[index].rounded(.toNearestOrEven)) else {
              throw VolumeError.valueOutOfRange(path: path, value: voxels[index], type: "int16")
            }
            output[position] = isByteSwapped ? value.byteSwapped : value
          }
        }
      }
    }
  }
}
