/// Writes masks as NIfTI-1 with the geometry of the scan that they belong to, bit for bit.
public enum MaskWriter {
  /// The files that a mask of some name is written to.
  ///
  /// - Parameter path: Where the mask will be.
  /// - Returns: The one file, or both of a pair.
  /// - Throws: `VolumeError.unknownFormat` for a name that says no format.
  public static func files(of path: String) throws -> [String] { try NIfTIFilePaths(new: path).all }

  /// Writes a mask as unsigned bytes.
  ///
  /// With a scan's header, the new file has the same 348 bytes, in the same byte order, but for voxel type, voxel
  /// offset, magic, slope, intercept and display range: sizes, spacing, sform and qform are the scan's, bit for bit.
  /// Extensions are not copied. A compressed file has no time stamp: the same mask gives the same bytes.
  ///
  /// - Parameters:
  ///   - mask: The labels, in the scan's stored order.
  ///   - header: The scan's header; `nil` makes one from the mask's grid.
  ///   - path: Where the mask will be: `.nii`, `.nii.gz`, or `.hdr`/`.img` (both are written).
  ///   - overwrite: Whether a file of that name may be replaced.
  ///   - inputs: Files that must never be replaced by whatever name, the scan above all.
  /// - Throws: `VolumeError`; then nothing was written.
  public static func write(
    _ mask: Mask, likeScan header: ScanHeader?, to path: String, overwrite: Bool = false,
    protecting inputs: [String] = []
  ) throws {
    let fields = try NIfTIFields(grid: mask.grid, like: header, voxelType: .uint8, path: path)
    let writer = NIfTIWriter(fields: fields, path: path, overwrite: overwrite, inputs: inputs)
    try mask.labels.withUnsafeBytes { labels in
      try writer.write(count: labels.count, byteCount: 1) { range, buffer in
        buffer.copyMemory(from: UnsafeRawBufferPointer(rebasing: labels[range]))
      }
    }
  }
}
