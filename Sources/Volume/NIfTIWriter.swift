/// Writes NIfTI-1 files: `.nii`, `.nii.gz`, or a `.hdr`/`.img` pair by the output's name; whole or not at all.
struct NIfTIWriter {
  /// The header as it will be, but for what the kind of file decides.
  var fields: NIfTIFields
  var path: String
  var overwrite: Bool
  var inputs: [String]

  /// Writes the file or pair.
  ///
  /// - Parameters:
  ///   - count: The number of voxels.
  ///   - byteCount: The size of one voxel.
  ///   - fill: Fills a piece of the voxels, as the file will have them: the range of voxels, and room for them.
  /// - Throws: `VolumeError`, or what `fill` throws; then nothing was written.
  func write(
    count: Int, byteCount: Int, fill: (Range<Int>, UnsafeMutableRawBufferPointer) throws -> Void
  ) throws {
    let files = try NIfTIFilePaths(new: path)
    if files.isPair {
      try writePair(header: files.header, voxels: files.voxels, count: count, byteCount: byteCount, fill: fill)
      return
    }
    let file = try AtomicFile(path: path, overwrite: overwrite, protecting: inputs)
    let gzip = path.lowercased().hasSuffix(".gz") ? GzipCompressor() : nil
    func append(_ bytes: UnsafeRawBufferPointer, isLast: Bool) throws {
      if let gzip {
        try gzip.compress(bytes, isLast: isLast) { try file.write($0) }
      } else {
        try file.write(bytes)
      }
    }
    // Four zeros after the header: no extensions.
    let start = header(magic: "n+1", voxelOffset: Float(NIfTIFields.singleFileVoxelOffset)).bytes + [0, 0, 0, 0]
    try start.withUnsafeBytes { try append($0, isLast: false) }
    try forEachPiece(count: count, byteCount: byteCount, fill: fill, append)
    try file.commit()
  }

  private func writePair(
    header headerPath: String, voxels voxelsPath: String, count: Int, byteCount: Int,
    fill: (Range<Int>, UnsafeMutableRawBufferPointer) throws -> Void
  ) throws {
    let headerFile = try AtomicFile(path: headerPath, overwrite: overwrite, protecting: inputs)
    let voxelsFile = try AtomicFile(path: voxelsPath, overwrite: overwrite, protecting: inputs)
    try headerFile.write(header(magic: "ni1", voxelOffset: 0).bytes)
    try forEachPiece(count: count, byteCount: byteCount, fill: fill) { bytes, _ in try voxelsFile.write(bytes) }
    // A header without voxels would be taken for a damaged scan, voxels without a header for nothing.
    try voxelsFile.commit()
    try headerFile.commit()
  }

  private func header(magic: String, voxelOffset: Float) -> NIfTIFields {
    var result = fields
    result.set(magic, at: NIfTIFields.Offset.magic, length: 4)
    result.set(voxelOffset, at: NIfTIFields.Offset.voxelOffset)
    return result
  }

  private func forEachPiece(
    count: Int, byteCount: Int, fill: (Range<Int>, UnsafeMutableRawBufferPointer) throws -> Void,
    _ body: (UnsafeRawBufferPointer, Bool) throws -> Void
  ) throws {
    let pieceCount = min(count, (1 << 20) / byteCount)
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: pieceCount * byteCount, alignment: 16)
    defer { buffer.deallocate() }
    for start in stride(from: 0, to: count, by: pieceCount) {
      let range = start..<min(start + pieceCount, count)
      let piece = UnsafeMutableRawBufferPointer(rebasing: buffer[..<(range.count * byteCount)])
      try fill(range, piece)
      try body(UnsafeRawBufferPointer(piece), range.upperBound == count)
    }
  }
}

extension NIfTIFields {
  /// The header for a new file on a grid, with the geometry bytes of the scan when there are any.
  ///
  /// - Parameters:
  ///   - grid: Where the voxels lie.
  ///   - header: The scan's own header, whose sizes must be the grid's, or `nil`.
  ///   - voxelType: The type of the new file's voxels.
  ///   - path: The new file, for messages.
  /// - Throws: `VolumeError` when header and grid do not belong together or the grid is too large for NIfTI-1.
  init(grid: Grid, like header: ScanHeader?, voxelType: NIfTIVoxelType, path: String) throws {
    switch header {
    case .nifti(let bytes, let isByteSwapped)?:
      guard bytes.count == Self.size else {
        throw VolumeError.truncated(path: path, expected: Self.size, actual: bytes.count)
      }
      self.init(bytes: bytes, isByteSwapped: isByteSwapped)
      let stored = [dimensions[3], dimensions[2], dimensions[1]]
      guard stored == grid.shape.array else {
        throw VolumeError.gridMismatch(
          path: path, expected: "the scan's shape \(stored)", actual: "shape \(grid.shape.array)")
      }
    case nil:
      self = try Self.describing(grid, path: path)
    }
    set(voxelType.rawValue, at: Offset.dataType)
    set(Int16(voxelType.byteCount * 8), at: Offset.bitsPerVoxel)
    set(Float(1), at: Offset.slope)
    set(Float(0), at: Offset.intercept)
    set(Float(0), at: Offset.calibrationMaximum)
    set(Float(0), at: Offset.calibrationMinimum)
  }

  /// A header made from a grid alone: millimetres; sform and, where no axis is sheared, the same as qform.
  private static func describing(_ grid: Grid, path: String) throws -> NIfTIFields {
    var fields = NIfTIFields.empty
    fields.set(Int16(3), at: Offset.dimensions)
    for index in 1...7 {
      let size = index <= 3 ? grid.shape[3 - index] : 1
      guard let stored = Int16(exactly: size) else {
        throw VolumeError.unsupported(
          path: path, feature: "an axis of \(size) voxels in NIfTI-1", advice: "crop or resample the scan")
      }
      fields.set(stored, at: Offset.dimensions + 2 * index)
      fields.set(index <= 3 ? Float(grid.spacing[3 - index]) : 1, at: Offset.pixelDimensions + 4 * index)
    }
    fields.set(Float(1), at: Offset.pixelDimensions)
    fields.set(UInt8(2), at: Offset.units)
    fields.set("Canalis", at: Offset.description, length: 80)
    if let affine = grid.affine { fields.setForms(affine) }
    return fields
  }
}
