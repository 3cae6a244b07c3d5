import Dispatch
import Foundation

/// Work spread over the processor's cores.
package enum Parallel {
  /// Threads that run at once.
  package static let width = max(1, ProcessInfo.processInfo.activeProcessorCount)

  /// Runs a body for every number from 0 to `count`, several at once, in any order.
  ///
  /// - Parameters:
  ///   - count: How often the body runs.
  ///   - body: The work; called from several threads.
  /// - Throws: The first error by number, after all have ended.
  package static func forEach(_ count: Int, _ body: (Int) throws -> Void) throws {
    var errors = [(any Error)?](repeating: nil, count: count)
    errors.withUnsafeMutableBufferPointer { slots in
      // Each run writes its own slot only.
      nonisolated(unsafe) let slots = slots
      nonisolated(unsafe) let body = body
      DispatchQueue.concurrentPerform(iterations: count) { index in
        do { try body(index) } catch { slots[index] = error }
      }
    }
    if let error = errors.lazy.compactMap({ $0 }).first { throw error }
  }

  /// Runs a body that cannot fail for every number from 0 to `count`, several at once, in any order.
  package static func forEach(_ count: Int, _ body: (Int) -> Void) {
    nonisolated(unsafe) let body = body
    DispatchQueue.concurrentPerform(iterations: count) { body($0) }
  }

  /// Cuts a range into at most `pieces` consecutive ranges of nearly equal length.
  package static func split(_ range: Range<Int>, into pieces: Int) -> [Range<Int>] {
    let count = max(1, min(pieces, range.count))
    return (0..<count).map { piece in
      range.lowerBound + range.count * piece / count..<range.lowerBound + range.count * (piece + 1) / count
    }
  }
}
