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
  /// How often the whole pass is run; the best counts.
  let repeats: Int
  /// How many clicks are answered after that, each at another place.
  let clicks: Int

  /// Runs the benchmark.
  ///
  /// - Parameter progress: Where progress goes.
  /// - Returns: Times, rates and memory.
  /// - Throws: What is wrong with the plan; `CancellationError` when the user interrupted.
  func run(progress: ProgressPrinter) throws -> BenchmarkReport {
    progress.show(stage: "building the network", fraction: 0)
    let network = try UMamba2Network(plan: plan, patch: patch, parameters: parameters)
    let patch = network.patch
    var generator = SeededGenerator(seed: 1)
    let image = (0..<plan.inputChannels * patch.product).map { _ in Float.random(in: -1...1, using: &generator) }
    var logits = [Float](repeating: 0, count: plan.classes * patch.product)
    var sgemm = 0.0
    var full = Pass()
    var click = Pass()
    var clickSeconds: [Double] = []
    var latest: PatchEncoding?
    var gaps = ReportGaps()
    for repetition in 0..<repeats {
      // The matrix product is timed between the passes, so that both meet the same machine.
      sgemm = max(sgemm, try Self.matrixProductRate())
      let show = observer(progress, part: repetition, of: repeats, weight: 0.5)
      let observer: ForwardObserver = { report in
        gaps.note()
        try show(report)
      }
      // The memory of the encoding before goes to the next.
      latest = nil
      gaps.begin()
      let start = ContinuousClock.now
      let encoding = try image.withUnsafeBufferPointer { try network.encode(image: $0, observer: observer) }
      let middle = ContinuousClock.now
      try logits.withUnsafeMutableBufferPointer { buffer in
        try network.decode(encoding, prompts: prompts(patch, &generator), into: buffer, observer: observer)
      }
      let end = ContinuousClock.now
      full.keep((end - start).inSeconds, network.lastEncode + network.lastDecode)
      click.keep((end - middle).inSeconds, network.lastDecode)
      latest = encoding
    }
    sgemm = max(sgemm, try Self.matrixProductRate())
    guard let encoding = latest else {
      throw CommandFailure("nothing was run; give --repeats of at least 1", status: .usage)
    }
    for number in 0..<clicks {
      let observer = observer(progress, part: clicks + number, of: clicks, weight: 0.5)
      let start = ContinuousClock.now
      try logits.withUnsafeMutableBufferPointer { buffer in
        try network.decode(encoding, prompts: prompts(patch, &generator), into: buffer, observer: observer)
      }
      clickSeconds.append((ContinuousClock.now - start).inSeconds)
      click.keep(clickSeconds[number], network.lastDecode)
      if number % 4 == 3 { sgemm = max(sgemm, try Self.matrixProductRate()) }
    }
    let peakMemory = ProcessMemory.peak
    let timer = FrameTimer()
    let frames = try timer.run {
      try logits.withUnsafeMutableBufferPointer { buffer in
        try network.decode(encoding, prompts: prompts(patch, &generator), into: buffer) { _ in
          try Interruption.check()
        }
      }
    }
    progress.clear()
    return BenchmarkReport(
      patch: patch.array, threads: Threads.count, instructionSet: "\(InstructionSet.best)",
      fullForwardSeconds: full.seconds, clickRerunSeconds: click.seconds, forwardGflop: full.gflop,
      forwardGflops: full.gflop / full.seconds, clickGflop: click.gflop, clickGflops: click.gflop / click.seconds,
      sgemmGflops: sgemm, sgemmKernels: MatrixProduct.core, shareOfSgemm: full.gflop / full.seconds / sgemm,
      clickShareOfSgemm: click.gflop / click.seconds / sgemm, clicks: clicks,
      clickP50Seconds: Self.percentile(0.5, of: clickSeconds), clickP95Seconds: Self.percentile(0.95, of: clickSeconds),
      frames: frames.count, frameP50Seconds: Self.percentile(0.5, of: frames) ?? 0,
      frameP95Seconds: Self.percentile(0.95, of: frames) ?? 0, cancelP95Seconds: gaps.wait(share: 0.95),
      cancelLongestSeconds: gaps.longest, peakMemoryBytes: peakMemory,
      plannedPeakBytes: network.cost.peakBytes, stages: full.stages.map(BenchmarkReport.Stage.init))
  }

  /// The quickest of several runs of the same work.
  private struct Pass {
    var seconds = Double.infinity
    var stages: [WorkMeter.Stage] = []

    var gflop: Double { 2e-9 * Double(stages.reduce(0) { $0 + $1.multiplyAccumulates }) }

    mutating func keep(_ seconds: Double, _ stages: @autoclosure () -> [WorkMeter.Stage]) {
      guard seconds < self.seconds else { return }
      self.seconds = seconds
      self.stages = stages()
    }
  }

  /// Six clicks at drawn places, or none for a network without clicks.
  private func prompts(_ patch: Axes3<Int>, _ generator: inout SeededGenerator) -> [PointPrompt] {
    guard let kinds = plan.prompts?.clickKinds, kinds > 0 else { return [] }
    return (0..<6).map { index in
      PointPrompt(voxel: patch.map { Int.random(in: 0..<$0, using: &generator) }, kind: index % kinds)
    }
  }

  /// Shows progress of one run of several, which together are `weight` of all.
  private func observer(_ progress: ProgressPrinter, part: Int, of count: Int, weight: Double) -> ForwardObserver {
    { report in
      try Interruption.check()
      progress.show(stage: report.stage, fraction: weight * (Double(part) + report.fraction) / Double(count))
    }
  }

  /// A percentile by the nearest rank, or `nil` of nothing.
  static func percentile(_ share: Double, of values: [Double]) -> Double? {
    let sorted = values.sorted()
    guard !sorted.isEmpty else { return nil }
    return sorted[min(max(Int((share * Double(sorted.count)).rounded(.up)) - 1, 0), sorted.count - 1)]
  }

  /// How long matrix products are repeated, in seconds: about as long as a click takes at a large plan. The best of a few
  /// short ones would meet a moment in which nothing else ran, as no pass through the network ever does.
  private static let matrixProductSeconds = 1.0

  /// The rate of products of square matrices one after the other, GFLOP/s.
  private static func matrixProductRate() throws -> Double {
    let size = 2048
    let left = [Float](repeating: 0.5, count: size * size)
    let right = [Float](repeating: 0.25, count: size * size)
    var result = [Float](repeating: 0, count: size * size)
    var seconds = 0.0
    var products = 0
    while seconds < matrixProductSeconds {
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
      seconds += (ContinuousClock.now - start).inSeconds
      products += 1
      guard result[0] == Float(size) / 8, result[size * size - 1] == Float(size) / 8 else {
        throw CommandFailure("OpenBLAS computed a wrong product on this processor; set OPENBLAS_CORETYPE=Haswell")
      }
    }
    return 2e-9 * Double(products) * Double(size * size) * Double(size) / seconds
  }
}
