import Checkpoint
import Clicks
import Testing
import UMamba2
import Volume

@testable import Segmentation

@Test("A scan much longer than the patch is summed in a few planes, and labelled as if all were held")
func longScan() throws {
  let network = StandInNetwork(patch: Axes3(6, 10, 8))
  let metadata = network.metadata(clickKinds: ["left", "right"])
  // 24 slices become 240 planes.
  let scan = smoothScan(shape: Axes3(24, 12, 9), spacing: Axes3(3, 0.3, 0.3), seed: 31)
  let settings = SegmentationSettings(metadata: metadata, mirroring: false, postprocessing: false)
  let predictor = try InteractivePredictor(
    scan: scan, metadata: metadata, network: network, settings: settings, cacheBytes: 0)
  let padded = predictor.geometry.paddedShape
  #expect(padded.axis0 == 240)
  #expect(
    LogitAccumulator.byteCount(classes: 3, region: padded, patch: network.patch) == 3 * 7 * padded.axis1 * padded.axis2
      * 4)
  let clicks = [Click(kind: .left, voxel: Axes3(20, 4, 4)), Click(kind: .right, voxel: Axes3(3, 9, 2))]
  let result = try predictor.segment(clicks: clicks, keeping: .everything)

  // The same from the whole array of logits.
  let logits = try #require(result.logits)
  let onScan = TrilinearResampler(from: predictor.geometry.resampledShape, to: predictor.geometry.cropShape)
    .resample(logits.values, channels: 3)
  let count = scan.voxels.count
  let expected = (0..<count).map { place -> UInt8 in
    let values = (0..<3).map { onScan[$0 * count + place] }
    return values[1] > values[0] ? (values[2] > values[1] ? 2 : 1) : (values[2] > values[0] ? 2 : 0)
  }
  #expect(result.labelsBefore == expected)
  #expect(Set(expected) == [0, 1, 2])
}

@Test("A run that would take more memory than it may is refused before it starts, with both numbers")
func memoryLimit() throws {
  let network = StandInNetwork(patch: Axes3(6, 10, 8))
  let metadata = network.metadata()
  let scan = smoothScan(shape: Axes3(10, 12, 9), seed: 31)
  let settings = SegmentationSettings(metadata: metadata)
  #expect(throws: SegmentationError.self) {
    try InteractivePredictor(
      scan: scan, metadata: metadata, network: network, settings: settings, memoryLimitBytes: 10_000)
  }
  #expect(throws: SegmentationError.tooManyWindows(count: 995 * 1191 * 893, limit: 1_000_000)) {
    let wide = Volume(
      grid: Grid(shape: scan.grid.shape, spacing: Axes3(30, 30, 30), affine: nil), voxels: scan.voxels)
    _ = try InteractivePredictor(
      scan: wide, metadata: metadata, network: network,
      settings: SegmentationSettings(mirrorAxes: [], step: 0.01))
  }
  // Spacing that would make billions of planes' worth of voxels is refused, not allocated.
  let absurd = Volume(
    grid: Grid(shape: scan.grid.shape, spacing: Axes3(0.3, 90_000, 90_000), affine: nil), voxels: scan.voxels)
  #expect(throws: (any Error).self) {
    try InteractivePredictor(scan: absurd, metadata: metadata, network: network, settings: settings)
  }
}

@Test("Without a limit the free memory must hold what is still to be allocated, the network too, before it is made")
func freeMemory() throws {
  let network = StandInNetwork(patch: Axes3(6, 10, 8))
  let metadata = network.metadata()
  let scan = smoothScan(shape: Axes3(10, 12, 9), seed: 31)
  let settings = SegmentationSettings(metadata: metadata)
  let peak = try InteractivePredictor(scan: scan, metadata: metadata, network: network, settings: settings).estimate
    .peakMemoryBytes
  let weights = try ForwardCost(plan: network.plan, patch: network.patch).parameterBytes
  #expect(weights > 0)
  for (isNetworkMade, needed) in [
    (false, peak - 4 * scan.voxels.count), (true, peak - 4 * scan.voxels.count - weights),
  ] {
    var calls = 0
    func prepare(available: Int) throws {
      _ = try InteractivePredictor(
        scan: scan, metadata: metadata, settings: settings, patch: network.patch, cacheBytes: nil,
        memoryLimitBytes: nil, disk: nil, availableBytes: available, isNetworkMade: isNetworkMade
      ) { _ in
        calls += 1
        return network
      }
    }
    #expect(throws: SegmentationError.notEnoughMemory(neededBytes: needed, availableBytes: needed - 1)) {
      try prepare(available: needed - 1)
    }
    #expect(calls == 0)
    try prepare(available: needed)
    #expect(calls == 1)
  }
}

@Test("What is kept is all that a limit leaves, or half of what is left of the free memory")
func bytesToKeep() throws {
  let network = StandInNetwork(patch: Axes3(6, 10, 8))
  let metadata = network.metadata()
  let estimate = try CostEstimate(
    grid: grid(shape: Axes3(10, 12, 9), spacing: Axes3(repeating: 0.3), orientation: .lps), metadata: metadata,
    settings: SegmentationSettings(metadata: metadata))
  #expect(
    try estimate.bytesToKeep(limit: estimate.peakMemoryBytes + 100, available: 0, isNetworkMade: false) == 100)
  let needed = estimate.peakMemoryBytes - estimate.scanBytes
  #expect(try estimate.bytesToKeep(limit: nil, available: needed + 100, isNetworkMade: false) == 50)
}

@Test("Kept answers are summed and labelled anew without the network, resampled or not", arguments: [0.3, 0.25])
func keptAnswers(spacing: Double) throws {
  let network = ConstantNetwork(patch: Axes3(60, 120, 120))
  let metadata = network.metadata
  let shape = Axes3(100, 200, 200)
  let scan = Volume(
    grid: grid(shape: shape, spacing: Axes3(repeating: spacing), orientation: .lps),
    voxels: [Float](repeating: 1, count: shape.product))
  let predictor = try InteractivePredictor(
    scan: scan, metadata: metadata, network: network, settings: SegmentationSettings(metadata: metadata, step: 1),
    cacheBytes: 1 << 30)
  let first = try predictor.segment(clicks: [])
  let second = try predictor.segment(clicks: [])
  print(
    "\(shape.array) at \(spacing) mm, \(first.windows) windows: first \(first.seconds) s, kept \(second.seconds) s")
  #expect(second.windowsRun == 0 && second.mask == first.mask && first.voxelCount(label: 1) > 0)
}
