import Checkpoint
import Clicks
import Testing
import UMamba2
import Volume

@testable import Segmentation

private let patch = Axes3(8, 10, 12)
private let shape = Axes3(17, 19, 23)

private func predictor(
  _ network: StandInNetwork, cacheBytes: Int?, rules: SegmentationSettings.Rules = .canalis, mirroring: Bool = true
) throws -> InteractivePredictor<StandInNetwork> {
  let metadata = network.metadata()
  return try InteractivePredictor(
    scan: smoothScan(shape: shape, border: 1, seed: 5), metadata: metadata, network: network,
    settings: SegmentationSettings(metadata: metadata, rules: rules, mirroring: mirroring), cacheBytes: cacheBytes)
}

/// Longer than the patch by far, so that a click touches a part of it.
private let longShape = Axes3(41, 19, 30)

private func randomClick(
  _ generator: inout SeededGenerator, kinds: [ClickKind] = ClickKind.allCases, shape: Axes3<Int> = shape
) -> Click {
  Click(
    kind: kinds[generator.integer(0...kinds.count - 1)],
    voxel: shape.map { generator.integer(0...$0 - 1) })
}

/// Everything of a result that must be the same bytes.
private struct Bytes: Equatable {
  let mask: [UInt8]
  let before: [UInt8]
  let logits: [Float]
  let left: Int
  let forced: [Int]

  init(_ result: SegmentationResult) {
    mask = result.mask.labels
    before = result.labelsBefore
    logits = result.logits?.values ?? []
    left = result.voxelCount(label: 1)
    forced = result.forcedClicks
  }
}

@Test(
  "Clicking, moving, undoing and redoing gives the bytes of a first run, whatever is kept, cancelled runs and previews between",
  arguments: [0, 60_000, 1_000_000, 1 << 30])
