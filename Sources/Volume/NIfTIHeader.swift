import CNIfTI

/// What a NIfTI-1 header says, every field checked before anything is done with it.
struct NIfTIHeader {
  let fields: NIfTIFields
  /// Whether the voxels are in a separate `.img` file.
  let isPair: Bool
  let grid: Grid
  let voxelType: NIfTIVoxelType
  let scaling: NIfTIVoxelType.Scaling?
  /// Bytes before the first voxel in the file that holds the voxels.
  let voxelOffset: Int
  let warnings: [String]

  /// The size of all voxels in the file. Cannot overflow: three 15-bit sizes times at most 8.
  var voxelByteCount: Int { grid.shape.product * voxelType.byteCount }

  /// The bytes, to be kept with the scan.
  var scanHeader: ScanHeader { .nifti(bytes: fields.bytes, isByteSwapped: fields.isByteSwapped) }

  /// Checks the 348 bytes of a header.
  ///
  /// - Parameters:
  ///   - bytes: The start of the file, 348 bytes or, when the file is shorter, fewer.
  ///   - path: The file, for messages.
  /// - Throws: `VolumeError` that names the field.
  init(bytes: [UInt8], path: String) throws {
    fields = try Self.findByteOrder(bytes, path: path)
    switch fields.magic {
    case "n+1": isPair = false
    case "ni1": isPair = true
    default:
      let isAnalyze = fields.bytes[NIfTIFields.Offset.magic...].allSatisfy { $0 == 0 }
      throw VolumeError.notNIfTI(
        path: path,
        reason: isAnalyze
          ? "its magic is empty, as in ANALYZE 7.5, which does not say left from right; convert it to NIfTI-1"
          : "wrong magic (neither n+1 nor ni1 at byte 344)")
    }
    var warnings: [String] = []
    let shape = try Self.shape(fields, path: path)
    voxelType = try Self.voxelType(fields, path: path)
    voxelOffset = try Self.voxelOffset(fields, isPair: isPair, path: path)
    scaling = Self.scaling(fields, warnings: &warnings)
    let unit = Self.millimetersPerUnit(fields, warnings: &warnings)
    let spacing = try Self.spacing(fields, millimetersPerUnit: unit, path: path)
    let affine = Self.affine(fields, millimetersPerUnit: unit, warnings: &warnings)
    if let affine, Self.disagrees(affine, with: spacing) {
      warnings.append("The header's affine and its spacing disagree; distances use the spacing (pixdim).")
    }
    grid = Grid(shape: shape, spacing: spacing, affine: affine)
    self.warnings = warnings
  }

  private static func findByteOrder(_ bytes: [UInt8], path: String) throws -> NIfTIFields {
    guard bytes.count >= 4 else {
      throw VolumeError.truncated(path: path, expected: NIfTIFields.size, actual: bytes.count)
    }
    let size = bytes.withUnsafeBytes { $0.loadUnaligned(as: Int32.self) }
    if size == 540 || size.byteSwapped == 540 {
      throw VolumeError.unsupported(path: path, feature: "NIfTI-2", advice: "convert it to NIfTI-1")
    }
    guard size == NIfTIFields.size || size.byteSwapped == NIfTIFields.size else {
      throw VolumeError.notNIfTI(path: path, reason: "it does not begin with a header size of 348")
    }
    guard bytes.count == NIfTIFields.size else {
      throw VolumeError.truncated(path: path, expected: NIfTIFields.size, actual: bytes.count)
    }
    return NIfTIFields(bytes: bytes, isByteSwapped: size != NIfTIFields.size)
  }

  private static func shape(_ fields: NIfTIFields, path: String) throws -> Axes3<Int> {
    let dimensions = fields.dimensions
    guard (1...7).contains(dimensions[0]) else {
      throw VolumeError.invalidField(
        path: path, field: "number of axes (dim[0])", value: "\(dimensions[0])", expected: "3")
    }
    guard dimensions[0] >= 3 else {
      throw VolumeError.unsupported(
        path: path, feature: "an image of \(dimensions[0]) dimension\(dimensions[0] == 1 ? "" : "s")",
        advice: "a scan has three; join its slices into one volume")
    }
    for axis in 1...dimensions[0] where dimensions[axis] < 1 {
      throw VolumeError.invalidField(
        path: path, field: "size of axis \(axis) (dim[\(axis)])", value: "\(dimensions[axis])", expected: "at least 1")
    }
    if dimensions[0] > 3 {
      let frames = dimensions[4...dimensions[0]].reduce(1) { $0.multipliedReportingOverflow(by: $1).partialValue }
      guard dimensions[4...dimensions[0]].allSatisfy({ $0 == 1 }) else {
        throw VolumeError.unsupported(
          path: path, feature: "a series of \(frames) volumes (\(dimensions[0])-D)",
          advice: "extract the volume that is meant into its own file")
      }
    }
    return Axes3(dimensions[3], dimensions[2], dimensions[1])
  }

