import Clicks
import Testing
import UMamba2
import Volume

@testable import Segmentation

private let patch = Axes3(8, 10, 12)
private let shape = Axes3(17, 19, 23)

private func predictor(
  _ network: StandInNetwork, cacheBytes: Int = 1 << 30
) throws -> InteractivePredictor<StandInNetwork> {
  let metadata = network.metadata()
  return try InteractivePredictor(
    scan: smoothScan(shape: shape, border: 1, seed: 5), metadata: metadata, network: network,
    settings: SegmentationSettings(metadata: metadata, mirroring: true), cacheBytes: cacheBytes)
}

@Suite("Going on from a mask that was kept")
struct PreparationTests {
  private let clicks = [Click(kind: .left, voxel: Axes3(3, 4, 5)), Click(kind: .right, voxel: Axes3(9, 9, 9))]
  private let next = Click(kind: .right, voxel: Axes3(1, 1, 1))

  @Test("Prepared in idle time, a click decodes only the windows that see it, and gives the bytes of a first run")
  func prepared() throws {
    let first = try predictor(StandInNetwork(patch: patch))
    let mask = try first.segment(clicks: clicks).mask
    let network = StandInNetwork(patch: patch)
    let second = try predictor(network)
    let restored = try #require(try second.restore(modelLabels: first.modelLabels, clicks: clicks))
    #expect(restored.mask == mask && network.encodes == 0)
    try second.prepare(clicks: clicks, limit: .infinity) { _ in }
    #expect(network.encodes == 4 * restored.windows && network.decodes == 4 * restored.windows)
    try second.prepare(clicks: clicks, limit: .infinity) { _ in }
    #expect(network.encodes == 4 * restored.windows, "what is prepared stays so")
    let result = try second.segment(clicks: clicks + [next])
    #expect(result.windowsRun == 1 && network.encodes == 4 * restored.windows)
    let fresh = try predictor(StandInNetwork(patch: patch), cacheBytes: 0).segment(clicks: clicks + [next])
    #expect(result.mask == fresh.mask)
  }

  @Test(
    "A preview that is cancelled after a restored mask leaves nothing behind, for clicks that act after the network too"
  )
  func cancelledPreview() throws {
    let first = try predictor(StandInNetwork(patch: patch))
    let mask = try first.segment(clicks: clicks).mask
    var previews = 0
    for voxel in [Axes3(8, 9, 10), Axes3(3, 4, 6), Axes3(9, 9, 8), Axes3(12, 10, 14), Axes3(5, 12, 9)] {
      let network = StandInNetwork(patch: patch)
      network.secondsADecode = 0.01
      let second = try predictor(network)
      #expect(try second.restore(modelLabels: first.modelLabels, clicks: clicks) != nil)
      #expect(throws: CancellationError.self) {
        try second.segment(clicks: clicks + [Click(kind: .background, voxel: voxel)]) { _ in
        } preview: { _ in
          previews += 1
          throw CancellationError()
        }
      }
      #expect(try second.segment(clicks: clicks).mask == mask)
    }
    #expect(previews == 5)
  }

  @Test("Interrupted, it keeps what it has done; above its limit, or without memory, it does nothing")
  func interrupted() throws {
    let network = StandInNetwork(patch: patch)
    let run = try predictor(network)
    try run.prepare(clicks: clicks, limit: 1) { _ in }
    #expect(network.encodes == 0)
    var reports = 0
    #expect(throws: CancellationError.self) {
      try run.prepare(clicks: clicks, limit: .infinity) { _ in
        reports += 1
        if reports == 30 { throw CancellationError() }
      }
    }
    let done = network.encodes
    #expect(done > 4 && done < 4 * run.estimate.windows)
    let mask = try run.segment(clicks: clicks).mask
    #expect(mask == (try predictor(StandInNetwork(patch: patch), cacheBytes: 0).segment(clicks: clicks).mask))
    #expect(network.encodes <= 4 * run.estimate.windows + 1)
    let small = StandInNetwork(patch: patch)
    try predictor(small, cacheBytes: 0).prepare(clicks: clicks, limit: .infinity) { _ in }
    #expect(small.encodes == 0)
  }
}