func randomWalk(cacheBytes: Int) throws {
  for (kinds, rules) in [
    (["left", "right"], SegmentationSettings.Rules.canalis), (["left", "right"], .reference),
    (["right", "background", "left"], .canalis),
  ] {
    var numbers = StandInNetwork.Numbers()
    if kinds.count == 3 { numbers.strength.append([2.5, -1, -1.3]) }
    let made = StandInNetwork(patch: patch, numbers: numbers)
    var metadata = made.metadata(clickKinds: kinds)
    metadata.minimumComponentVolumes = [1: 0.9, 2: 0.9]
    if kinds.count == 3 { metadata.notCanalGuidance = 1.5 }
    let scan = smoothScan(shape: longShape, border: 1, seed: 5)
    let settings = SegmentationSettings(metadata: metadata, rules: rules, mirroring: false)
    func predictor(_ bytes: Int) throws -> InteractivePredictor<StandInNetwork> {
      try InteractivePredictor(
        scan: scan, metadata: metadata, network: StandInNetwork(patch: patch, numbers: numbers), settings: settings,
        cacheBytes: bytes)
    }
    let kept = try predictor(cacheBytes)
    var generator = SeededGenerator(seed: UInt64(cacheBytes))
    var clicks: [Click] = []
    var undone: [Click] = []
    var last: [UInt8]?
    var rests = 0
    for step in 0..<(kinds.count == 3 ? 200 : 60) {
      let choice = generator.unit()
      if choice < 0.3, let click = clicks.popLast() {
        undone.append(click)
      } else if choice < 0.45, let click = undone.popLast() {
        clicks.append(click)
      } else if choice < 0.6, !clicks.isEmpty {
        let moved = generator.integer(0...clicks.count - 1)
        clicks[moved] = Click(kind: clicks[moved].kind, voxel: longShape.map { generator.integer(0...$0 - 1) })
        undone = []
      } else {
        let known = rules == .reference ? [ClickKind.left, .right] : ClickKind.allCases
        clicks.append(randomClick(&generator, kinds: known, shape: longShape))
        undone = []
      }
      if generator.happens(0.2) {
        // A run that is cancelled after its first preview, or at its end.
        let some = Array(clicks.dropLast(generator.integer(0...2)))
        var previews = 0
        #expect(throws: CancellationError.self) {
          try kept.segment(clicks: some) { report in
            if previews > 0 || report.stage == "post-processing" { throw CancellationError() }
          } preview: { _ in
            previews += 1
          }
        }
      }
      let extras: SegmentationResult.Extras = step % 10 == 9 ? .everything : .maskBeforePostprocessing
      let result = try kept.segment(clicks: clicks, keeping: extras, preview: { _ in })
      let fresh = try predictor(0).segment(clicks: clicks, keeping: extras)
      #expect(Bytes(result) == Bytes(fresh), "step \(step)")
      // The change is counted from the mask before.
      let (old, new) = (last ?? [UInt8](repeating: 0, count: longShape.product), result.mask.labels)
      #expect(result.change.added == zip(old, new).count { $0 != $1 && $1 != 0 })
      #expect(result.change.removed == zip(old, new).count { $0 != 0 && $1 == 0 })
      for label in 0..<3 { #expect(result.voxelCount(label: UInt8(label)) == new.count { $0 == label }) }
      // A rest is what the network still says and the mask had, forced voxels apart.
      let before = result.labelsBefore
      let lost = new.indices.filter { old[$0] != 0 && old[$0] == before[$0] && new[$0] == 0 }
      #expect(Set(result.change.rests.map(\.label)).count == result.change.rests.count)
      for label in UInt8(1)...2 {
        let own = lost.filter { old[$0] == label }
        let forced = own.count { offset in clicks.contains { longShape.offset(of: $0.voxel) == offset } }
        let rest = result.change.rests.first { $0.label == label }
        #expect((own.count - forced...own.count).contains(rest?.voxels ?? 0), "step \(step)")
        if let rest {
          #expect(own.contains(longShape.offset(of: rest.voxel)))
          rests += 1
        }
      }
      last = new
    }
    if rules == .canalis { #expect(rests > 0) }
  }
}

@Test("The labels of one predictor make the mask in another, which then runs only what a click touches")
func restored() throws {
  let network = StandInNetwork(patch: patch)
  let first = try predictor(network, cacheBytes: 1 << 30)
  let clicks = [Click(kind: .left, voxel: Axes3(8, 9, 10)), Click(kind: .right, voxel: Axes3(3, 4, 5))]
  let expected = try first.segment(clicks: clicks)
  let second = try predictor(StandInNetwork(patch: patch), cacheBytes: 1 << 30)
  let restored = try #require(try second.restore(modelLabels: first.modelLabels, clicks: clicks))
  #expect(restored.mask == expected.mask && restored.windowsRun == 0)
  #expect(restored.forcedClicks == expected.forcedClicks)
  #expect(try second.segment(clicks: clicks).windowsRun == 0)
  let more = clicks + [Click(kind: .left, voxel: Axes3(1, 1, 1))]
  #expect(try second.segment(clicks: more).mask == first.segment(clicks: more).mask)
  // What a click after the network did is not in the labels.
  let negative = clicks + [Click(kind: .background, voxel: Axes3(1, 1, 1))]
  #expect(try second.restore(modelLabels: first.modelLabels, clicks: negative) == nil)
  #expect(try second.restore(modelLabels: [], clicks: clicks) == nil)
}

@Test("A preview comes while windows are missing, and counts them")
func previews() throws {
  let network = StandInNetwork(patch: patch)
  network.secondsADecode = 0.03
  let predictor = try predictor(network, cacheBytes: 1 << 30)
  var counts: [(Int, Int)] = []
  let first = try predictor.segment(clicks: [], preview: { counts.append(($0.windowsRun, $0.windows)) })
  #expect(counts.first.map { $0.0 } == 1 && counts.allSatisfy { $0.1 == first.windows && $0.0 <= $0.1 })
  let click = [Click(kind: .left, voxel: Axes3(8, 9, 10))]
  var seen: [UInt8] = []
  let second = try predictor.segment(clicks: click, preview: { seen = $0.mask.labels })
  // Where the preview is not exact it is close: the windows that were not run answer the former clicks.
  let wrong = differingVoxels(seen, second.mask.labels)
  #expect(!seen.isEmpty && wrong < differingVoxels(first.mask.labels, second.mask.labels))
}

@Test("A click runs the network only where it is seen, and undo runs nothing that is kept")
func runsOnlyWhatChanged() throws {
  let network = StandInNetwork(patch: patch)
  let predictor = try predictor(network, cacheBytes: 1 << 30)
  let first = try predictor.segment(clicks: [])
  #expect(first.windowsRun == first.windows && network.encodes == 4 * first.windows)
  #expect(network.decodes == 4 * first.windows)
  // The corner belongs to one window.
  let corner = [Click(kind: .left, voxel: Axes3(1, 1, 1))]
  let second = try predictor.segment(clicks: corner)
  #expect(second.windowsRun == 1 && network.encodes == 4 * first.windows)
  #expect(network.decodes == 4 * first.windows + 4)
  #expect(try predictor.segment(clicks: corner).windowsRun == 0)
  let pending = try predictor.pendingWork(clicks: [])
  #expect(pending.windows == 1)
  #expect(pending.multiplyAccumulates == Double(4 * (try ForwardCost(plan: network.plan)).decodeMultiplyAccumulates))
  let third = try predictor.segment(clicks: [])
  #expect(third.windowsRun == 1 && third.mask == first.mask && network.encodes == 4 * first.windows)
}

@Test("Without a budget everything runs again; with a budget for one window's encodings, that window only decodes")
func budgets() throws {
  let network = StandInNetwork(patch: patch)
  let bare = try predictor(network, cacheBytes: 0)
  let windows = try bare.segment(clicks: []).windows
  #expect(try bare.segment(clicks: [], keeping: .logits).windowsRun == windows && network.encodes == 8 * windows)

  network.encodes = 0
  let answers = windows * 3 * patch.product * 4
  let small = try predictor(network, cacheBytes: answers + 4 * patch.product * 4)
  _ = try small.segment(clicks: [])
  #expect(network.encodes == 4 * windows)
  let last = Click(kind: .right, voxel: Axes3(15, 17, 21))
  _ = try small.segment(clicks: [last])
  #expect(network.encodes == 4 * windows + 4, "the last window's encodings were not kept")
  _ = try small.segment(clicks: [last, Click(kind: .left, voxel: Axes3(15, 17, 20))])
  #expect(network.encodes == 4 * windows + 4, "now they are")
}

@Test("A cancelled run ends with the caller's error and leaves the predictor ready")
func cancel() throws {
  let clicks = [Click(kind: .left, voxel: Axes3(8, 9, 10)), Click(kind: .background, voxel: Axes3(3, 4, 5))]
  let whole = Bytes(try predictor(StandInNetwork(patch: patch), cacheBytes: 0).segment(clicks: clicks))
  let predictor = try predictor(StandInNetwork(patch: patch), cacheBytes: 1 << 30)
  for stop in [1, 2, 7, 30, 61] {
    var reports = 0
    #expect(throws: CancellationError.self) {
      try predictor.segment(clicks: clicks) { _ in
        reports += 1
        if reports == stop { throw CancellationError() }
      }
    }
  }
  #expect(Bytes(try predictor.segment(clicks: clicks)) == whole)
}

