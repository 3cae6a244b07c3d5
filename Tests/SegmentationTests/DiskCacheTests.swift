import Checkpoint
import Clicks
import Foundation
import Testing
import UMamba2
import Volume

@testable import Cache
@testable import Segmentation

private let patch = Axes3(8, 10, 12)
private let shape = Axes3(17, 19, 23)
private let encodingBytes = patch.product * 4
private let answerBytes = 3 * encodingBytes

/// A folder of kept files that goes with the test.
private final class Place: Sendable {
  let path = FileManager.default.temporaryDirectory.appendingPathComponent("encodings-\(UUID().uuidString)").path
  var folder: CacheFolder { CacheFolder(path: path + "/encodings") }
  var files: [String] { folder.entries.map { folder.path + "/" + $0.name } }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  func disk(bytes: Int = 1 << 30, model: String = "m", program: String = "p") -> DiskCache {
    var disk = DiskCache(
      store: CacheStore(folder: folder, limits: .init(bytes: bytes, reserveBytes: 0)), scanSHA256: "0a",
      modelSHA256: model,
      program: program)
    disk.isAlwaysWorthIt = true
    return disk
  }
}

private func predictor(
  _ network: StandInNetwork, cacheBytes: Int = 0, disk: DiskCache?, mirroring: Bool = true
) throws -> InteractivePredictor<StandInNetwork> {
  let metadata = network.metadata()
  let scan = smoothScan(shape: shape, border: 1, seed: 5)
  return try InteractivePredictor(
    scan: scan, metadata: metadata, network: network,
    settings: SegmentationSettings(metadata: metadata, mirroring: mirroring), cacheBytes: cacheBytes, disk: disk)
}

private func randomClicks(_ generator: inout SeededGenerator, count: Int) -> [Click] {
  (0..<count).map { _ in
    Click(
      kind: ClickKind.allCases[generator.integer(0...2)], voxel: shape.map { generator.integer(0...$0 - 1) })
  }
}

private func logits(_ predictor: InteractivePredictor<StandInNetwork>, _ clicks: [Click]) throws -> [Float] {
  try predictor.segment(clicks: clicks, keeping: .everything).logits?.values ?? []
}

@Suite("Encodings on disk")
struct DiskCacheTests {
  @Test(
    "A program that starts again encodes nothing, whatever memory keeps, and answers with the same bytes",
    arguments: [0, 60_000, 1 << 20, 1 << 30])
  func nextRun(cacheBytes: Int) throws {
    let place = Place()
    let first = StandInNetwork(patch: patch)
    let before = try predictor(first, cacheBytes: cacheBytes, disk: place.disk())
    let expected = try logits(before, [])
    before.finishKeeping()
    // Encodings that had no room to wait follow after the next runs.
    while place.files.count < first.encodes, cacheBytes > 0 {
      _ = try before.segment(clicks: [])
      before.finishKeeping()
    }
    #expect(place.files.count == first.encodes)
    let second = StandInNetwork(patch: patch)
    let after = try predictor(second, cacheBytes: cacheBytes, disk: place.disk())
    #expect(try after.pendingWork(clicks: []).multiplyAccumulates < after.estimate.multiplyAccumulates)
    #expect(try logits(after, []) == expected)
    #expect(second.encodes == 0)
    var generator = SeededGenerator(seed: 4)
    let clicks = randomClicks(&generator, count: 5)
    let fresh = try logits(predictor(StandInNetwork(patch: patch), disk: nil), clicks)
    #expect(try logits(after, clicks) == fresh)
    #expect(second.encodes == 0)
  }

  @Test("A budget without room for encodings is made up for by the disk: a click decodes only")
  func beyondMemory() throws {
    let place = Place()
    let network = StandInNetwork(patch: patch)
    let windows = try predictor(network, disk: nil).estimate.windows
    let small = try predictor(network, cacheBytes: windows * answerBytes, disk: place.disk())
    _ = try small.segment(clicks: [])
    #expect(network.encodes == 4 * windows && place.files.count == 4 * windows)
    let click = Click(kind: .right, voxel: Axes3(1, 1, 1))
    #expect(try small.pendingWork(clicks: [click]).windows == 1)
    _ = try small.segment(clicks: [click])
    #expect(network.encodes == 4 * windows)
  }

