import Foundation

/// Arrays of numbers that are taken during a step and given back together after it, so that no step allocates.
final class BufferPool {
  /// What was taken up to a moment.
  struct Mark {
    fileprivate let count: Int
  }

  private var free: [Int: [UnsafeMutablePointer<Float>]] = [:]
  private var taken: [(pointer: UnsafeMutablePointer<Float>, count: Int)] = []
  /// Bytes that the pool holds.
  private(set) var byteCount = 0

  deinit {
    for (pointer, _) in taken { Foundation.free(pointer) }
    for pointers in free.values {
      for pointer in pointers { Foundation.free(pointer) }
    }
  }

  /// Returns an array aligned to 64 bytes with any content.
  ///
  /// - Parameter count: The number of values.
  /// - Returns: The array's first number.
  func take(_ count: Int) -> UnsafeMutablePointer<Float> {
    let size = max(16, (count + 15) / 16 * 16)
    if let pointer = free[size]?.popLast() {
      taken.append((pointer, size))
      return pointer
    }
    var memory: UnsafeMutableRawPointer?
    let status = posix_memalign(&memory, 64, size * 4)
    precondition(status == 0, "memory for \(size) numbers")
    guard let memory else { preconditionFailure("memory for \(size) numbers") }
    byteCount += size * 4
    let pointer = memory.bindMemory(to: Float.self, capacity: size)
    taken.append((pointer, size))
    return pointer
  }

  /// Returns an array of zeros.
  ///
  /// - Parameter count: The number of values.
  /// - Returns: The array's first number.
  func takeZeros(_ count: Int) -> UnsafeMutablePointer<Float> {
    let pointer = take(count)
    pointer.update(repeating: 0, count: count)
    return pointer
  }

  /// Notes what is taken now.
  func mark() -> Mark { Mark(count: taken.count) }

  /// Takes back everything that was taken since a mark.
  func release(to mark: Mark) {
    while taken.count > mark.count {
      let (pointer, size) = taken.removeLast()
      free[size, default: []].append(pointer)
    }
  }

  /// Takes everything back.
  func releaseAll() { release(to: Mark(count: 0)) }
}