@Test("Progress names its stage, never goes back and ends at 1")
func progress() throws {
  let predictor = try predictor(StandInNetwork(patch: patch), cacheBytes: 1 << 30)
  for clicks in [[], [Click(kind: .left, voxel: Axes3(1, 1, 1))]] {
    var reports: [SegmentationProgress] = []
    let result = try predictor.segment(clicks: clicks) { reports.append($0) }
    #expect(reports.count >= result.windowsRun * 8)
    #expect(zip(reports, reports.dropFirst()).allSatisfy { $0.fraction <= $1.fraction })
    #expect(reports.allSatisfy { (0...1).contains($0.fraction) && !$0.stage.isEmpty })
    #expect(reports.last?.fraction == 1)
  }
}

@Test("Mirroring a scan with its clicks mirrors the mask with left and right exchanged")
func mirrorEquivariance() throws {
  let odd = Axes3(9, 11, 13)
  for rules in SegmentationSettings.Rules.allCases {
    for axis in [1, 2] {
      let network = StandInNetwork(patch: odd)
      let metadata = network.metadata()
      let settings = SegmentationSettings(metadata: metadata, rules: rules)
      let scan = smoothScan(shape: odd, seed: 11)
      let clicks = [
        Click(kind: .left, voxel: Axes3(4, 3, 2)), Click(kind: .right, voxel: Axes3(6, 8, 10)),
        Click(kind: .left, voxel: Axes3(1, 10, 12)),
      ]
      func mirrored(_ voxel: Axes3<Int>) -> Axes3<Int> {
        var result = voxel
        result[axis] = odd[axis] - 1 - voxel[axis]
        return result
      }
      func mirrored<Value>(_ values: [Value]) -> [Value] {
        (0..<odd.product).map { place in
          values[
            odd.offset(
              of: mirrored(Axes3(place / (odd.axis1 * odd.axis2), place / odd.axis2 % odd.axis1, place % odd.axis2)))]
        }
      }
      let exchanges = axis == 2
      let mirroredClicks = clicks.map { click in
        Click(
          kind: exchanges ? (click.kind == .left ? .right : .left) : click.kind, voxel: mirrored(click.voxel))
      }
      let first = try InteractivePredictor(scan: scan, metadata: metadata, network: network, settings: settings)
        .segment(clicks: clicks, keeping: .everything)
      let second = try InteractivePredictor(
        scan: Volume(grid: scan.grid, voxels: mirrored(scan.voxels)), metadata: metadata, network: network,
        settings: settings
      ).segment(clicks: mirroredClicks, keeping: .everything)
      let expected = mirrored(first.labelsBefore).map { label in
        exchanges && label > 0 ? 3 - label : label
      }
      #expect(Set(expected) == [0, 1, 2])
      #expect(differingVoxels(second.labelsBefore, expected) == 0)
    }
  }
}

