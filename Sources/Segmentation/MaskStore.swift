import Cache
import Clicks
import Foundation
import Synchronization
import Volume

/// Finished masks on disk, so that a scan that is opened again shows its mask at once.
///
/// A mask is kept under everything that it is a function of; it is written in the background, the newest first, and an
/// older one that still waits is dropped.
public final class MaskStore: Sendable {
  /// What a mask is a function of.
  public struct Source: Sendable {
    /// SHA-256 of the scan's voxels.
    public var scanSHA256: String
    /// The scan's grid.
    public var grid: Grid
    /// SHA-256 of the model's file.
    public var modelSHA256: String
    /// How the mask is computed.
    public var settings: SegmentationSettings
    /// The program and its build.
    public var program: String
    /// What computes, as far as results depend on it: kind of processor, threads.
    public var processor: String

    /// Creates a source.
    public init(
      scanSHA256: String, grid: Grid, modelSHA256: String, settings: SegmentationSettings, program: String,
      processor: String
    ) {
      self.scanSHA256 = scanSHA256
      self.grid = grid
      self.modelSHA256 = modelSHA256
      self.settings = settings
      self.program = program
      self.processor = processor
    }

    /// The key of the mask for some clicks, in their order.
    func key(clicks: [Click]) -> CacheKey {
      let affine = grid.affine.map { "\($0.rows)" }
      return CacheKey(
        scan: scanSHA256,
        facts: [
          "mask \(MaskStore.version)", program, processor, "model \(modelSHA256)",
          "grid \(grid.shape.array) \(grid.spacing.array) \(affine ?? "no affine")",
          "rules \(settings.rules.rawValue) mirrored \(settings.mirrorAxes) step \(settings.step) "
            + "post-processing \(settings.postprocessing)",
        ] + clicks.map { "\($0.kind.rawValue) \($0.voxel.array)" })
    }
  }

  /// The version of the bytes: to be raised whenever they, or the pipeline's masks, change.
  static let version = 3
  /// The most bytes of a kept mask, and of what it was compressed from.
  private static let limit = 1 << 30

  /// A mask that was kept.
  public struct Kept: Sendable, Equatable {
    /// The mask.
    public var labels: [UInt8]
    /// The network's own labels, from which a predictor goes on.
    public var modelLabels: [UInt8]
    /// The clicks, as positions in the list, that had to be forced.
    public var forcedClicks: [Int]
    /// What the user should know about the scan, one sentence each.
    public var warnings: [String]

    /// Creates a mask to be kept.
    public init(labels: [UInt8], modelLabels: [UInt8], forcedClicks: [Int], warnings: [String]) {
      self.labels = labels
      self.modelLabels = modelLabels
      self.forcedClicks = forcedClicks
      self.warnings = warnings
    }

    /// The number of voxels of a label.
    public func voxelCount(label: UInt8) -> Int {
      labels.withUnsafeBufferPointer { labels in
        var count = 0
        for value in labels where value == label { count += 1 }
        return count
      }
    }
  }

  /// What a mask's file says besides its labels.
  private struct Facts: Codable {
    var shape: [Int]
    var forcedClicks: [Int]
    var warnings: [String]
  }

  private let store: CacheStore
  private let source: Source
  private let queue = DispatchQueue(label: "masks to disk", qos: .utility)
  /// The newest mask that is not written yet.
  private let waiting = Mutex<(mask: Kept, clicks: [Click])?>(nil)

  /// Creates a store for one scan, model and settings.
  public init(store: CacheStore, source: Source) {
    self.store = store
    self.source = source
  }

  /// The mask for some clicks, if it was kept.
  ///
  /// - Parameter clicks: All clicks in order.
  /// - Returns: The mask, every voxel as it was.
  public func mask(clicks: [Click]) -> Kept? {
    guard let packed = store.content(source.key(clicks: clicks), limit: Self.limit),
      let bytes = Deflate.expanded(packed, limit: Self.limit), bytes.count >= 4
    else { return nil }
    let length = Int(UInt32(littleEndian: bytes.withUnsafeBytes { $0.loadUnaligned(as: UInt32.self) }))
    guard length <= bytes.count - 4,
      let facts = try? JSONDecoder().decode(Facts.self, from: Data(bytes[4..<4 + length])),
      facts.shape == source.grid.shape.array, facts.forcedClicks.allSatisfy({ clicks.indices.contains($0) })
    else { return nil }
    var rest = bytes[(4 + length)...]
    let voxels = source.grid.shape.product
    guard let labels = LabelRuns.labels(from: &rest, count: voxels),
      let modelLabels = LabelRuns.labels(from: &rest, count: voxels), rest.isEmpty
    else { return nil }
    return Kept(
      labels: labels, modelLabels: modelLabels, forcedClicks: facts.forcedClicks, warnings: facts.warnings)
  }

  /// Has a mask written in the background.
  ///
  /// - Parameters:
  ///   - mask: The mask of this scan, model and settings.
  ///   - clicks: Its clicks in order.
  public func keep(_ mask: Kept, clicks: [Click]) {
    precondition(mask.labels.count == source.grid.shape.product, "a mask of the scan")
    waiting.withLock { $0 = (mask, clicks) }
    queue.async { [self] in
      let next = waiting.withLock { waiting in
        defer { waiting = nil }
        return waiting
      }
      guard let next else { return }
      let bytes = Deflate.compressed(bytes(of: next.mask))
      bytes.withUnsafeBytes { _ = try? store.write(source.key(clicks: next.clicks), parts: [$0]) }
    }
  }

  /// Waits until everything is written, or for so many seconds.
  public func finish(withinSeconds seconds: Double = 10) {
    let isDone = DispatchSemaphore(value: 0)
    queue.async { isDone.signal() }
    _ = isDone.wait(timeout: .now() + seconds)
  }

  private func bytes(of mask: Kept) -> [UInt8] {
    let facts = Facts(shape: source.grid.shape.array, forcedClicks: mask.forcedClicks, warnings: mask.warnings)
    let json = (try? JSONEncoder().encode(facts)).map { Array($0) } ?? []
    var bytes = withUnsafeBytes(of: UInt32(json.count).littleEndian) { Array($0) } + json
    LabelRuns.append(mask.labels, to: &bytes)
    LabelRuns.append(mask.modelLabels, to: &bytes)
    return bytes
  }
}
