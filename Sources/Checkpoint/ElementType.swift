/// How a stored number is encoded; little-endian throughout.
enum ElementType: String, Sendable, CaseIterable {
  case float16 = "F16"
  case bfloat16 = "BF16"
  case float32 = "F32"
  case float64 = "F64"
  case int8 = "I8"
  case int16 = "I16"
  case int32 = "I32"
  case int64 = "I64"
  case uint8 = "U8"
  case uint16 = "U16"
  case uint32 = "U32"
  case uint64 = "U64"
  case bool = "BOOL"

  /// Bytes of one number.
  var size: Int {
    switch self {
    case .int8, .uint8, .bool: 1
    case .float16, .bfloat16, .int16, .uint16: 2
    case .float32, .int32, .uint32: 4
    case .float64, .int64, .uint64: 8
    }
  }

  /// The type of a PyTorch storage class, for instance `torch.FloatStorage`; `nil` for one that is not supported.
  init?(storageClass: String) {
    let known: [String: ElementType] = [
      "torch.HalfStorage": .float16, "torch.BFloat16Storage": .bfloat16, "torch.FloatStorage": .float32,
      "torch.DoubleStorage": .float64, "torch.CharStorage": .int8, "torch.ShortStorage": .int16,
      "torch.IntStorage": .int32, "torch.LongStorage": .int64, "torch.ByteStorage": .uint8,
      "torch.BoolStorage": .bool,
    ]
    guard let type = known[storageClass] else { return nil }
    self = type
  }

  /// The type of a PyTorch `dtype`, for instance `torch.float32`; `nil` for one that is not supported.
  init?(torchType: String) {
    let known: [String: ElementType] = [
      "torch.float16": .float16, "torch.bfloat16": .bfloat16, "torch.float32": .float32, "torch.float64": .float64,
      "torch.int8": .int8, "torch.int16": .int16, "torch.int32": .int32, "torch.int64": .int64,
      "torch.uint8": .uint8, "torch.uint16": .uint16, "torch.uint32": .uint32, "torch.uint64": .uint64,
      "torch.bool": .bool,
    ]
    guard let type = known[torchType] else { return nil }
    self = type
  }

  /// The type of a NumPy type code, for instance `f8`; `nil` for one that is not a plain number.
  init?(arrayCode: String) {
    let known: [String: ElementType] = [
      "f2": .float16, "f4": .float32, "f8": .float64, "i1": .int8, "i2": .int16, "i4": .int32, "i8": .int64,
      "u1": .uint8, "u2": .uint16, "u4": .uint32, "u8": .uint64, "b1": .bool,
    ]
    guard let type = known[arrayCode] else { return nil }
    self = type
  }

  /// Returns numbers of this type as float32.
  ///
  /// - Parameter bytes: A whole number of numbers.
  /// - Returns: The numbers, in order.
  func floats(from bytes: [UInt8]) -> [Float] {
    let count = bytes.count / size
    return bytes.withUnsafeBytes { raw in
      withReader(of: raw) { read in
        [Float](unsafeUninitializedCapacity: count) { output, initialized in
          initialized = count
          if self == .float32 {
            UnsafeMutableRawBufferPointer(output).copyMemory(
              from: UnsafeRawBufferPointer(rebasing: raw[..<(4 * count)]))
          } else {
            for index in 0..<count { output[index] = read(index) }
          }
        }
      }
    }
  }

  /// Calls a closure with a function that returns the number at an index as float32.
  ///
  /// The switch over types is outside of the loop that the closure runs.
  ///
  /// - Parameters:
  ///   - bytes: Little-endian numbers of this type.
  ///   - body: Receives the function; indices must be within the bytes.
  /// - Returns: What the closure returns.
  func withReader<Result>(
    of bytes: UnsafeRawBufferPointer, _ body: ((Int) -> Float) throws -> Result
  ) rethrows -> Result {
    func load<Value: FixedWidthInteger>(_ index: Int, as type: Value.Type) -> Value {
      Value(littleEndian: bytes.loadUnaligned(fromByteOffset: index * MemoryLayout<Value>.size, as: type))
    }
    switch self {
    case .float32: return try body { Float(bitPattern: load($0, as: UInt32.self)) }
    case .float64: return try body { Float(Double(bitPattern: load($0, as: UInt64.self))) }
    case .bfloat16: return try body { Float(bitPattern: UInt32(load($0, as: UInt16.self)) << 16) }
    case .float16: return try body { Self.float(halfBits: load($0, as: UInt16.self)) }
    case .int8: return try body { Float(load($0, as: Int8.self)) }
    case .int16: return try body { Float(load($0, as: Int16.self)) }
    case .int32: return try body { Float(load($0, as: Int32.self)) }
    case .int64: return try body { Float(load($0, as: Int64.self)) }
    case .uint8: return try body { Float(load($0, as: UInt8.self)) }
    case .uint16: return try body { Float(load($0, as: UInt16.self)) }
    case .uint32: return try body { Float(load($0, as: UInt32.self)) }
    case .uint64: return try body { Float(load($0, as: UInt64.self)) }
    case .bool: return try body { load($0, as: UInt8.self) == 0 ? 0 : 1 }
    }
  }

  /// Returns a half-precision number (IEEE 754 binary16) as float32, exactly.
  static func float(halfBits bits: UInt16) -> Float {
    let sign = UInt32(bits & 0x8000) << 16
    let exponent = UInt32(bits >> 10) & 0x1F
    let fraction = UInt32(bits & 0x3FF)
    switch exponent {
    case 0:
      let magnitude = Float(fraction) * 0x1p-24
      return sign == 0 ? magnitude : -magnitude
    case 0x1F:
      return Float(bitPattern: sign | 0x7F80_0000 | fraction << 13)
    default:
      return Float(bitPattern: sign | (exponent + 112) << 23 | fraction << 13)
    }
  }
}
