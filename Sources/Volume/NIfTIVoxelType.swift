/// The number types of NIfTI-1 voxels that are read.
enum NIfTIVoxelType: Int16, CaseIterable {
  case uint8 = 2
  case int16 = 4
  case int32 = 8
  case float32 = 16
  case float64 = 64
  case int8 = 256
  case uint16 = 512
  case uint32 = 768
  case int64 = 1024
  case uint64 = 1280

  /// The size of one voxel in the file.
  var byteCount: Int {
    switch self {
    case .uint8, .int8: 1
    case .int16, .uint16: 2
    case .int32, .uint32, .float32: 4
    case .int64, .uint64, .float64: 8
    }
  }

  /// Whether voxels can be NaN or infinite.
  var isFloatingPoint: Bool { self == .float32 || self == .float64 }

  /// The names of NIfTI-1 types that are known and not read.
  static func nameOfUnsupported(_ code: Int16) -> String? {
    switch code {
    case 1: "a scan of single bits"
    case 32: "a scan of complex numbers (complex64)"
    case 128: "a colour image (RGB24)"
    case 1536: "a scan of 128-bit floats"
    case 1792: "a scan of complex numbers (complex128)"
    case 2048: "a scan of complex numbers (complex256)"
    case 2304: "a colour image (RGBA32)"
    default: nil
    }
  }

  /// Converts stored voxels to 32-bit floats.
  ///
  /// - Parameters:
  ///   - stored: Whole voxels as the file has them; aligned for the type.
  ///   - output: Room for one float a voxel.
  ///   - isByteSwapped: Whether the file's byte order is the reverse of this machine's.
  ///   - scaling: Slope and intercept, applied in double precision; `nil` leaves the stored values.
  func convert(
    _ stored: UnsafeRawBufferPointer, into output: UnsafeMutablePointer<Float>, isByteSwapped: Bool, scaling: Scaling?
  ) {
    func run<Bits: FixedWidthInteger & BitwiseCopyable>(
      _ bits: Bits.Type, _ toFloat: (Bits) -> Float, _ toDouble: (Bits) -> Double
    ) {
      let input = stored.bindMemory(to: bits)
      switch (scaling, isByteSwapped) {
      case (nil, false):
        for index in 0..<input.count { output[index] = toFloat(input[index]) }
      case (nil, true):
        for index in 0..<input.count { output[index] = toFloat(input[index].byteSwapped) }
      case (let scaling?, _):
        for index in 0..<input.count {
          let value = toDouble(isByteSwapped ? input[index].byteSwapped : input[index])
          output[index] = Float(value * scaling.slope + scaling.intercept)
        }
      }
    }
    switch self {
    case .uint8: run(UInt8.self, { Float($0) }, { Double($0) })
    case .int8: run(Int8.self, { Float($0) }, { Double($0) })
    case .uint16: run(UInt16.self, { Float($0) }, { Double($0) })
    case .int16: run(Int16.self, { Float($0) }, { Double($0) })
    case .uint32: run(UInt32.self, { Float($0) }, { Double($0) })
    case .int32: run(Int32.self, { Float($0) }, { Double($0) })
    case .uint64: run(UInt64.self, { Float($0) }, { Double($0) })
    case .int64: run(Int64.self, { Float($0) }, { Double($0) })
    case .float32: run(UInt32.self, { Float(bitPattern: $0) }, { Double(Float(bitPattern: $0)) })
    case .float64: run(UInt64.self, { Float(Double(bitPattern: $0)) }, { Double(bitPattern: $0) })
    }
  }

  /// How stored numbers become grey values: `stored * slope + intercept`.
  struct Scaling: Equatable {
    var slope: Double
    var intercept: Double
  }
}
