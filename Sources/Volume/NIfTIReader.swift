import Foundation

/// Reads NIfTI-1 scans and masks: `.nii`, `.nii.gz`, and `.hdr`/`.img` pairs (either half may be named, and be
/// compressed), all integer and float types, either byte order.
///
/// A file is never believed: the header's 348 bytes are checked field by field, and the size that it claims is compared
/// with the file's own size and with the memory that is available before anything is allocated.
public enum NIfTIReader {
  /// The files that a scan of some name is read from.
  ///
  /// - Parameter path: The scan's file, or either file of a pair.
  /// - Returns: The file, or both of a pair; the name itself where the other half is missing.
  public static func files(of path: String) -> [String] { (try? NIfTIFilePaths(existing: path))?.all ?? [path] }

  /// Reads a scan.
  ///
  /// The spacing is the header's `pixdim`; the affine is the sform if its code is above 0, else the qform if its code
  /// is above 0, else `nil`. Grey values are `stored * scl_slope + scl_inter`. Voxels that are not finite numbers become
  /// the smallest finite value, with a warning on the volume.
  ///
  /// - Parameters:
  ///   - path: The scan's file, or either file of a pair.
  ///   - memoryLimitInBytes: The most memory the voxels may take; what is available when `nil`.
  ///   - progress: Called with the share of voxels read, 0 to 1; an error that it throws ends the reading.
  /// - Returns: The scan in stored order.
  /// - Throws: `VolumeError` for a file that cannot be read, or whatever `progress` throws.
  public static func read(
    path: String, memoryLimitInBytes: Int? = nil, progress: (Double) throws -> Void = { _ in }
  ) throws -> Volume {
    var (header, voxels) = try decode(path: path, memoryLimitInBytes: memoryLimitInBytes, progress: progress)
    var warnings = header.warnings
    if header.voxelType.isFloatingPoint || header.scaling != nil {
      guard let replaced = replaceNonFinite(&voxels) else { throw VolumeError.noFiniteVoxels(path: path) }
      if replaced.count > 0 {
        warnings.append(
          "\(replaced.count) voxel\(replaced.count == 1 ? " is" : "s are") not a finite number and became "
            + "\(replaced.value), the smallest value of the scan.")
      }
    }
    return Volume(grid: header.grid, voxels: voxels, header: header.scanHeader, warnings: warnings)
  }

  /// Reads a mask: every voxel a whole number from 0 to 255, in any type.
  ///
  /// - Parameters:
  ///   - path: The mask's file, or either file of a pair.
  ///   - expectedGrid: The grid that the mask must lie on, or `nil` for any.
  /// - Returns: The mask in stored order.
  /// - Throws: `VolumeError` for a file that cannot be read, is not a mask, or lies elsewhere.
  public static func readMask(path: String, expectedGrid: Grid? = nil) throws -> Mask {
    let (header, voxels) = try decode(
      path: path, memoryLimitInBytes: nil,
      validate: { grid in
        if let expectedGrid, let difference = expectedGrid.difference(to: grid) {
          throw VolumeError.gridMismatch(path: path, expected: difference.expected, actual: difference.actual)
        }
      })
    let shape = header.grid.shape
    let labels = try [UInt8](onLargePages: voxels.count) { buffer, count in
      for (offset, value) in voxels.enumerated() {
        guard let label = UInt8(exactly: value) else {
          throw VolumeError.notALabel(path: path, voxel: shape.index(at: offset), value: value)
        }
        buffer[offset] = label
      }
      count = voxels.count
    }
    return Mask(grid: header.grid, labels: labels)
  }

  /// Reads a scan's grid and header without its voxels.
  ///
  /// - Parameter path: The scan's file, or either file of a pair.
  /// - Returns: Grid, header and the sentences about what is odd in it.
  /// - Throws: `VolumeError` for a file whose header cannot be used.
  public static func readGrid(path: String) throws -> (grid: Grid, header: ScanHeader, warnings: [String]) {
    let opened = try open(path: path)
    return (opened.header.grid, opened.header.scanHeader, opened.header.warnings)
  }

  private static func open(path: String) throws -> (header: NIfTIHeader, source: ByteSource) {
    let paths = try NIfTIFilePaths(existing: path)
    let source = try ByteSource(path: paths.header)
    let header = try NIfTIHeader(bytes: try source.read(upTo: NIfTIFields.size), path: paths.header)
    if header.isPair && !paths.isPair {
      throw VolumeError.notNIfTI(
        path: path, reason: "its magic says that the voxels are in a separate .img; name it .hdr beside that file")
    }
    if !header.isPair && paths.isPair {
      throw VolumeError.notNIfTI(
        path: paths.header, reason: "its magic says that header and voxels are one file; name it .nii")
    }
    return (header, paths.isPair ? try ByteSource(path: paths.voxels) : source)
  }

  private static func decode(
    path: String, memoryLimitInBytes: Int?, validate: (Grid) throws -> Void = { _ in },
    progress: (Double) throws -> Void = { _ in }
  ) throws -> (header: NIfTIHeader, voxels: [Float]) {
    let (header, source) = try open(path: path)
    try validate(header.grid)
    let expected = header.voxelOffset + header.voxelByteCount
    guard expected <= source.maximumByteCount else {
      throw VolumeError.truncated(path: path, expected: expected, actual: source.maximumByteCount)
    }
    let count = header.grid.shape.product
    let needed = count * MemoryLayout<Float>.stride
    let available = memoryLimitInBytes ?? AvailableMemory.bytes
    guard needed <= available else {
      throw VolumeError.exceedsMemory(path: path, needed: needed, available: available)
    }
    try source.skip(to: header.voxelOffset)

    let voxelsPerChunk = (1 << 20) / header.voxelType.byteCount
    let chunk = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 16)
    defer { chunk.deallocate() }
    let voxels = try [Float](onLargePages: count) { buffer, initializedCount in
      guard let output = buffer.baseAddress else { return }
      var done = 0
      while done < count {
        let wanted = min(voxelsPerChunk, count - done)
        let part = UnsafeMutableRawBufferPointer(rebasing: chunk[..<(wanted * header.voxelType.byteCount)])
        guard try source.read(into: part) == part.count else {
          throw VolumeError.truncated(path: path, expected: expected, actual: source.position)
        }
        header.voxelType.convert(
          UnsafeRawBufferPointer(part), into: output + done, isByteSwapped: header.fields.isByteSwapped,
          scaling: header.scaling)
        done += wanted
        try progress(Double(done) / Double(count))
      }
      initializedCount = count
    }
    // gzip's checksum is compared when its end is reached, which the last voxel is just short of.
    _ = try source.read(upTo: 1)
    return (header, voxels)
  }

  /// Gives voxels that are not finite the smallest finite value; `nil` when there is none.
  private static func replaceNonFinite(_ voxels: inout [Float]) -> (count: Int, value: Float)? {
    voxels.withUnsafeMutableBufferPointer { buffer in
      var smallest = Float.infinity
      var count = 0
      for index in 0..<buffer.count {
        let value = buffer[index]
        if value.isFinite { smallest = min(smallest, value) } else { count += 1 }
      }
      guard count < buffer.count else { return nil }
      if count > 0 {
        for index in 0..<buffer.count where !buffer[index].isFinite { buffer[index] = smallest }
      }
      return (count, smallest)
    }
  }
}
