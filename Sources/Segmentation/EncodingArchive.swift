import Cache
import Foundation
import Synchronization
import UMamba2

/// Encodings on disk: read where that is faster than to compute them, written where nobody waits for it.
///
/// An encoding is written when reading it back would take at most half the time that computing it took: with the disk's
/// measured rate, and the encoder's. So on an ordinary disk (500 MB/s) the 1.4 GiB of a full-size window (18 s of
/// computing, 3 s of reading) are written, and the 16 MB of a compact one (25 ms against 33 ms) are not.
///
/// Writing happens on a queue of its own that holds on to a bounded number of bytes, and rests while a click is answered.
final class EncodingArchive<Network: PatchNetwork> {
  /// Bytes of encodings that may wait to be written.
  let waitingLimit: Int

  private let disk: DiskCache
  private let format: String
  private let input: NetworkInput
  private let plan: WindowPlan
  private let views: [MirrorAveraging.View]
  private let rule: Rule
  private let queue = DispatchQueue(label: "encodings to disk", qos: .utility)
  private let shared = Shared()
  /// Seconds that the quickest encoding took, or the guess before one was computed. Others waited for the processor, which
  /// says nothing about the encoder.
  private var encodeSeconds: Double
  private var isMeasured = false
  /// Files that were there, or wait to be written, when last looked.
  private var present: Set<String>
  private var keys: [Int: CacheKey] = [:]

  /// When an encoding is worth a file.
  private struct Rule: Sendable {
    let store: CacheStore
    let encodingBytes: Int
    let isAlways: Bool

    /// Whether reading is faster than computing. Who wrote a file found it so; this disk's own rate says more once it is
    /// known.
    func isWorthReading(encodeSeconds: Double) -> Bool {
      guard let rate = store.readRate, !isAlways else { return true }
      return Double(encodingBytes) / rate < encodeSeconds
    }

    /// Whether writing pays at a rate of reading.
    func isWorthWriting(encodeSeconds: Double, rate: Double) -> Bool {
      isAlways || writeMargin * Double(encodingBytes) / rate < encodeSeconds
    }

    /// Whether writing pays; measures the disk if nobody has.
    func isWorthWriting(encodeSeconds: Double) -> Bool {
      // A disk that would have to be faster than any is not worth the measurement.
      guard isWorthWriting(encodeSeconds: encodeSeconds, rate: fastestRate) else { return false }
      let rate = store.readRate ?? store.measureReadRate() ?? assumedRate
      return isWorthWriting(encodeSeconds: encodeSeconds, rate: rate)
    }
  }

  /// What the queue and the predictor's thread both look at.
  private final class Shared: Sendable {
    struct State {
      var waitingBytes = 0
      var isResting = false
      var isStopped = false
      var unwritten: [String] = []
    }

    let state = Mutex(State())

    /// Waits while a click is answered; false when nobody wants the file any more.
    func mayGoOn() -> Bool {
      while true {
        let (isResting, isStopped) = state.withLock { ($0.isResting, $0.isStopped) }
        if isStopped { return false }
        if !isResting { return true }
        usleep(2_000)
      }
    }
  }

  /// Creates an archive.
  ///
  /// - Parameters:
  ///   - disk: Where files go.
  ///   - format: The network's encoding format.
  ///   - input: The scan as the network sees it.
  ///   - plan: The windows.
  ///   - views: How they are mirrored.
  ///   - encodingBytes: What one encoding takes.
  ///   - encodeMultiplyAccumulates: The encoder's work.
  ///   - budgetInBytes: What encodings may take in memory altogether.
  init(
    disk: DiskCache, format: String, input: NetworkInput, plan: WindowPlan, views: [MirrorAveraging.View],
    encodingBytes: Int, encodeMultiplyAccumulates: Int, budgetInBytes: Int
  ) {
    self.disk = disk
    self.format = format
    self.input = input
    self.plan = plan
    self.views = views
    rule = Rule(store: disk.store, encodingBytes: encodingBytes, isAlways: disk.isAlwaysWorthIt)
    // Waiting costs memory that could keep encodings: an eighth of it, but one at least when there is room for two.
    waitingLimit = budgetInBytes < 2 * encodingBytes ? 0 : max(encodingBytes, min(64 << 20, budgetInBytes / 8))
    encodeSeconds = Double(encodeMultiplyAccumulates) / CostEstimate.assumedRate
    present = Set(disk.store.folder.entries.map(\.name))
  }

  deinit { shared.state.withLock { $0.isStopped = true } }

