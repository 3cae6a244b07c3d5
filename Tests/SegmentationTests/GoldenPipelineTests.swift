import Checkpoint
import Clicks
import Foundation
import Testing
import UMamba2
import Volume

@testable import Segmentation

/// What the authors' interactive inference computed, with the tolerances that its float32 leaves.
private struct GoldenCase {
  let folder: String
  let scan: Volume
  let clicks: [Click]
  let facts: Facts

  struct Facts: Decodable {
    let paddedShape: Axes3<Int>
    let windowClickCounts: [Int]
    let voxelsBefore: [Int]
    let voxelsAfter: [Int]
    enum CodingKeys: String, CodingKey {
      case paddedShape = "padded_shape"
      case windowClickCounts = "window_click_counts"
      case voxelsBefore = "voxels_before"
      case voxelsAfter = "voxels_after"
    }
  }

  init(_ name: String) throws {
    folder = name
    scan = try NIfTIReader.read(path: Fixtures.path("\(name)/volume.nii.gz"))
    clicks = try ChallengeFile.read(path: Fixtures.path("\(name)/clicks.json"), shape: scan.grid.shape)
    facts = try JSONDecoder().decode(
      Facts.self, from: Data(contentsOf: Fixtures.folder.appending(path: "\(name)/case.json")))
  }

  func predictor(model path: String) throws -> InteractivePredictor<UMamba2Network> {
    let model = try Model.load(path: path)
    return try InteractivePredictor(
      scan: scan, metadata: model.metadata,
      network: UMamba2Network(plan: model.metadata.plan, parameters: model.parameters),
      settings: SegmentationSettings(metadata: model.metadata, rules: .reference))
  }
}

@Test("The published pipeline is reproduced, masks voxel for voxel", arguments: ["p1", "p2"])
func golden(name: String) throws {
  let golden = try GoldenCase(name)
  let predictor = try golden.predictor(model: Fixtures.path("\(name)/checkpoint_final.pth"))
  let windows = try JSONDecoder().decode(
    [Axes3<Int>].self, from: Data(contentsOf: Fixtures.folder.appending(path: "\(name)/windows.json")))
  #expect(predictor.windowPlan.allStarts == windows)
  #expect(predictor.geometry.paddedShape == golden.facts.paddedShape)
  #expect(try predictor.windowPrompts(golden.clicks).map(\.count) == golden.facts.windowClickCounts)

  let preprocessed = try NPYArray.read(path: Fixtures.path("\(name)/preprocessed.npy"))
  let input = try predictor.input.resampled(VoxelBox(wholeOf: predictor.geometry.resampledShape))
  let inputDifference = largestDifference(input, preprocessed.floats)

  let result = try predictor.segment(clicks: golden.clicks, keeping: .everything)
  let logits = try NPYArray.read(path: Fixtures.path("\(name)/logits.npy"))
  let found = try #require(result.logits)
  #expect(found.shape == logits.shape)
  let difference = largestDifference(found.values, logits.floats)
  let shape = predictor.geometry.resampledShape
  let sums = GaussianWeights(patch: predictor.windowPlan.patch).sums(over: predictor.windowPlan)
  func weighted(_ values: [Float]) -> [Float] {
    values.enumerated().map { position, value in
      let place = position % shape.product
      let weight =
        sums.axis0[place / (shape.axis1 * shape.axis2)] * sums.axis1[place / shape.axis2 % shape.axis1]
        * sums.axis2[place % shape.axis2]
      return Float(Double(value) / weight)
    }
  }
  let weightedDifference = largestDifference(weighted(found.values), weighted(logits.floats))
  print(
    "\(name): preprocessed within \(inputDifference), logits within \(difference), divided by the weights within "
      + "\(weightedDifference); \(result.seconds) s")
  #expect(inputDifference < 5e-5)
  #expect(difference < 5e-3)
  #expect(weightedDifference < 1e-3)

  let before = try NIfTIReader.readMask(path: Fixtures.path("\(name)/mask_before_postprocessing.nii.gz"))
  let after = try NIfTIReader.readMask(path: Fixtures.path("\(name)/mask.nii.gz"))
  #expect(differingVoxels(result.labelsBefore, before.labels) == 0)
  #expect(differingVoxels(result.mask.labels, after.labels) == 0)
  #expect((0..<3).map { result.voxelCount(label: $0) } == golden.facts.voxelsAfter)
}

