/// Where a tensor of a checkpoint lies: a storage, and the window that the tensor is on it.
struct TensorView: Sendable, Equatable {
  /// The storage.
  var storage: StorageReference
  /// The element of the storage that is the tensor's first.
  var offset: Int
  /// The sizes of the axes.
  var shape: [Int]
  /// Elements of the storage from one index of each axis to the next.
  var strides: [Int]

  /// A storage: an array of numbers in an entry of the archive.
  struct StorageReference: Sendable, Equatable {
    /// The name of PyTorch's class or type, for messages.
    var typeName: String
    /// The type of the numbers; `nil` for one that is not supported.
    var elementType: ElementType?
    /// The name of the entry, without its folder.
    var key: String
    /// The number of elements.
    var count: Int
  }

  /// The range of storage elements that the tensor touches, or what is wrong with its window.
  ///
  /// Every sum and product is checked, and the tensor may not have more elements than its storage: a small file cannot
  /// ask for a large array by strides of zero.
  func extent() -> Result<Range<Int>, WindowProblem> {
    guard offset >= 0, strides.count == shape.count, shape.allSatisfy({ $0 >= 0 }), strides.allSatisfy({ $0 >= 0 })
    else { return .failure(WindowProblem("its offset, shape or strides are negative or do not fit together")) }
    let outside = WindowProblem(
      "its window (offset \(offset), shape \(shape), strides \(strides)) lies outside its storage of "
        + "\(storage.count) elements")
    var count = 1
    var last = offset
    let isEmpty = shape.contains(0)
    for (size, stride) in zip(shape, strides) where !isEmpty {
      let (newCount, countOverflows) = count.multipliedReportingOverflow(by: size)
      let (reach, reachOverflows) = (size - 1).multipliedReportingOverflow(by: stride)
      let (newLast, lastOverflows) = last.addingReportingOverflow(reach)
      guard !countOverflows, !reachOverflows, !lastOverflows else { return .failure(outside) }
      count = newCount
      last = newLast
    }
    if isEmpty {
      return offset <= storage.count ? .success(offset..<offset) : .failure(outside)
    }
    guard last < storage.count else { return .failure(outside) }
    guard count <= storage.count else {
      return .failure(
        WindowProblem("it repeats its storage of \(storage.count) elements to \(count), expected every element once"))
    }
    return .success(offset..<(last + 1))
  }

  /// What is wrong with a window, in a clause.
  struct WindowProblem: Error {
    /// The clause.
    let description: String

    /// Creates a problem from its clause.
    init(_ description: String) {
      self.description = description
    }
  }

  /// Returns the tensor's numbers in C order as float32.
  ///
  /// - Parameters:
  ///   - bytes: The storage's bytes of the elements of `extent()`.
  ///   - type: The storage's type.
  /// - Returns: The numbers, as many as the shape has elements.
  func gather(from bytes: [UInt8], type: ElementType) -> [Float] {
    if shape.contains(0) { return [] }
    if isContiguous { return type.floats(from: bytes) }
    let count = shape.reduce(1, *)
    return bytes.withUnsafeBytes { raw in
      type.withReader(of: raw) { read in
        [Float](unsafeUninitializedCapacity: count) { output, initialized in
          initialized = count
          var index = [Int](repeating: 0, count: shape.count)
          var position = 0
          for target in 0..<count {
            output[target] = read(position)
            var axis = shape.count - 1
            while axis >= 0 {
              index[axis] += 1
              position += strides[axis]
              if index[axis] < shape[axis] { break }
              position -= shape[axis] * strides[axis]
              index[axis] = 0
              axis -= 1
            }
          }
        }
      }
    }
  }

  /// Whether the elements follow one another in C order.
  private var isContiguous: Bool {
    var expected = 1
    for (size, stride) in zip(shape, strides).reversed() {
      if size != 1 && stride != expected { return false }
      expected *= size
    }
    return true
  }
}