  /// Whether an encoding was on disk when last looked, and would be read.
  func has(window: Int, view: Int) -> Bool {
    !present.isEmpty && present.contains(key(window, view).fileName)
      && rule.isWorthReading(encodeSeconds: encodeSeconds)
  }

  /// Reads an encoding, if that is faster than to compute it.
  ///
  /// - Parameters:
  ///   - window: The window.
  ///   - view: The view.
  ///   - network: Makes the encoding.
  ///   - observer: Called now and then with the share that is done.
  /// - Returns: The encoding; `nil` when it has to be computed.
  /// - Throws: What the observer throws, or `TensorError.outOfMemory`.
  func read(
    window: Int, view: Int, network: Network, observer: (Double) throws -> Void
  ) throws -> Network.Encoding? {
    forgetUnwritten()
    guard has(window: window, view: view) else { return nil }
    let key = key(window, view)
    let encoding = try network.encoding { try disk.store.read(key, into: $0, observer: observer) }
    if encoding == nil { present.remove(key.fileName) }
    return encoding
  }

  /// Takes note of how long an encoding took.
  func noteEncoding(seconds: Double) {
    encodeSeconds = isMeasured ? min(encodeSeconds, seconds) : seconds
    isMeasured = true
  }

  /// Has an encoding written in the background, if that pays and there is room for it to wait.
  ///
  /// - Returns: Whether it waits or is on disk already.
  @discardableResult
  func writeSoon(_ encoding: Network.Encoding, window: Int, view: Int) -> Bool {
    let key = key(window, view)
    if present.contains(key.fileName) { return true }
    let (bytes, seconds) = (rule.encodingBytes, encodeSeconds)
    guard rule.isWorthWriting(encodeSeconds: seconds, rate: disk.store.readRate ?? fastestRate) else { return false }
    let isTaken = shared.state.withLock { state in
      guard state.waitingBytes + bytes <= waitingLimit else { return false }
      state.waitingBytes += bytes
      return true
    }
    guard isTaken else { return false }
    present.insert(key.fileName)
    queue.async { [rule, shared] in
      // The encoding is let go before its bytes are free for the next.
      Self.write(encoding, key: key, rule: rule, seconds: seconds, shared: shared)
      shared.state.withLock { $0.waitingBytes -= bytes }
    }
    return true
  }

  /// Writes an encoding while the caller waits, if that pays.
  ///
  /// - Parameters:
  ///   - encoding: The encoding.
  ///   - window: The window.
  ///   - view: The view.
  ///   - observer: Called now and then; throws to end.
  /// - Throws: What the observer throws.
  func writeNow(_ encoding: Network.Encoding, window: Int, view: Int, observer: () throws -> Void) throws {
    let key = key(window, view)
    guard !present.contains(key.fileName), rule.isWorthWriting(encodeSeconds: encodeSeconds) else { return }
    let isWritten = try Network.withParts(of: encoding) { parts in
      try disk.store.write(key, parts: parts) {
        try observer()
        return true
      }
    }
    if isWritten { present.insert(key.fileName) }
  }

  /// Has the queue rest, or go on.
  func rest(_ isResting: Bool) { shared.state.withLock { $0.isResting = isResting } }

  /// Waits until everything that waits is written.
  func finish() { queue.sync {} }

  private func key(_ window: Int, _ view: Int) -> CacheKey {
    let place = window * views.count + view
    if let key = keys[place] { return key }
    let key = disk.key(
      format: format, input: input, patch: plan.patch.array, start: plan.start(of: window).array, view: views[view])
    keys[place] = key
    return key
  }

  /// Learns of files that could not be written after all.
  private func forgetUnwritten() {
    let names = shared.state.withLock { state in
      defer { state.unwritten = [] }
      return state.unwritten
    }
    present.subtract(names)
  }

  private static func write(
    _ encoding: Network.Encoding, key: CacheKey, rule: Rule, seconds: Double, shared: Shared
  ) {
    guard shared.mayGoOn() else { return }
    let isWritten =
      rule.isWorthWriting(encodeSeconds: seconds)
      && (try? Network.withParts(of: encoding) { try rule.store.write(key, parts: $0) { shared.mayGoOn() } }) == true
    if !isWritten { shared.state.withLock { $0.unwritten.append(key.fileName) } }
  }
}

/// A read of an encoding must be so many times faster than the encoder for it to be written: the write costs too.
private let writeMargin = 2.0
/// Bytes a second of an ordinary disk, where the rate cannot be measured.
private let assumedRate = 500e6
/// Bytes a second that no reading with checksums exceeds.
private let fastestRate = 8e9