@Test("An imported model gives the bytes of its checkpoint", arguments: ["p1", "p2"])
func importedModel(name: String) throws {
  let golden = try GoldenCase(name)
  let folder = FileManager.default.temporaryDirectory.appending(path: "canalis-golden-\(UUID().uuidString)")
  try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
  defer { try? FileManager.default.removeItem(at: folder) }
  let checkpoint = Fixtures.path("\(name)/checkpoint_final.pth")
  let imported = folder.appending(path: "model.safetensors").path(percentEncoded: false)
  _ = try ModelImporter.importCheckpoint(from: checkpoint, to: imported)
  let first = try golden.predictor(model: checkpoint).segment(clicks: golden.clicks, keeping: .everything)
  let second = try golden.predictor(model: imported).segment(clicks: golden.clicks, keeping: .everything)
  #expect(first.logits == second.logits)
  #expect(first.mask == second.mask)
  #expect(first.maskBeforePostprocessing == second.maskBeforePostprocessing)
}

@Test("Undo gives the bytes from before, with the real network and every cache")
func goldenUndo() throws {
  let golden = try GoldenCase("p1")
  let predictor = try golden.predictor(model: Fixtures.path("p1/checkpoint_final.pth"))
  let some = Array(golden.clicks.prefix(3))
  let before = try predictor.segment(clicks: some, keeping: .everything)
  let after = try predictor.segment(clicks: golden.clicks, keeping: .everything)
  #expect(after.windowsRun < after.windows)
  let undone = try predictor.segment(clicks: some, keeping: .everything)
  #expect(undone.logits == before.logits && undone.mask == before.mask && after.logits != before.logits)
  let fresh = try golden.predictor(model: Fixtures.path("p1/checkpoint_final.pth"))
  #expect(try fresh.segment(clicks: golden.clicks, keeping: .everything).logits == after.logits)
}

@Test("With the real network too, mirroring a scan with its clicks mirrors the mask, ties aside")
func goldenMirror() throws {
  let golden = try GoldenCase("p1")
  let model = try Model.load(path: Fixtures.path("p1/checkpoint_final.pth"))
  let network = try UMamba2Network(plan: model.metadata.plan, parameters: model.parameters)
  let patch = network.patch
  let grid = grid(shape: patch, spacing: Axes3(repeating: 0.3), orientation: .lps)
  let corner = Axes3(8, 8, 10)
  func voxels(isMirrored: Bool) -> [Float] {
    (0..<patch.product).map { place in
      let column = place % patch.axis2
      return golden.scan.voxels[
        golden.scan.grid.shape.offset(
          of: Axes3(
            corner.axis0 + place / (patch.axis1 * patch.axis2), corner.axis1 + place / patch.axis2 % patch.axis1,
            corner.axis2 + (isMirrored ? patch.axis2 - 1 - column : column)))]
    }
  }
  func run(isMirrored: Bool) throws -> SegmentationResult {
    let clicks = [(ClickKind.left, 5), (.right, 20), (.left, 31)].map { kind, column in
      Click(
        kind: isMirrored ? (kind == .left ? .right : .left) : kind,
        voxel: Axes3(7, column, isMirrored ? patch.axis2 - 1 - column : column))
    }
    return try InteractivePredictor(
      scan: Volume(grid: grid, voxels: voxels(isMirrored: isMirrored)), metadata: model.metadata, network: network,
      settings: SegmentationSettings(metadata: model.metadata)
    ).segment(clicks: clicks, keeping: .everything)
  }
  let plain = try run(isMirrored: false)
  let mirrored = try run(isMirrored: true)
  #expect(plain.windows == 1)
  let logits = try #require(plain.logits).values
  let count = patch.product
  var (different, ties) = (0, 0)
  for place in 0..<count {
    let opposite = place - place % patch.axis2 + patch.axis2 - 1 - place % patch.axis2
    let label = mirrored.labelsBefore[opposite]
    if plain.labelsBefore[place] == (label == 0 ? 0 : 3 - label) { continue }
    let values = (0..<3).map { logits[$0 * count + place] }.sorted()
    if values[2] - values[1] < 1e-4 { ties += 1 } else { different += 1 }
  }
  print("mirrored: \(different) voxels differ, \(ties) more are ties")
  #expect(different == 0 && ties < 20)
  #expect(Set(plain.labelsBefore).count == 3)
}