  private static func voxelType(_ fields: NIfTIFields, path: String) throws -> NIfTIVoxelType {
    let code = fields.integer(Int16.self, at: NIfTIFields.Offset.dataType)
    guard let type = NIfTIVoxelType(rawValue: code) else {
      if let name = NIfTIVoxelType.nameOfUnsupported(code) {
        throw VolumeError.unsupported(path: path, feature: name, advice: "convert it to one grey value a voxel")
      }
      throw VolumeError.invalidField(
        path: path, field: "voxel type (datatype)", value: "\(code)", expected: "a code of the NIfTI-1 standard")
    }
    let bits = fields.integer(Int16.self, at: NIfTIFields.Offset.bitsPerVoxel)
    guard Int(bits) == type.byteCount * 8 else {
      throw VolumeError.invalidField(
        path: path, field: "bits per voxel (bitpix)", value: "\(bits)",
        expected: "\(type.byteCount * 8) for voxels of type \(type)")
    }
    return type
  }

  private static func voxelOffset(_ fields: NIfTIFields, isPair: Bool, path: String) throws -> Int {
    let offset = fields.float(at: NIfTIFields.Offset.voxelOffset)
    let minimum = isPair ? 0 : NIfTIFields.singleFileVoxelOffset
    guard offset.isFinite, offset >= Float(minimum), offset < Float(Int32.max), offset == offset.rounded() else {
      throw VolumeError.invalidField(
        path: path, field: "voxel offset (vox_offset)", value: "\(offset)",
        expected: "a whole number of at least \(minimum)")
    }
    return Int(offset)
  }

  private static func scaling(_ fields: NIfTIFields, warnings: inout [String]) -> NIfTIVoxelType.Scaling? {
    let slope = fields.float(at: NIfTIFields.Offset.slope)
    let intercept = fields.float(at: NIfTIFields.Offset.intercept)
    // A slope of zero means that the stored numbers are meant as they are (nifti1.h).
    if slope == 0 { return nil }
    guard slope.isFinite, intercept.isFinite else {
      warnings.append(
        "The header's slope or intercept is not a finite number; the stored numbers are used as they are.")
      return nil
    }
    return slope == 1 && intercept == 0
      ? nil : NIfTIVoxelType.Scaling(slope: Double(slope), intercept: Double(intercept))
  }

  private static func millimetersPerUnit(_ fields: NIfTIFields, warnings: inout [String]) -> Double {
    switch fields.bytes[NIfTIFields.Offset.units] & 7 {
    case 1:
      warnings.append("The header gives lengths in metres; they were converted to millimetres.")
      return 1000
    case 3:
      warnings.append("The header gives lengths in micrometres; they were converted to millimetres.")
      return 0.001
    default: return 1
    }
  }

  private static func spacing(
    _ fields: NIfTIFields, millimetersPerUnit: Double, path: String
  ) throws -> Axes3<Double> {
    try Axes3(3, 2, 1).map { index in
      let value = fields.float(at: NIfTIFields.Offset.pixelDimensions + 4 * index)
      let spacing = Double(value) * millimetersPerUnit
      // Closer or farther apart than any scanner's voxels, and sizes computed from it would be absurd.
      guard spacing >= 1e-4, spacing <= 1e4 else {
        throw VolumeError.invalidField(
          path: path, field: "voxel spacing (pixdim[\(index)])",
          value: millimetersPerUnit == 1 ? "\(value)" : "\(value), in millimetres \(spacing)",
          expected: "0.0001 to 10000 mm")
      }
      return spacing
    }
  }

  /// The sform when its code is set, else the qform when its code is set (nifti1.h, methods 3 and 2). An unusable one
  /// falls through with a warning.
  private static func affine(
    _ fields: NIfTIFields, millimetersPerUnit: Double, warnings: inout [String]
  ) -> Affine? {
    func usable(_ values: [Float], _ name: String) -> Affine? {
      let numbers = values.map { Double($0) * millimetersPerUnit }
      let affine = Affine(rows: (0..<3).map { Array(numbers[4 * $0..<4 * $0 + 4]) })
      if affine.isUsable { return affine }
      warnings.append("The header's \(name) is singular or not finite and was left out.")
      return nil
    }
    if fields.integer(Int16.self, at: NIfTIFields.Offset.sformCode) > 0,
      let affine = usable(fields.floats(at: NIfTIFields.Offset.sformRows, count: 12), "sform")
    {
      return affine
    }
    guard fields.integer(Int16.self, at: NIfTIFields.Offset.qformCode) > 0 else { return nil }
    var rows = [Float](repeating: 0, count: 12)
    canalis_nifti_quaternion_to_rows(
      fields.floats(at: NIfTIFields.Offset.quaternion, count: 3),
      fields.floats(at: NIfTIFields.Offset.quaternionOffset, count: 3),
      fields.floats(at: NIfTIFields.Offset.pixelDimensions + 4, count: 3),
      fields.float(at: NIfTIFields.Offset.pixelDimensions), &rows)
    return usable(rows, "qform")
  }

  private static func disagrees(_ affine: Affine, with spacing: Axes3<Double>) -> Bool {
    (0..<3).contains { axis in
      let step = affine.step(alongAxis: axis)
      return abs((step * step).sum().squareRoot() / spacing[axis] - 1) > 0.01
    }
  }
}
