import Checkpoint
import Foundation
import UMamba2
import Volume

/// What a first run over a scan will cost, to be said before it starts.
public struct CostEstimate: Sendable, Equatable {
  /// Windows that cover the scan.
  public let windows: Int
  /// Mirrored views of each window, the window itself included.
  public let views: Int
  /// Multiply-accumulates of all forward passes.
  public let multiplyAccumulates: Double
  /// The most memory that scan, pipeline and network hold at once, without what is kept for later runs.
  public let peakMemoryBytes: Int
  /// What would be kept for later runs if there were no budget.
  public let cacheBytes: Int
  /// The scan's share of `peakMemoryBytes`.
  let scanBytes: Int
  /// The network's weights' share of `peakMemoryBytes`.
  let weightBytes: Int

  /// A careful guess of this machine's rate before anything was measured: 25e9 multiply-accumulates a second and core.
  public static var assumedRate: Double { 25e9 * Double(max(1, ProcessInfo.processInfo.activeProcessorCount)) }

  /// How long the forward passes take.
  ///
  /// - Parameter rate: Multiply-accumulates a second, measured or assumed.
  /// - Returns: Seconds.
  public func seconds(multiplyAccumulatesPerSecond rate: Double = CostEstimate.assumedRate) -> Double {
    multiplyAccumulates / max(rate, 1)
  }

  /// Estimates the cost for a whole scan; its crop, which is known only from the voxels, can make it less.
  ///
  /// - Parameters:
  ///   - grid: The scan's grid.
  ///   - metadata: The model.
  ///   - settings: How it runs.
  ///   - patch: Voxels of a window; `nil` for what the pipeline makes them.
  /// - Throws: `SegmentationError`, `VolumeError` or `NetworkError` when the scan cannot be segmented so.
  public init(grid: Grid, metadata: ModelMetadata, settings: SegmentationSettings, patch: Axes3<Int>? = nil) throws {
    let pipeline = try PipelinePlan(metadata: metadata, settings: settings, orientation: grid.orientation)
    let box = VoxelBox(wholeOf: grid.shape)
    let patch = try patch ?? pipeline.patch(grid: grid, box: box)
    let geometry = try pipeline.geometry(grid: grid, box: box, patch: patch)
    try self.init(
      geometry: geometry, pipeline: pipeline, cost: ForwardCost(plan: metadata.plan, patch: patch), patch: patch)
  }

  init(geometry: ScanGeometry, pipeline: PipelinePlan, cost: ForwardCost, patch: Axes3<Int>) throws {
    let plan = try pipeline.windows(geometry: geometry, patch: patch)
    windows = plan.count
    views = pipeline.mirroring.views.count
    multiplyAccumulates = Double(plan.count) * Double(pipeline.mirroring.views.count) * Double(cost.multiplyAccumulates)
    let voxels = geometry.scanShape.product
    scanBytes = voxels * MemoryLayout<Float>.stride
    weightBytes = cost.parameterBytes
    // Scan, the network's labels, the mask, the one before it, the pipeline's buffers, and the network.
    peakMemoryBytes =
      scanBytes + voxels * 3
      + Self.workingBytes(geometry: geometry, pipeline: pipeline, patch: patch)
      + cost.peakBytes
      + (pipeline.notCanalGuidance == nil ? 0 : plan.count * CanalMap.byteCount(patch: patch))
    let answerBytes = pipeline.classes * patch.product * MemoryLayout<Float>.stride
    let (product, overflow) = plan.count.multipliedReportingOverflow(
      by: answerBytes + pipeline.mirroring.views.count * cost.encodingBytes)
    cacheBytes = overflow ? .max : product
  }

  /// Decides how much may be kept for later runs, and refuses a run that does not fit.
  ///
  /// A limit is compared with all that the run takes. Without one, the free memory is compared with what is still to be
  /// allocated: all but the scan, which was read before, and the weights of a network that has been made. What else such
  /// a network has reserved counts in any case, for it takes memory only where it has been written.
  ///
  /// - Parameters:
  ///   - limit: The most bytes that may be taken together, or `nil` for the memory that is free.
  ///   - available: The bytes that are free.
  ///   - isNetworkMade: Whether the network has been made already.
  /// - Returns: All bytes that the limit leaves, or half of those that are left of the free memory.
  /// - Throws: `SegmentationError.notEnoughMemory` with what is compared.
  func bytesToKeep(limit: Int?, available: Int, isNetworkMade: Bool) throws -> Int {
    let needed = limit == nil ? peakMemoryBytes - scanBytes - (isNetworkMade ? weightBytes : 0) : peakMemoryBytes
    let most = limit ?? available
    guard needed <= most else { throw SegmentationError.notEnoughMemory(neededBytes: needed, availableBytes: most) }
    return limit == nil ? (most - needed) / 2 : most - needed
  }

  /// Bytes of the pipeline's own buffers: the logits of a row of windows, and one window's image and logits with a
  /// mirrored view of each, the scan's part it is made from, and one answer more where one is made of two.
  static func workingBytes(geometry: ScanGeometry, pipeline: PipelinePlan, patch: Axes3<Int>) -> Int {
    let float = MemoryLayout<Float>.stride
    let accumulator = LogitAccumulator.byteCount(
      classes: pipeline.classes, region: geometry.resampledShape, patch: patch)
    let answers = pipeline.notCanalGuidance == nil ? 2 : 3
    return accumulator + (answers * pipeline.classes + 4) * patch.product * float
  }
}
