import Checkpoint
import Testing
import UMamba2
import Volume

@testable import Segmentation

/// A bright block in noisy air; 1 mm voxels.
private func blockInAir(shape: Axes3<Int>, block: VoxelBox) -> Volume {
  var generator = SeededGenerator(seed: 4)
  let voxels = (0..<shape.product).map { place -> Float in
    let noise = generator.uniform(-90...90)
    return Float(noise + (block.contains(shape.index(at: place)) ? 900 : -1000))
  }
  return Volume(grid: grid(shape: shape, spacing: Axes3(repeating: 1), orientation: .lps), voxels: voxels)
}

private let shape = Axes3(40, 44, 48)
private let block = VoxelBox(Axes3(14..<28, 20..<36, 3..<40))
/// The block and 5 mm of air around it, as far as there is any.
private let kept = VoxelBox(Axes3(9..<33, 15..<41, 0..<45))

private func pipeline(
  _ normalization: ModelMetadata.Normalization, rules: SegmentationSettings.Rules
) throws -> PipelinePlan {
  var metadata = StandInNetwork(patch: Axes3(8, 8, 8)).metadata()
  metadata.normalization = [normalization]
  return try PipelinePlan(
    metadata: metadata, settings: SegmentationSettings(metadata: metadata, rules: rules), orientation: .lps)
}

@Test("Air on the six sides is left out for models that follow the scan, and for no other")
func airIsLeftOut() throws {
  let scan = blockInAir(shape: shape, block: block)
  let whole = VoxelBox(wholeOf: shape)
  let own = ModelMetadata.Normalization.scanPercentiles(lower: 0.5, upper: 99.5)
  let crop = ScanCrop(scan, pipeline: try pipeline(own, rules: .canalis))
  #expect(crop.box == kept)
  #expect(ScanCrop(scan, pipeline: try pipeline(own, rules: .reference)).box == whole)
  for published in [
    .zScore, .none,
    ModelMetadata.Normalization.computedTomography(
      mean: 300, standardDeviation: 400, percentile005: -1000, percentile995: 2000),
  ] {
    #expect(ScanCrop(scan, pipeline: try pipeline(published, rules: .canalis)).box == whole)
  }
  // Grey values are measured with the air: it is what -1 means.
  let ends = VoxelStatistics.percentiles([0.5, 99.5], of: scan.voxels)
  #expect(crop.intensities.lower == ends[0] && crop.intensities.upper == ends[1])
}

@Test("A scan full of tissue, and one that is the same everywhere, are kept whole")
func nothingIsLeftOut() throws {
  let own = try pipeline(.scanPercentiles(lower: 0.5, upper: 99.5), rules: .canalis)
  let full = smoothScan(shape: Axes3(12, 14, 16), seed: 3)
  #expect(ScanCrop(full, pipeline: own).box == VoxelBox(wholeOf: full.grid.shape))
  let even = Volume(grid: full.grid, voxels: [Float](repeating: 7, count: full.voxels.count))
  #expect(ScanCrop(even, pipeline: own).box == VoxelBox(wholeOf: full.grid.shape))
  let empty = Volume(grid: full.grid, voxels: [Float](repeating: 0, count: full.voxels.count))
  #expect(ScanCrop(empty, pipeline: own).box == VoxelBox(wholeOf: full.grid.shape))
}

@Test("A turned scan is cropped at the same place, and measured the same")
func turnedCrop() throws {
  let scan = blockInAir(shape: shape, block: block)
  var metadata = StandInNetwork(patch: Axes3(8, 8, 8)).metadata()
  metadata.normalization = [.scanPercentiles(lower: 0.5, upper: 99.5)]
  let settings = SegmentationSettings(metadata: metadata)
  let straight = ScanCrop(scan, pipeline: try pipeline(metadata.normalization[0], rules: .canalis))
  for code in ["RAS", "SAR", "PIL"] {
    let orientation = try #require(Orientation(code: code))
    let turn = Reorientation(from: .lps, to: orientation)
    let turned = turn.turn(scan)
    let plan = try PipelinePlan(metadata: metadata, settings: settings, orientation: turned.grid.orientation)
    let crop = ScanCrop(turned, pipeline: plan)
    #expect(crop.intensities == straight.intensities)
    let geometry = try plan.geometry(grid: turned.grid, box: crop.box, patch: Axes3(8, 8, 8))
    #expect(geometry.cropLow == kept.corner && geometry.cropShape == kept.shape)
  }
}

@Test("The network is made for windows that fit the scan, and its answer is that of a network made for them before")
func networkForTheScan() throws {
  let scan = blockInAir(shape: shape, block: block)
  var numbers = StandInNetwork.Numbers()
  (numbers.gain, numbers.slope) = ([0, 3, 0], [0, 0, 0])
  var metadata = StandInNetwork(patch: Axes3(16, 20, 20), numbers: numbers).metadata()
  metadata.normalization = [.scanPercentiles(lower: 0.5, upper: 99.5)]
  metadata.spacing = Axes3(repeating: 1)
  let settings = SegmentationSettings(metadata: metadata, step: 0.9)
  var patches: [Axes3<Int>] = []
  let fitted = try InteractivePredictor(scan: scan, metadata: metadata, settings: settings) { patch in
    patches.append(patch)
    return StandInNetwork(patch: patch, numbers: numbers)
  }
  let expected = WindowPlan.fittedPatch(
    near: Axes3(16, 20, 20), size: kept.shape, step: 0.9, multiple: Axes3(repeating: 1))
  #expect(patches == [expected] && expected != Axes3(16, 20, 20))
  let given = try InteractivePredictor(
    scan: scan, metadata: metadata, network: StandInNetwork(patch: expected, numbers: numbers), settings: settings)
  let (first, second) = (try fitted.segment(clicks: []), try given.segment(clicks: []))
  #expect(first.mask.labels == second.mask.labels && first.windows == second.windows)
  #expect(Set(first.mask.labels).count > 1)
  for place in first.mask.labels.indices where !kept.contains(shape.index(at: place)) {
    #expect(first.mask.labels[place] == 0)
  }
  // The published rules keep the patch of the model.
  _ = try InteractivePredictor(
    scan: scan, metadata: metadata, settings: SegmentationSettings(metadata: metadata, rules: .reference)
  ) { patch in
    patches.append(patch)
    return StandInNetwork(patch: patch, numbers: numbers)
  }
  #expect(patches.last == Axes3(16, 20, 20))
}
