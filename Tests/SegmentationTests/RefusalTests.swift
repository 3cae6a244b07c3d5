import Checkpoint
import Clicks
import Foundation
import Testing
import UMamba2
import Volume

@testable import Segmentation

private let patch = Axes3(6, 8, 8)

private func segment(
  clicks: [Click] = [], orientation: Orientation? = .lps, settings: SegmentationSettings? = nil,
  strength: [[Double]] = StandInNetwork.Numbers().strength, bias: Double = 0,
  change: (inout ModelMetadata) -> Void = { _ in }
) throws -> SegmentationResult {
  var numbers = StandInNetwork.Numbers()
  numbers.strength = strength
  numbers.bias[1] += bias
  let network = StandInNetwork(patch: patch, numbers: numbers)
  var metadata = network.metadata()
  change(&metadata)
  return try InteractivePredictor(
    scan: smoothScan(shape: Axes3(7, 8, 9), orientation: orientation, seed: 2), metadata: metadata, network: network,
    settings: settings ?? SegmentationSettings(metadata: metadata)
  ).segment(clicks: clicks)
}

@Test("A model without clicks segments, and refuses clicks by its name")
func withoutClicks() throws {
  #expect(try segment(strength: []).windows == 4)
  #expect(throws: SegmentationError.modelTakesNoClicks(model: "stand-in")) {
    try segment(clicks: [Click(kind: .left, voxel: Axes3(1, 2, 3))], strength: [])
  }
}

@Test("The published rules refuse a \"not canal\" click and say which it is")
func referenceRefusesBackground() throws {
  let clicks = [Click(kind: .left, voxel: Axes3(1, 2, 3)), Click(kind: .background, voxel: Axes3(1, 2, 4))]
  let settings = SegmentationSettings(rules: .reference, mirrorAxes: [1, 2], step: 0.9)
  #expect(throws: SegmentationError.backgroundClickUnderReferenceRules(click: 1)) {
    try segment(clicks: clicks, settings: settings)
  }
}

@Test("A click outside the scan is refused with the valid range")
func outside() {
  #expect(throws: ClicksError.outsideVolume(point: 0, voxel: Axes3(7, 0, 0), shape: Axes3(7, 8, 9))) {
    try segment(clicks: [Click(kind: .left, voxel: Axes3(7, 0, 0))])
  }
}

@Test("A kind that the model has no embedding for is refused, except \"not canal\"")
func unknownKind() throws {
  let right = [Click(kind: .right, voxel: Axes3(1, 2, 3))]
  #expect(throws: SegmentationError.unknownClickKind(kind: .right, known: ["left", "tooth"])) {
    try segment(clicks: right) { $0.clickKinds = ["left", "tooth"] }
  }
  let negative = try segment(clicks: [Click(kind: .background, voxel: Axes3(1, 2, 3))])
  #expect(negative.negativeClicksActedAfterNetwork)
  #expect(negative.mask.labels[Axes3(7, 8, 9).offset(of: Axes3(1, 2, 3))] == 0)
}

@Test("Settings out of range are refused", arguments: [0, -1, 1.01, Double.nan, .infinity])
func badStep(step: Double) {
  #expect(throws: SegmentationError.self) {
    try segment(settings: SegmentationSettings(mirrorAxes: [], step: step))
  }
}

@Test("Axes that do not exist are not mirrored")
func badAxes() {
  for axes in [[3], [-1], [1, 1]] {
    #expect(throws: SegmentationError.badMirrorAxes(axes)) {
      try segment(settings: SegmentationSettings(mirrorAxes: axes, step: 0.5))
    }
  }
}

@Test("A description that contradicts itself is refused")
func badModels() {
  let changes: [(inout ModelMetadata) -> Void] = [
    { $0.orientation = "LLL" }, { $0.transposeForward = [0, 1] }, { $0.spacing = Axes3(0.3, 0, 0.3) },
    { $0.normalization = [] }, { $0.mirroredClassPairs = [[1, 7]] }, { $0.mirroredClassPairs = [[1]] },
    { $0.clickKinds = ["left"] }, { $0.plan.inputChannels = 2 },
  ]
  for (index, change) in changes.enumerated() {
    #expect(throws: SegmentationError.self, "change \(index)") { try segment(change: change) }
  }
}