  @Test("Files that are truncated, flipped or deleted cost their encoding again, and nothing else")
  func damage() throws {
    let place = Place()
    var generator = SeededGenerator(seed: 8)
    let clicks = randomClicks(&generator, count: 4)
    let network = StandInNetwork(patch: patch)
    let expected = try logits(predictor(network, disk: place.disk()), clicks)
    let count = place.files.count
    #expect(count == network.encodes)
    for round in 0..<4 {
      let files = place.files
      for (index, file) in files.enumerated() where index % 3 == 0 {
        switch (index / 3 + round) % 3 {
        case 0: #expect(truncate(file, off_t(generator.integer(0...5000))) == 0)
        case 1:
          var bytes = try Data(contentsOf: URL(fileURLWithPath: file))
          bytes[generator.integer(4096...bytes.count - 1)] ^= UInt8(1 << generator.integer(0...7))
          try bytes.write(to: URL(fileURLWithPath: file))
        default: #expect(unlink(file) == 0)
        }
      }
      let again = StandInNetwork(patch: patch)
      #expect(try logits(predictor(again, disk: place.disk()), clicks) == expected)
      #expect(again.encodes == (files.count + 2) / 3, "round \(round)")
      #expect(place.files.count == count, "what was damaged is kept again")
    }
  }

  @Test("The folder may vanish in the middle of a run, be unwritable, or the disk be full")
  func badDisk() throws {
    var generator = SeededGenerator(seed: 9)
    let clicks = randomClicks(&generator, count: 4)
    let expected = try logits(predictor(StandInNetwork(patch: patch), disk: nil), clicks)
    let vanishing = Place()
    for _ in 0..<2 {
      let run = try predictor(StandInNetwork(patch: patch), disk: vanishing.disk())
      var reports = 0
      let result = try run.segment(clicks: clicks, keeping: .everything) { _ in
        reports += 1
        if reports % 40 == 7 { try? FileManager.default.removeItem(atPath: vanishing.path) }
      }
      #expect(result.logits?.values == expected)
    }
    let unwritable = Place()
    try Data().write(to: URL(fileURLWithPath: unwritable.path))
    #expect(try logits(predictor(StandInNetwork(patch: patch), disk: unwritable.disk()), clicks) == expected)
    let full = Place()
    let disk = full.disk(bytes: 5 * (encodingBytes + 8192))
    let network = StandInNetwork(patch: patch)
    #expect(try logits(predictor(network, disk: disk), clicks) == expected)
    let kept = full.files.count
    #expect((5...7).contains(kept) && disk.store.counts.refused > 0)
    let again = StandInNetwork(patch: patch)
    #expect(try logits(predictor(again, disk: full.disk(bytes: 5 * (encodingBytes + 8192))), clicks) == expected)
    #expect(again.encodes == network.encodes - kept)
  }

  @Test("Another model, program or format is another file")
  func keys() throws {
    let place = Place()
    func encodes(_ disk: DiskCache, format: String = "1") throws -> Int {
      let network = StandInNetwork(patch: patch)
      network.encodingFormat = format
      _ = try predictor(network, disk: disk).segment(clicks: [])
      return network.encodes
    }
    let all = try encodes(place.disk())
    #expect(try encodes(place.disk()) == 0)
    #expect(try encodes(place.disk(model: "n")) == all)
    #expect(try encodes(place.disk(program: "q")) == all)
    #expect(try encodes(place.disk(), format: "2") == all)
    #expect(try encodes(place.disk()) == 0)
    // Without mirroring the unmirrored views are the same files.
    let network = StandInNetwork(patch: patch)
    network.encodingFormat = "1"
    _ = try predictor(network, disk: place.disk(), mirroring: false).segment(clicks: [])
    #expect(network.encodes == 0)
  }

