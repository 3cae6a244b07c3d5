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
    // Scan, the network's labels, the mask, the one before it, the pipeline's buffers, and the network.
    peakMemoryBytes =
      voxels * (MemoryLayout<Float>.stride + 3)
      + Self.workingBytes(geometry: geometry, pipeline: pipeline, patch: patch)
      + cost.peakBytes
      + (pipeline.notCanalGuidance == nil ? 0 : plan.count * CanalMap.byteCount(patch: patch))
    let answerBytes = pipeline.classes * patch.product * MemoryLayout<Float>.stride
    let (product, overflow) = plan.count.multipliedReportingOverflow(
      by: answerBytes + pipeline.mirroring.views.count * cost.encodingBytes)
    cacheBytes = overflow ? .max : product
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
