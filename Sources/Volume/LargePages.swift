import Foundation

/// Memory in large pages. Memory of the size of a scan comes from the system afresh each time, and the system hands it
/// out a page at a time when it is first written: with pages of 4 KiB that takes several times as long as writing.
public enum LargePages {
  /// Memory below this many bytes is reused by the allocator and left alone.
  static let smallestByteCount = 4 << 20

  /// Asks the system for large pages. Changes no byte; does nothing where the system has none.
  ///
  /// - Parameter memory: Memory that will be written soon.
  public static func advise(_ memory: UnsafeMutableRawBufferPointer) {
    guard memory.count >= smallestByteCount, let base = memory.baseAddress else { return }
    let page = Int(getpagesize())
    let first = (Int(bitPattern: base) + page - 1) / page * page
    let end = (Int(bitPattern: base) + memory.count) / page * page
    guard let start = UnsafeMutableRawPointer(bitPattern: first), end > first else { return }
    _ = madvise(start, end - first, MADV_HUGEPAGE)
  }
}

extension Array where Element: BitwiseCopyable {
  /// Makes an array in large pages.
  ///
  /// - Parameters:
  ///   - capacity: Room for so many elements.
  ///   - body: Sets elements and their number, as in `Array.init(unsafeUninitializedCapacity:initializingWith:)`.
  /// - Throws: What the body throws.
  public init(
    onLargePages capacity: Int,
    initializingWith body: (inout UnsafeMutableBufferPointer<Element>, inout Int) throws -> Void
  ) rethrows {
    try self.init(unsafeUninitializedCapacity: capacity) { buffer, count in
      LargePages.advise(UnsafeMutableRawBufferPointer(buffer))
      try body(&buffer, &count)
    }
  }

  /// The same elements in memory of their own, written by several threads: most of the time goes to the pages.
  public var copyOnLargePages: [Element] {
    [Element](onLargePages: count) { buffer, count in
      count = self.count
      guard let base = buffer.baseAddress else { return }
      withUnsafeBufferPointer { elements in
        guard let first = elements.baseAddress else { return }
        nonisolated(unsafe) let (target, source) = (base, first)
        let pieces = Parallel.split(0..<count, into: count * MemoryLayout<Element>.stride >> 21)
        Parallel.forEach(pieces.count) { piece in
          let start = pieces[piece].lowerBound
          (target + start).initialize(from: source + start, count: pieces[piece].count)
        }
      }
    }
  }
}
