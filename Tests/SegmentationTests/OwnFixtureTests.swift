import Checkpoint
import Clicks
import Foundation
import Testing
import Volume

@testable import Segmentation

/// A case that `Tests/Fixtures/pipeline/make.py` made in float64.
private struct OwnCase: Decodable {
  struct Model: Decodable {
    let patch: Axes3<Int>
    let spacing: Axes3<Double>
    let orientation: String
    let transpose: [Int]
    let normalization: Scheme
    let clickKinds: [String]
    let minimum: [String: Double]
    let gain: [Double]
    let bias: [Double]
    let slope: [Double]
    let strength: [[Double]]
    let radius: Double
  }
  struct Scheme: Decodable {
    let scheme: String
    let mean: Double?
    let deviation: Double?
    let low: Double?
    let high: Double?
  }
  struct PlacedKind: Decodable {
    let click: Click
    init(from decoder: any Decoder) throws {
      var container = try decoder.unkeyedContainer()
      click = Click(kind: try container.decode(ClickKind.self), voxel: try container.decode(Axes3<Int>.self))
    }
  }
  struct Expected: Decodable {
    let windows: [Axes3<Int>]
    let placed: [Axes3<Int>]
    let largest: [Float]
    let forced: [Int]
    let paddedShape: Axes3<Int>
  }
  let model: Model
  let orientation: String?
  let rules: SegmentationSettings.Rules
  let mirrorAxes: [Int]
  let step: Double
  let postprocessing: Bool
  let spacing: Axes3<Float>
  let clicks: [PlacedKind]
  let expected: Expected

  var network: StandInNetwork {
    StandInNetwork(
      patch: model.patch,
      numbers: StandInNetwork.Numbers(
        gain: model.gain, bias: model.bias, slope: model.slope, strength: model.strength, radius: model.radius))
  }

  var metadata: ModelMetadata {
    var metadata = network.metadata(clickKinds: model.clickKinds, spacing: model.spacing)
    metadata.orientation = model.orientation
    metadata.transposeForward = model.transpose
    metadata.minimumComponentVolumes = Dictionary(
      uniqueKeysWithValues: model.minimum.compactMap { key, value in Int(key).map { ($0, value) } })
    let scheme = model.normalization
    switch scheme.scheme {
    case "computedTomography":
      metadata.normalization = [
        .computedTomography(
          mean: scheme.mean ?? .nan, standardDeviation: scheme.deviation ?? .nan, percentile005: scheme.low ?? .nan,
          percentile995: scheme.high ?? .nan)
      ]
    case "scanPercentiles":
      metadata.normalization = [.scanPercentiles(lower: scheme.low ?? .nan, upper: scheme.high ?? .nan)]
    default: metadata.normalization = [.zScore]
    }
    return metadata
  }
}

@Test(
  "The pipeline gives what NumPy in float64 gives",
  arguments: [
    "padding", "outside_crop", "resampled_clicks", "resampled_default", "three_kinds", "no_positive_maximum",
    "anisotropic", "negative_clicks", "negative_outside_crop", "forced", "components", "thresholds", "turned",
    "transposed", "percentiles", "z_score", "without_postprocessing",
  ])
func ownFixture(name: String) throws {
  let content = try JSONDecoder().decode(
    OwnCase.self, from: Data(contentsOf: Fixtures.folder.appending(path: "own/\(name).json")))
  let stored = try NPYArray.read(path: Fixtures.path("own/\(name).scan.npy"))
  let shape = Axes3(stored.shape[0], stored.shape[1], stored.shape[2])
  let scan = Volume(
    grid: grid(
      shape: shape, spacing: content.spacing.map { Double($0) },
      orientation: content.orientation.flatMap { Orientation(code: $0) }), voxels: stored.floats)
  let settings = SegmentationSettings(
    rules: content.rules, mirrorAxes: content.mirrorAxes, step: content.step, postprocessing: content.postprocessing)
  let predictor = try InteractivePredictor(
    scan: scan, metadata: content.metadata, network: content.network, settings: settings)
  #expect(predictor.windowPlan.allStarts == content.expected.windows)
  #expect(predictor.geometry.paddedShape == content.expected.paddedShape)

  let preprocessed = try NPYArray.read(path: Fixtures.path("own/\(name).preprocessed.npy"))
  #expect(predictor.geometry.resampledShape.array == preprocessed.shape)
  let input = try predictor.input.resampled(VoxelBox(wholeOf: predictor.geometry.resampledShape))
  let inputDifference = largestDifference(input, preprocessed.floats)

  let clicks = content.clicks.map(\.click)
  let result = try predictor.segment(clicks: clicks, keeping: .everything)
  let logits = try NPYArray.read(path: Fixtures.path("own/\(name).logits.npy"))
  let found = try #require(result.logits)
  #expect(found.shape == logits.shape)
  let largestLogit = logits.floats.map(abs).max() ?? 0
  let logitDifference = largestDifference(found.values, logits.floats)
  print("\(name): preprocessed within \(inputDifference), logits within \(logitDifference) of \(largestLogit)")
  #expect(inputDifference < 5e-5)
  #expect(logitDifference < 1e-5 * max(1, largestLogit))

  let before = try NPYArray.read(path: Fixtures.path("own/\(name).before.npy")).floats.map { UInt8($0) }
  let after = try NPYArray.read(path: Fixtures.path("own/\(name).mask.npy")).floats.map { UInt8($0) }
  #expect(differingVoxels(result.labelsBefore, before) == 0)
  #expect(differingVoxels(result.mask.labels, after) == 0)
  #expect(result.forcedClicks == content.expected.forced)
  #expect(result.mask.grid == scan.grid)
  let inNetwork = clicks.enumerated().filter { index, click in
    content.model.clickKinds.contains(click.kind.rawValue)
      && (content.rules == .reference || !clicks[(index + 1)...].contains { $0.voxel == click.voxel })
  }
  #expect(
    inNetwork.map { predictor.geometry.paddedVoxel(ofScanVoxel: $0.element.voxel) } == content.expected.placed)
}
