import Cache
import Checkpoint
import Clicks
import Foundation
import Testing
import UMamba2
import Volume

@testable import Segmentation

/// Long work with the bundled model, looking at what the process holds. Minutes, so only when asked for:
/// `CANALIS_LONG_TESTS=1`.
@Suite(
  "Memory over long work", .serialized, .enabled(if: ProcessInfo.processInfo.environment["CANALIS_LONG_TESTS"] != nil))
struct MemoryGrowthTests {
  private let folder = FileManager.default.temporaryDirectory.appendingPathComponent("growth-\(UUID().uuidString)").path
  private let model: Model

  init() throws {
    let path = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent().appending(path: "Assets/models/default.safetensors")
    model = try Model.load(path: path.path(percentEncoded: false))
  }

  /// Bytes of memory that the process holds now, and the most it held since the mark was set back.
  private func memory() throws -> (now: Int, peak: Int) {
    let status = try String(contentsOfFile: "/proc/self/status", encoding: .utf8)
    func field(_ name: String) -> Int {
      let line = status.split(separator: "\n").first { $0.hasPrefix(name) }
      return (line?.split(whereSeparator: { !$0.isNumber }).first).flatMap { Int($0) }.map { $0 << 10 } ?? 0
    }
    return (field("VmRSS:"), field("VmHWM:"))
  }

  private func forgetPeak() throws {
    try "5".write(toFile: "/proc/self/clear_refs", atomically: false, encoding: .utf8)
  }

  private func scan(_ shape: Axes3<Int>, seed: UInt64) -> Volume {
    var generator = SeededGenerator(seed: seed)
    return Volume(
      grid: grid(shape: shape, spacing: Axes3(repeating: 0.3), orientation: .lps),
      voxels: (0..<shape.product).map { Float($0 % 4096) + Float(generator.uniform(0...100)) })
  }

  private func predictor(
    _ scan: Volume, limit: Int, scanHash: String
  ) throws -> InteractivePredictor<UMamba2Network> {
    let network = try UMamba2Network(plan: model.metadata.plan, parameters: model.parameters)
    var disk = DiskCache(
      store: CacheStore(folder: CacheFolder(path: folder), limits: .init(bytes: 2 << 30, reserveBytes: 0)),
      scanSHA256: scanHash, modelSHA256: model.sha256, program: "test")
    disk.isAlwaysWorthIt = true
    return try InteractivePredictor(
      scan: scan, metadata: model.metadata, network: network, settings: SegmentationSettings(metadata: model.metadata),
      memoryLimitBytes: limit, disk: disk)
  }

  private func report(_ what: String, _ memory: (now: Int, peak: Int)) {
    print("\(what): \(memory.now >> 20) MiB now, \(memory.peak >> 20) MiB at most")
  }

  @Test("500 clicks stay under the limit and grow nothing")
  func clicks() throws {
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let shape = Axes3(120, 200, 200)
    let volume = scan(shape, seed: 1)
    let before = try memory().now
    let settings = SegmentationSettings(metadata: model.metadata)
    let limit =
      try CostEstimate(grid: volume.grid, metadata: model.metadata, settings: settings).peakMemoryBytes + (160 << 20)
    let run = try predictor(volume, limit: limit, scanHash: "aa")
    #expect(run.estimate.cacheBytes > 160 << 20, "not everything fits, so encodings come and go")
    try forgetPeak()
    _ = try run.segment(clicks: [])
    run.finishKeeping()
    report("first mask, \(run.estimate.windows) windows", try memory())
    var generator = SeededGenerator(seed: 2)
    var clicks: [Click] = []
    var held: [Int] = []
    for step in 1...500 {
      if clicks.count > 12 || (!clicks.isEmpty && generator.happens(0.3)) {
        clicks.removeLast()
      } else {
        clicks.append(
          Click(
            kind: ClickKind.allCases[generator.integer(0...2)],
            voxel: shape.map { generator.integer(0...$0 - 1) }))
      }
      _ = try run.segment(clicks: clicks)
      if step % 50 == 0 {
        held.append(try memory().now)
        report("\(step) clicks", try memory())
      }
    }
    let peak = try memory().peak
    // What the test process held before is not the predictor's; the scan is counted in the limit.
    let outside = before - volume.voxels.count * 4
    #expect(peak - outside <= limit, "\((peak - outside) >> 20) MiB of \(limit >> 20)")
    #expect(held[9] - held[1] < 32 << 20, "\(held.map { $0 >> 20 })")
  }

  @Test("20 scans opened one after the other hold what one holds")
  func scans() throws {
    defer { try? FileManager.default.removeItem(atPath: folder) }
    var held: [Int] = []
    for number in 1...20 {
      try {
        let shape = Axes3(60 + number % 3 * 20, 120, 140)
        let run = try predictor(scan(shape, seed: UInt64(number)), limit: 600 << 20, scanHash: "b\(number)")
        _ = try run.segment(clicks: [])
        _ = try run.segment(clicks: [Click(kind: .left, voxel: Axes3(20, 60, 60))])
        run.finishKeeping()
      }()
      held.append(try memory().now)
      report("scan \(number) closed", try memory())
    }
    #expect(held[19] - held[4] < 48 << 20, "\(held.map { $0 >> 20 })")
  }
}
