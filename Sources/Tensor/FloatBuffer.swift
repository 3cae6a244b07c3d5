import CKernels

/// Memory for float32 values: zeroed, aligned to 64 bytes, on huge pages when large; freed with its last reference.
public final class FloatBuffer {
  /// Number of values.
  public let count: Int
  /// The first value.
  public let pointer: UnsafeMutablePointer<Float>

  private let byteCount: Int

  /// Reserves memory; the system provides pages as they are first written.
  ///
  /// - Parameter count: Number of values, at least 0.
  /// - Throws: `TensorError.outOfMemory` when the system refuses.
  public init(count: Int) throws {
    let (bytes, overflow) = max(count, 1).multipliedReportingOverflow(by: MemoryLayout<Float>.stride)
    guard !overflow, let memory = ck_allocate(bytes) else {
      throw TensorError.outOfMemory(bytes: overflow ? Int.max : bytes)
    }
    self.count = count
    byteCount = bytes
    pointer = memory.bindMemory(to: Float.self, capacity: max(count, 1))
  }

  /// Copies an array.
  ///
  /// - Parameter values: The values.
  /// - Throws: `TensorError.outOfMemory` when the system refuses.
  public convenience init(_ values: [Float]) throws {
    try self.init(count: values.count)
    values.withUnsafeBufferPointer { source in
      guard let base = source.baseAddress else { return }
      pointer.update(from: base, count: values.count)
    }
  }

  deinit {
    ck_free(pointer, byteCount)
  }

  /// The values.
  public var values: UnsafeMutableBufferPointer<Float> { UnsafeMutableBufferPointer(start: pointer, count: count) }
}
