/// Writes a `.npy` file piece by piece, for arrays that are too large to be held; the file appears whole or not at all.
public final class NPYWriter {
  private let file: AtomicFile
  private let expectedByteCount: Int

  /// Begins a file.
  ///
  /// - Parameters:
  ///   - path: Where the file will be.
  ///   - shape: The size of each axis, slowest first.
  ///   - element: The type of the numbers.
  ///   - overwrite: Whether a file of that name may be replaced.
  ///   - inputs: Files that must never be replaced.
  /// - Throws: `VolumeError` when the file cannot be created.
  public init(
    path: String, shape: [Int], element: NPYArray.Element, overwrite: Bool = false, protecting inputs: [String] = []
  ) throws {
    let header = NPYHeader(element: element, shape: shape)
    guard let size = header.byteCount, shape.allSatisfy({ $0 >= 0 }) else {
      throw VolumeError.invalidArray(path: path, reason: "a shape of \(shape) is too large to be counted")
    }
    file = try AtomicFile(path: path, overwrite: overwrite, protecting: inputs)
    try file.write(header.encoded)
    expectedByteCount = file.byteCount + size
  }

  /// Appends floats to an array of `float32`.
  ///
  /// - Parameter values: The next numbers, last axis fastest.
  /// - Throws: `VolumeError.system`, for instance on a full disk.
  public func write(_ values: UnsafeBufferPointer<Float>) throws {
    try write(raw: UnsafeRawBufferPointer(values))
  }

  /// Appends floats to an array of `float32`.
  ///
  /// - Parameter values: The next numbers, last axis fastest.
  /// - Throws: `VolumeError.system`, for instance on a full disk.
  public func write(_ values: [Float]) throws {
    try values.withUnsafeBufferPointer { try write($0) }
  }

  /// Appends numbers of the array's type as this (little-endian) machine has them in memory.
  ///
  /// - Parameter bytes: The next numbers, last axis fastest.
  /// - Throws: `VolumeError.system`, for instance on a full disk.
  public func write(raw bytes: UnsafeRawBufferPointer) throws {
    precondition(file.byteCount + bytes.count <= expectedByteCount, "no more numbers than the shape says")
    try file.write(bytes)
  }

  /// Syncs the file and gives it its name.
  ///
  /// - Throws: `VolumeError`; then the destination is as it was.
  public func finish() throws {
    precondition(file.byteCount == expectedByteCount, "as many numbers as the shape says")
    try file.commit()
  }
}
