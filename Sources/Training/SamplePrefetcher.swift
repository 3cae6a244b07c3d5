import Dispatch
import Foundation
import Volume

/// Makes the next crops on another thread while a step runs.
final class SamplePrefetcher {
  private let source: any SampleSource
  private let size: Axes3<Int>
  private var pending: [Int: DispatchedSample] = [:]
  private let queue = DispatchQueue(label: "canalis.training.samples")
  private let depth = 3

  /// Creates a prefetcher; nothing is made before the first request.
  init(source: any SampleSource, size: Axes3<Int>) {
    self.source = source
    self.size = size
  }

  /// Returns the crop of a number, and has the following ones made.
  func sample(number: Int) throws -> TrainingSample {
    for next in number..<number + depth where pending[next] == nil {
      let result = DispatchedSample()
      pending[next] = result
      let (source, size) = (source, size)
      queue.async { result.fulfil(Result { try source.sample(number: next, size: size) }) }
    }
    guard let result = pending.removeValue(forKey: number) else { return try source.sample(number: number, size: size) }
    return try result.wait()
  }
}

/// A crop that another thread makes.
private final class DispatchedSample: Sendable {
  private let condition = NSCondition()
  // Guarded by the condition's lock.
  nonisolated(unsafe) private var result: Result<TrainingSample, any Error>?

  func fulfil(_ value: Result<TrainingSample, any Error>) {
    condition.lock()
    result = value
    condition.broadcast()
    condition.unlock()
  }

  func wait() throws -> TrainingSample {
    condition.lock()
    defer { condition.unlock() }
    while true {
      if let result { return try result.get() }
      condition.wait()
    }
  }
}
