import Foundation

/// An array of NumPy's `.npy` format in C order: float32, int32, int64 or uint8.
public struct NPYArray: Sendable, Equatable {
  /// The number types that are read and written.
  public enum Element: String, Sendable, CaseIterable {
    /// 32-bit floats.
    case float32 = "f4"
    /// Signed 32-bit whole numbers.
    case int32 = "i4"
    /// Signed 64-bit whole numbers.
    case int64 = "i8"
    /// Bytes.
    case uint8 = "u1"

    /// The size of one number in bytes.
    public var byteCount: Int {
      switch self {
      case .float32, .int32: 4
      case .int64: 8
      case .uint8: 1
      }
    }
  }

  /// The numbers, last axis fastest.
  public enum Values: Sendable, Equatable {
    /// 32-bit floats.
    case float32([Float])
    /// Signed 32-bit whole numbers.
    case int32([Int32])
    /// Signed 64-bit whole numbers.
    case int64([Int64])
    /// Bytes.
    case uint8([UInt8])

    /// How many numbers there are.
    public var count: Int {
      switch self {
      case .float32(let values): values.count
      case .int32(let values): values.count
      case .int64(let values): values.count
      case .uint8(let values): values.count
      }
    }

    /// The type of the numbers.
    public var element: Element {
      switch self {
      case .float32: .float32
      case .int32: .int32
      case .int64: .int64
      case .uint8: .uint8
      }
    }
  }

  /// The size of each axis, slowest first; empty for a single number.
  public let shape: [Int]
  /// The numbers, last axis fastest; as many as the product of the shape.
  public let values: Values

  /// Creates an array.
  public init(shape: [Int], values: Values) {
    precondition(shape.allSatisfy { $0 >= 0 } && shape.reduce(1, *) == values.count, "one number for each element")
    self.shape = shape
    self.values = values
  }

  /// The numbers as 32-bit floats, whatever type they have.
  public var floats: [Float] {
    switch values {
    case .float32(let values): values
    case .int32(let values): values.map { Float($0) }
    case .int64(let values): values.map { Float($0) }
    case .uint8(let values): values.map { Float($0) }
    }
  }

  /// The numbers as whole numbers, or `nil` when one of them has a fraction, is not finite or too large.
  public var integers: [Int]? {
    switch values {
    case .float32(let values):
      let result = values.compactMap { Int(exactly: $0) }
      return result.count == values.count ? result : nil
    case .int32(let values): return values.map { Int($0) }
    case .int64(let values): return values.map { Int($0) }
    case .uint8(let values): return values.map { Int($0) }
    }
  }

  /// Reads a file of format version 1, 2 or 3, either byte order.
  ///
  /// - Parameters:
  ///   - path: The file.
  ///   - memoryLimitInBytes: The most memory the numbers may take; what is available when `nil`.
  /// - Returns: The array.
  /// - Throws: `VolumeError.invalidArray`, `.truncated`, `.exceedsMemory` or `.system`.
  public static func read(path: String, memoryLimitInBytes: Int? = nil) throws -> NPYArray {
    let source = try ByteSource(path: path)
    let header = try NPYHeader(reading: source, path: path)
    guard let size = header.byteCount, case (let expected, false) = source.position.addingReportingOverflow(size) else {
      throw VolumeError.invalidArray(
        path: path, reason: "its shape \(header.shape) has more values than can be counted; save it again")
    }
    guard expected <= source.maximumByteCount else {
      throw VolumeError.truncated(path: path, expected: expected, actual: source.maximumByteCount)
    }
    let available = memoryLimitInBytes ?? AvailableMemory.bytes
    guard size <= available else { throw VolumeError.exceedsMemory(path: path, needed: size, available: available) }
    return NPYArray(shape: header.shape, values: try header.readValues(from: source, path: path))
  }

  /// Writes the array as format version 1, little-endian; the file appears whole or not at all.
  ///
  /// - Parameters:
  ///   - path: Where the file will be.
  ///   - overwrite: Whether a file of that name may be replaced.
  ///   - inputs: Files that must never be replaced.
  /// - Throws: `VolumeError`; then the destination is as it was.
  public func write(to path: String, overwrite: Bool = false, protecting inputs: [String] = []) throws {
    let writer = try NPYWriter(
      path: path, shape: shape, element: values.element, overwrite: overwrite, protecting: inputs)
    switch values {
    case .float32(let values): try values.withUnsafeBufferPointer { try writer.write($0) }
    case .int32(let values): try values.withUnsafeBytes { try writer.write(raw: $0) }
    case .int64(let values): try values.withUnsafeBytes { try writer.write(raw: $0) }
    case .uint8(let values): try values.withUnsafeBytes { try writer.write(raw: $0) }
    }
    try writer.finish()
  }
}