@Test("A scan stored in any of the 48 orientations gives the same mask in the patient")
func orientations() throws {
  let shape = Axes3(11, 15, 13)
  let network = StandInNetwork(patch: Axes3(8, 10, 12))
  let scan = smoothScan(shape: shape, spacing: Axes3(0.4, 0.25, 0.35), border: 1, seed: 21)
  let clicks = [
    Click(kind: .left, voxel: Axes3(4, 3, 2)), Click(kind: .right, voxel: Axes3(6, 12, 10)),
    Click(kind: .background, voxel: Axes3(5, 5, 9)), Click(kind: .left, voxel: Axes3(0, 0, 0)),
  ]
  for normalization in [ModelMetadata.Normalization.scanPercentiles(lower: 1, upper: 99), .zScore] {
    for kinds in [["left", "right"], ["right", "background", "left"]] {
      var numbers = StandInNetwork.Numbers()
      if kinds.count == 3 { numbers.strength.append([2.5, -1, -1.3]) }
      let network = StandInNetwork(patch: network.patch, numbers: numbers)
      var metadata = network.metadata(clickKinds: kinds, normalization: normalization)
      metadata.minimumComponentVolumes = [1: 0.5, 2: 0.5]
      let settings = SegmentationSettings(metadata: metadata)
      var expected: Mask?
      for orientation in [Orientation.lps] + Orientation.all {
        let turn = Reorientation(from: .lps, to: orientation)
        let result = try InteractivePredictor(
          scan: turn.turn(scan), metadata: metadata, network: network, settings: settings, cacheBytes: 0
        ).segment(clicks: clicks.map { Click(kind: $0.kind, voxel: turn.turn(voxel: $0.voxel, in: shape)) })
        let back = turn.inverse.turn(result.mask).labels
        if let expected {
          #expect(back == expected.labels, "\(orientation.code)")
        } else {
          expected = result.mask
          #expect(Set(result.mask.labels) == [0, 1, 2])
        }
      }
    }
  }
}
