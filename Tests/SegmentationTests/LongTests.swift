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
  "Long work with the bundled model", .serialized,
  .enabled(if: ProcessInfo.processInfo.environment["CANALIS_LONG_TESTS"] != nil))
struct LongTests {
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

  @Test("A full-size window's encoding is read faster than computed, a compact one's about as fast")
  func diskAgainstEncoder() throws {
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let halving = Axes3(repeating: 2)
    let large = NetworkPlan(
      inputChannels: 1, classes: 3, features: [32, 64, 128, 256, 320, 320, 320],
      kernels: Array(repeating: Axes3(repeating: 3), count: 7),
      strides: [Axes3(repeating: 1)] + Array(repeating: halving, count: 5) + [Axes3(1, 2, 2)],
      blocksPerStage: [1, 3, 4, 6, 6, 6, 6], decoderConvolutions: Array(repeating: 1, count: 6),
      patch: Axes3(128, 256, 256), mamba: .init(innerWidth: 640, heads: 8, stateSize: 32, convolutionWidth: 4),
      prompts: .init(
        clickKinds: 2, attentionBlocks: 2, attentionHeads: 4, mlpWidth: 1024, selfAttentionWidth: 320,
        crossAttentionWidth: 160))
    for plan in [model.metadata.plan, large] {
      let store = CacheStore(folder: CacheFolder(path: folder), limits: .init(bytes: 4 << 30, reserveBytes: 0))
      let network = try UMamba2Network(plan: plan, parameters: DrawnParameters(plan: plan, seed: 1))
      var generator = SeededGenerator(seed: 3)
      let image = (0..<plan.patch.product).map { _ in Float(generator.uniform(-1...1)) }
      let clock = ContinuousClock()
      var encoding = try image.withUnsafeBufferPointer { try network.encode(image: $0) { _ in } }
      let encode = try clock.measure {
        encoding = try image.withUnsafeBufferPointer { try network.encode(image: $0) { _ in } }
      }
      let key = CacheKey(scan: "ab", facts: ["\(plan.patch.array)"])
      var isWritten = false
      let write = try clock.measure {
        isWritten = try UMamba2Network.withParts(of: encoding) { try store.write(key, parts: $0) }
      }
      #expect(isWritten)
      let file = open(folder + "/" + key.fileName, O_RDONLY)
      fdatasync(file)
      var times: [Duration] = []
      for isCold in [true, false, false] {
        if isCold { posix_fadvise(file, 0, 0, POSIX_FADV_DONTNEED) }
        var copy: PatchEncoding?
        times.append(try clock.measure { copy = try network.encoding { try store.read(key, into: $0) } })
        let isEqual = UMamba2Network.withParts(of: try #require(copy)) { copied in
          UMamba2Network.withParts(of: encoding) { parts in
            zip(copied, parts).allSatisfy { one, other in
              guard one.count == other.count, let first = one.baseAddress, let second = other.baseAddress else {
                return false
              }
              return memcmp(first, second, one.count) == 0
            }
          }
        }
        #expect(isEqual)
      }
      close(file)
      print(
        "\(plan.patch.array): \(network.encodingByteCount >> 20) MiB, encoder \(encode), write \(write), "
          + "read from the disk \(times[0]), from memory \(times[1]) and \(times[2])")
      if plan == large { #expect(times[0] < encode) }
    }
  }
}