  @Test("A cancelled run leaves files that serve the next, and none half-written")
  func cancelled() throws {
    let place = Place()
    let expected = try logits(predictor(StandInNetwork(patch: patch), disk: nil), [])
    for stop in [3, 20, 50] {
      var reports = 0
      let run = try predictor(StandInNetwork(patch: patch), disk: place.disk())
      #expect(throws: CancellationError.self) {
        try run.segment(clicks: []) { _ in
          reports += 1
          if reports == stop { throw CancellationError() }
        }
      }
      let names = try FileManager.default.contentsOfDirectory(atPath: place.path + "/encodings")
      #expect(names.allSatisfy { $0.hasSuffix(".kept") })
    }
    let network = StandInNetwork(patch: patch)
    let kept = place.files.count
    #expect(kept > 0)
    let run = try predictor(network, disk: place.disk())
    #expect(try logits(run, []) == expected)
    #expect(network.encodes == 4 * run.estimate.windows - kept)
  }

  @Test("Two programs at work on one scan answer as one does")
  func twoAtOnce() throws {
    let place = Place()
    var generator = SeededGenerator(seed: 10)
    let lists = (0..<4).map { randomClicks(&generator, count: $0 + 1) }
    let expected = try lists.map { try logits(predictor(StandInNetwork(patch: patch), disk: nil), $0) }
    var isRight = [Bool](repeating: false, count: 4)
    isRight.withUnsafeMutableBufferPointer { isRight in
      nonisolated(unsafe) let isRight = isRight
      DispatchQueue.concurrentPerform(iterations: 4) { index in
        let found = try? logits(
          predictor(
            StandInNetwork(patch: patch), cacheBytes: index % 2 * 400_000,
            disk: place.disk(bytes: 12 * (encodingBytes + 8192))), lists[index])
        isRight[index] = found == expected[index]
      }
    }
    #expect(isRight == [true, true, true, true])
  }

  @Test("A file is written where reading it beats the encoder, and not where it does not")
  func worth() throws {
    let place = Place()
    let smooth = smoothScan(shape: shape, border: 1, seed: 5)
    for (seconds, rate, isWorthIt) in [(0.02, 1e3, false), (0.02, 1e12, true)] {
      var disk = place.disk()
      disk.isAlwaysWorthIt = false
      disk.store.assume(readRate: rate)
      let network = SlowNetwork(patch: patch, secondsAnEncoding: seconds)
      let metadata = network.standIn.metadata()
      let run = try InteractivePredictor(
        scan: smooth, metadata: metadata, network: network,
        settings: SegmentationSettings(metadata: metadata, mirroring: false), cacheBytes: 1 << 20, disk: disk)
      _ = try run.segment(clicks: [])
      run.finishKeeping()
      #expect(place.files.isEmpty == !isWorthIt, "\(seconds) s, \(rate) bytes a second")
    }
  }

  @Test("The network's own encodings come back from disk as they were")
  func ownNetwork() throws {
    let place = Place()
    let plan = StandInNetwork(patch: patch).plan
    let metadata = StandInNetwork(patch: patch).metadata()
    let scan = smoothScan(shape: shape, border: 1, seed: 6)
    var generator = SeededGenerator(seed: 11)
    let clicks = randomClicks(&generator, count: 3)
    var answers: [[Float]] = []
    for disk in [nil, place.disk(), place.disk()] {
      let network = try UMamba2Network(plan: plan, parameters: DrawnParameters(plan: plan, seed: 3))
      let run = try InteractivePredictor(
        scan: scan, metadata: metadata, network: network, settings: SegmentationSettings(metadata: metadata),
        cacheBytes: 0, disk: disk)
      answers.append(try run.segment(clicks: clicks, keeping: .everything).logits?.values ?? [])
      if disk != nil { #expect(place.files.count == 4 * run.estimate.windows) }
      if let disk, answers.count == 3 { #expect(disk.store.counts.hits == 4 * run.estimate.windows) }
    }
    #expect(answers[1] == answers[0] && answers[2] == answers[0] && !answers[0].isEmpty)
  }
}