@Test("Logits that are not finite are an error, not a mask")
func nonFinite() {
  for bias in [Double.nan, .infinity, -.infinity] {
    #expect(throws: SegmentationError.nonFiniteLogits(window: 0)) { try segment(bias: bias) }
  }
}

@Test("A scan without an affine is taken as LPS, with a warning; with one there is none")
func withoutAffine() throws {
  let bare = try segment(orientation: nil)
  #expect(bare.warnings.count == 1 && bare.warnings[0].contains("LPS"))
  let known = try segment()
  #expect(known.warnings.isEmpty && known.mask.labels == bare.mask.labels)
  let reference = SegmentationSettings(rules: .reference, mirrorAxes: [1, 2], step: 0.9)
  #expect(try segment(orientation: nil, settings: reference).warnings.isEmpty)
}

@Test("Settings come from the model, the published rules from the publication")
func settingsFromModel() throws {
  let network = StandInNetwork(patch: patch)
  var metadata = network.metadata()
  metadata.mirrorAxes = [2]
  metadata.step = 0.5
  #expect(SegmentationSettings(metadata: metadata) == SegmentationSettings(mirrorAxes: [2], step: 0.5))
  #expect(SegmentationSettings(metadata: metadata, mirroring: false, step: 0.7).mirrorAxes == [])
  #expect(
    SegmentationSettings(metadata: metadata, rules: .reference)
      == SegmentationSettings(rules: .reference, mirrorAxes: [1, 2], step: 0.9))
  metadata.mirrorAxes = []
  #expect(SegmentationSettings(metadata: metadata).isMirroring == false)
  #expect(SegmentationSettings(metadata: metadata, mirroring: true).mirrorAxes == [1, 2])
  let settings = SegmentationSettings(metadata: metadata, rules: .reference, postprocessing: false)
  let copy = try JSONDecoder().decode(SegmentationSettings.self, from: JSONEncoder().encode(settings))
  #expect(copy == settings)
}

@Test("An estimate counts windows, views and forwards, and bounds what the run's crop needs")
func estimate() throws {
  let network = StandInNetwork(patch: patch)
  let metadata = network.metadata()
  let scan = smoothScan(shape: Axes3(20, 20, 20), border: 3, seed: 2)
  let settings = SegmentationSettings(metadata: metadata)
  let before = try CostEstimate(grid: scan.grid, metadata: metadata, settings: settings)
  let exact = try InteractivePredictor(scan: scan, metadata: metadata, network: network, settings: settings).estimate
  #expect(before.windows == 4 * 3 * 3 && exact.windows == 3 * 2 * 2)
  #expect(before.views == 4)
  let forward = try ForwardCost(plan: network.plan, patch: patch).multiplyAccumulates
  #expect(before.multiplyAccumulates == Double(before.windows * 4 * forward))
  #expect(before.peakMemoryBytes >= exact.peakMemoryBytes && exact.peakMemoryBytes > 8000 * 6)
  #expect(before.seconds(multiplyAccumulatesPerSecond: 1e6) == before.multiplyAccumulates / 1e6)
}

@Test("Messages name what is wrong and what to do, on one line")
func messages() {
  let errors: [SegmentationError] = [
    .modelTakesNoClicks(model: "a\u{1b}[2J"), .unknownClickKind(kind: .right, known: ["left"]),
    .backgroundClickUnderReferenceRules(click: 2), .badStep(7), .badMirrorAxes([4]), .badModel(reason: "why"),
    .tooManyWindows(count: 2, limit: 1),
    .notEnoughMemory(neededBytes: 5 << 30, availableBytes: 1 << 30), .nonFiniteLogits(window: 3),
  ]
  for error in errors {
    #expect(!error.description.isEmpty && !error.description.contains { $0.isNewline || $0 == "\u{1b}" })
  }
}
