import Layers

/// What `canalis benchmark` measured.
struct BenchmarkReport: Encodable {
  /// One stage of a pass.
  struct Stage: Encodable {
    var name: String
    var seconds: Double
    var gflop: Double
    var gflops: Double

    /// Describes what a meter found.
    init(_ stage: WorkMeter.Stage) {
      name = stage.name
      seconds = stage.seconds
      gflop = 2e-9 * Double(stage.multiplyAccumulates)
      gflops = gflop / max(stage.seconds, 1e-9)
    }
  }

  var patch: [Int]
  var threads: Int
  var instructionSet: String
  /// The quickest whole pass.
  var fullForwardSeconds: Double
  /// The quickest run of what a click changes.
  var clickRerunSeconds: Double
  /// Operations that are executed, not the nominal ones.
  var forwardGflop: Double
  var forwardGflops: Double
  var clickGflop: Double
  var clickGflops: Double
  /// The quickest matrix product of the same run.
  var sgemmGflops: Double
  /// The processor whose kernels OpenBLAS ran for it: those for an older one can be half as fast.
  var sgemmKernels: String
  var shareOfSgemm: Double
  var clickShareOfSgemm: Double
  /// Clicks answered one after the other, and how long they took.
  var clicks: Int
  var clickP50Seconds: Double?
  var clickP95Seconds: Double?
  /// From a key to the drawn frame, while the network answers clicks.
  var frames: Int
  var frameP50Seconds: Double
  var frameP95Seconds: Double
  /// From a request to stop, at any moment of the whole passes, to their end: 95 of 100, and the longest.
  var cancelP95Seconds: Double
  var cancelLongestSeconds: Double
  /// The most memory that the process held for the network.
  var peakMemoryBytes: Int
  var plannedPeakBytes: Int
  /// The stages of the quickest whole pass.
  var stages: [Stage]

  enum CodingKeys: String, CodingKey {
    case patch, threads, clicks, frames, stages
    case instructionSet = "instruction_set"
    case fullForwardSeconds = "full_forward_seconds"
    case clickRerunSeconds = "click_rerun_seconds"
    case forwardGflop = "forward_gflop"
    case forwardGflops = "forward_gflops"
    case clickGflop = "click_gflop"
    case clickGflops = "click_gflops"
    case sgemmGflops = "sgemm_gflops"
    case sgemmKernels = "sgemm_kernels"
    case shareOfSgemm = "share_of_sgemm"
    case clickShareOfSgemm = "click_share_of_sgemm"
    case clickP50Seconds = "click_p50_seconds"
    case clickP95Seconds = "click_p95_seconds"
    case frameP50Seconds = "frame_p50_seconds"
    case frameP95Seconds = "frame_p95_seconds"
    case cancelP95Seconds = "cancel_p95_seconds"
    case cancelLongestSeconds = "cancel_longest_seconds"
    case peakMemoryBytes = "peak_memory_bytes"
    case plannedPeakBytes = "planned_peak_bytes"
  }
}
