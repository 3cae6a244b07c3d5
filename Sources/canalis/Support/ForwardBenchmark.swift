import Foundation
import Layers
import Tensor
import UMamba2
import Volume

/// Times one patch through a network, beside a matrix product of the same run.
struct ForwardBenchmark {
  /// The architecture.
  let plan: NetworkPlan
  /// Voxels of the patch, or `nil` for the plan's.
  let patch: Axes3<Int>?
  /// The weights.
  let parameters: any ParameterSource
  /// How often each half is run; the best counts.
  let repeats: Int

  /// What was measured.
  struct Report: Encodable {
    /// One stage of the pass.
    struct Stage: Encodable {
      var name: String
      var seconds: Double
      var gflop: Double
      var gflops: Double
    }

    var patch: [Int]
    var threads: Int
    var instructionSet: String
    var fullForwardSeconds: Double
    var clickRerunSeconds: Double
    var forwardGflop: Double
    var forwardGflops: Double
    var sgemmGflops: Double
    var shareOfSgemm: Double
    var peakMemoryBytes: Int
    var plannedPeakBytes: Int
    var stages: [Stage]

    enum CodingKeys: String, CodingKey {
      case patch, threads
      case instructionSet = "instruction_set"
      case fullForwardSeconds = "full_forward_seconds"
      case clickRerunSeconds = "click_rerun_seconds"
      case forwardGflop = "forward_gflop"
      case forwardGflops = "forward_gflops"
      case sgemmGflops = "sgemm_gflops"
      case shareOfSgemm = "share_of_sgemm"
      case peakMemoryBytes = "peak_memory_bytes"
      case plannedPeakBytes = "planned_peak_bytes"
      case stages
    }
  }

  /// Runs the benchmark.
  ///
  /// - Parameter progress: Where progress goes.
  /// - Returns: Times, rates and memory.
  /// - Throws: What is wrong with the plan; `CancellationError` when the user interrupted.
  func run(progress: ProgressPrinter) throws -> Report {
    progress.show(stage: "building the network", fraction: 0)
    let network = try UMamba2Network(plan: plan, patch: patch, parameters: parameters)
    let patch = network.patch
    var generator = SeededGenerator(seed: 1)
    let image = (0..<plan.inputChannels * patch.product).map { _ in Float.random(in: -1...1, using: &generator) }
    let kinds = plan.prompts?.clickKinds ?? 0
    let prompts = (0..<(kinds == 0 ? 0 : 6)).map { index in
      PointPrompt(voxel: patch.map { Int.random(in: 0..<$0, using: &generator) }, kind: index % kinds)
    }
    var logits = [Float](repeating: 0, count: plan.classes * patch.product)
    var sgemm = 0.0
    var best: (seconds: Double, encode: [WorkMeter.Stage], decode: [WorkMeter.Stage])?
    var rerun = Double.infinity
    for repetition in 0..<repeats {
      // The matrix product is timed between the passes, so that both meet the same machine.
      sgemm = max(sgemm, try Self.matrixProductRate())
      let start = ContinuousClock.now
      let observer: ForwardObserver = { report in
        try Interruption.check()
        progress.show(
          stage: report.stage, fraction: (Double(repetition) + report.fraction) / Double(self.repeats))
      }
      let encoding = try image.withUnsafeBufferPointer { try network.encode(image: $0, observer: observer) }
      let middle = ContinuousClock.now
      try logits.withUnsafeMutableBufferPointer { buffer in
        try network.decode(encoding, prompts: prompts, into: buffer, observer: observer)
      }
      let end = ContinuousClock.now
      rerun = min(rerun, (end - middle).inSeconds)
      if best.map({ (end - start).inSeconds < $0.seconds }) ?? true {
        best = ((end - start).inSeconds, network.lastEncode, network.lastDecode)
      }
    }
    sgemm = max(sgemm, try Self.matrixProductRate())
    progress.clear()
    guard let best else { throw CommandFailure("nothing was run; give --repeats of at least 1", status: .usage) }
    let stages = (best.encode + best.decode).map { stage in
      let gflop = 2e-9 * Double(stage.multiplyAccumulates)
      return Report.Stage(
        name: stage.name, seconds: stage.seconds, gflop: gflop, gflops: gflop / max(stage.seconds, 1e-9))
    }
    let gflop = stages.reduce(0) { $0 + $1.gflop }
    return Report(
      patch: patch.array, threads: Threads.count, instructionSet: "\(InstructionSet.best)",
      fullForwardSeconds: best.seconds, clickRerunSeconds: rerun, forwardGflop: gflop,
      forwardGflops: gflop / best.seconds, sgemmGflops: sgemm, shareOfSgemm: gflop / best.seconds / sgemm,
      peakMemoryBytes: Self.peakMemory, plannedPeakBytes: network.cost.peakBytes, stages: stages)
  }

  /// The best rate of a few products of square matrices, GFLOP/s.
  private static func matrixProductRate() throws -> Double {
    let size = 2048
    let left = [Float](repeating: 0.5, count: size * size)
    let right = [Float](repeating: 0.25, count: size * size)
    var result = [Float](repeating: 0, count: size * size)
    var best = 0.0
    for _ in 0..<4 {
      try Interruption.check()
      let start = ContinuousClock.now
      result.withUnsafeMutableBufferPointer { buffer in
        left.withUnsafeBufferPointer { left in
          right.withUnsafeBufferPointer { right in
            guard let left = left.baseAddress, let right = right.baseAddress, let result = buffer.baseAddress else {
              return
            }
            MatrixProduct.multiply(left, transposed: right, into: result, rows: size, columns: size, inner: size)
          }
        }
      }
      let seconds = (ContinuousClock.now - start).inSeconds
      guard result[0] == Float(size) / 8, result[size * size - 1] == Float(size) / 8 else {
        throw CommandFailure("OpenBLAS computed a wrong product on this processor; set OPENBLAS_CORETYPE=Haswell")
      }
      best = max(best, 2e-9 * Double(size * size) * Double(size) / seconds)
    }
    return best
  }

  /// The most memory that the process has held, bytes.
  private static var peakMemory: Int {
    guard let status = try? String(contentsOfFile: "/proc/self/status", encoding: .utf8),
      let line = status.split(separator: "\n").first(where: { $0.hasPrefix("VmHWM:") }),
      let kibibytes = line.split(separator: " ").compactMap({ Int($0) }).first
    else { return 0 }
    return kibibytes * 1024
  }
}
