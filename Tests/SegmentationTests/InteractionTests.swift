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

private func randomClick(_ generator: inout SeededGenerator, kinds: [ClickKind] = ClickKind.allCases) -> Click {
  Click(
    kind: kinds[generator.integer(0...kinds.count - 1)],
    voxel: shape.map { generator.integer(0...$0 - 1) })
}

/// Everything of a result that must be the same bytes.
private struct Bytes: Equatable {
  let mask: [UInt8]
  let before: [UInt8]
  let logits: [Float]
  let forced: [Int]

  init(_ result: SegmentationResult) {
    mask = result.mask.labels
    before = result.maskBeforePostprocessing.labels
    logits = result.logits?.values ?? []
    forced = result.forcedClicks
  }
}

@Test(
  "Clicking, undoing and redoing gives the bytes of a first run, whatever is kept",
  arguments: [0, 60_000, 1_000_000, 1 << 30])
func randomWalk(cacheBytes: Int) throws {
  for rules in SegmentationSettings.Rules.allCases {
    let network = StandInNetwork(patch: patch)
    let kept = try predictor(network, cacheBytes: cacheBytes, rules: rules)
    var generator = SeededGenerator(seed: UInt64(cacheBytes))
    var clicks: [Click] = []
    var seen: [[Click]: Bytes] = [:]
    for _ in 0..<12 {
      if !clicks.isEmpty, generator.happens(0.4) {
        clicks.removeLast()
      } else {
        clicks.append(randomClick(&generator, kinds: rules == .reference ? [.left, .right] : ClickKind.allCases))
      }
      let found = Bytes(try kept.segment(clicks: clicks, keepsLogits: true))
      if let earlier = seen[clicks] { #expect(found == earlier) }
      seen[clicks] = found
      let fresh = try predictor(StandInNetwork(patch: patch), cacheBytes: 0, rules: rules)
      #expect(Bytes(try fresh.segment(clicks: clicks, keepsLogits: true)) == found)
    }
  }
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
  #expect(try bare.segment(clicks: []).windowsRun == windows && network.encodes == 8 * windows)

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
        .segment(clicks: clicks)
      let second = try InteractivePredictor(
        scan: Volume(grid: scan.grid, voxels: mirrored(scan.voxels)), metadata: metadata, network: network,
        settings: settings
      ).segment(clicks: mirroredClicks)
      let expected = mirrored(first.maskBeforePostprocessing.labels).map { label in
        exchanges && label > 0 ? 3 - label : label
      }
      #expect(Set(expected) == [0, 1, 2])
      #expect(differingVoxels(second.maskBeforePostprocessing.labels, expected) == 0)
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
