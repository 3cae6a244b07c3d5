/// The 348 bytes of a NIfTI-1 header, read and changed field by field in the header's own byte order.
///
/// Offsets and names are those of `nifti1.h` (NIfTI-1 Data Format, 2003).
struct NIfTIFields: Equatable {
  /// The length of a NIfTI-1 header.
  static let size = 348
  /// Where the voxels of a single file begin at the earliest: after the header and four bytes about extensions.
  static let singleFileVoxelOffset = 352

  private(set) var bytes: [UInt8]
  let isByteSwapped: Bool

  /// The place of each field that is used, in bytes from the start.
  enum Offset {
    static let headerSize = 0
    static let dimensions = 40
    static let dataType = 70
    static let bitsPerVoxel = 72
    static let pixelDimensions = 76
    static let voxelOffset = 108
    static let slope = 112
    static let intercept = 116
    static let units = 123
    static let calibrationMaximum = 124
    static let calibrationMinimum = 128
    static let description = 148
    static let qformCode = 252
    static let sformCode = 254
    static let quaternion = 256
    static let quaternionOffset = 268
    static let sformRows = 280
    static let magic = 344
  }

  init(bytes: [UInt8], isByteSwapped: Bool) {
    precondition(bytes.count == Self.size, "a NIfTI-1 header has 348 bytes")
    self.bytes = bytes
    self.isByteSwapped = isByteSwapped
  }

  /// A header of zeros in this machine's byte order, with its size filled in.
  static var empty: NIfTIFields {
    var fields = NIfTIFields(bytes: [UInt8](repeating: 0, count: size), isByteSwapped: false)
    fields.set(Int32(size), at: Offset.headerSize)
    return fields
  }

  /// A whole number of the header.
  func integer<Value: FixedWidthInteger & BitwiseCopyable>(_ type: Value.Type, at offset: Int) -> Value {
    let stored = bytes.withUnsafeBytes { $0.loadUnaligned(fromByteOffset: offset, as: type) }
    return isByteSwapped ? stored.byteSwapped : stored
  }

  /// A 32-bit float of the header.
  func float(at offset: Int) -> Float { Float(bitPattern: integer(UInt32.self, at: offset)) }

  /// Consecutive 32-bit floats of the header.
  func floats(at offset: Int, count: Int) -> [Float] { (0..<count).map { float(at: offset + 4 * $0) } }

  /// `dim[0]` to `dim[7]`: the number of axes, then the size of each.
  var dimensions: [Int] { (0..<8).map { Int(integer(Int16.self, at: Offset.dimensions + 2 * $0)) } }

  /// `"n+1"` for a single file, `"ni1"` for a pair, when the four bytes are one of these.
  var magic: String? {
    switch Array(bytes[Offset.magic...]) {
    case Array("n+1\0".utf8): "n+1"
    case Array("ni1\0".utf8): "ni1"
    default: nil
    }
  }

  /// Changes a whole number.
  mutating func set<Value: FixedWidthInteger & BitwiseCopyable>(_ value: Value, at offset: Int) {
    let stored = isByteSwapped ? value.byteSwapped : value
    bytes.withUnsafeMutableBytes { $0.storeBytes(of: stored, toByteOffset: offset, as: Value.self) }
  }

  /// Changes a 32-bit float.
  mutating func set(_ value: Float, at offset: Int) { set(value.bitPattern, at: offset) }

  /// Changes a text of at most `length` bytes; the rest is filled with zeros.
  mutating func set(_ text: String, at offset: Int, length: Int) {
    let encoded = Array(text.utf8.prefix(length))
    for position in 0..<length { bytes[offset + position] = position < encoded.count ? encoded[position] : 0 }
  }
}
