import Checkpoint
import Clicks
import Foundation
import Testing
import UMamba2
import Volume

@testable import Segmentation

/// A stand-in with three kinds of click: left, right, not canal.
private func standIn(patch: Axes3<Int>) -> StandInNetwork {
  var numbers = StandInNetwork.Numbers()
  numbers.strength.append([2.5, -1, -1.3])
  return StandInNetwork(patch: patch, numbers: numbers)
}

@Suite("\"Not canal\" clicks inside of canals")
struct NotCanalGuidanceTests {
  @Test("A click on a tube's axis is inside, one on its rim or beside it is not, and a window's border cuts the ball")
  func inside() {
    let patch = Axes3(12, 14, 16)
    let guidance = NotCanalGuidance(strength: 2, kind: 2, spacing: Axes3(0.5, 0.5, 0.25))
    // Along axis 0, centred at (6, 8): 3 voxels of 0.5 mm and 6 of 0.25 mm are 1.5 mm.
    var logits = [Float](repeating: 0, count: 4 * patch.product)
    for voxel in 0..<patch.product {
      let place = patch.index(at: voxel)
      let (across1, across2) = (0.5 * Double(place.axis1 - 6), 0.25 * Double(place.axis2 - 8))
      logits[voxel] = 1
      logits[(place.axis0 < 6 ? 1 : 2) * patch.product + voxel] =
        across1 * across1 + across2 * across2 <= 2.26 ? 2 : -1
    }
    var canals = CanalMap(logits: logits, patch: patch, views: 1)
    func isInside(_ voxel: Axes3<Int>) -> Bool {
      guidance.withoutInside([PointPrompt(voxel: voxel, kind: 2)], canals: canals).isEmpty
    }
    #expect(
      isInside(Axes3(5, 6, 8)) && isInside(Axes3(6, 7, 8)) && isInside(Axes3(0, 6, 8)) && isInside(Axes3(11, 6, 9)))
    #expect(
      !isInside(Axes3(5, 9, 8)) && !isInside(Axes3(5, 6, 14)) && !isInside(Axes3(5, 12, 8)) && !isInside(Axes3(0, 0, 0))
    )
    // Clicks on canals stay, wherever they are, in their order.
    let prompts = [
      PointPrompt(voxel: Axes3(5, 6, 8), kind: 1), PointPrompt(voxel: Axes3(5, 6, 8), kind: 2),
      PointPrompt(voxel: Axes3(5, 9, 8), kind: 2), PointPrompt(voxel: Axes3(5, 6, 8), kind: 0),
    ]
    let kept = guidance.withoutInside(prompts, canals: canals)
    #expect(kept == [prompts[0], prompts[2], prompts[3]])
    #expect(guidance.concerns(prompts) && !guidance.concerns([prompts[0], prompts[3]]))
    // Another structure that leads everywhere leaves no canal to be inside of.
    for voxel in 0..<patch.product { logits[3 * patch.product + voxel] = 3 }
    canals = CanalMap(logits: logits, patch: patch, views: 1)
    #expect(!isInside(Axes3(5, 6, 8)))
  }

  @Test("What clicks inside change counts as often as the model says; others are as ever")
  func formula() throws {
    let patch = Axes3(12, 14, 16)
    let network = standIn(patch: patch)
    let scan = smoothScan(shape: patch, seed: 5)
    var metadata = network.metadata()
    func logits(_ clicks: [Click]) throws -> [Float] {
      let settings = SegmentationSettings(metadata: metadata, mirroring: false)
      let predictor = try InteractivePredictor(
        scan: scan, metadata: metadata, network: network, settings: settings, cacheBytes: 0)
      return try #require(try predictor.segment(clicks: clicks, keeping: .logits).logits).values
    }
    let plain = try logits([])
    let guidance = NotCanalGuidance(strength: 3, kind: 2, spacing: metadata.spacing)
    let canals = CanalMap(logits: plain, patch: patch, views: 1)
    func isInside(_ voxel: Axes3<Int>) -> Bool {
      guidance.withoutInside([PointPrompt(voxel: voxel, kind: 2)], canals: canals).isEmpty
    }
    let voxels = (0..<patch.product).map { patch.index(at: $0) }
    let inside = voxels.filter(isInside)
    try #require(inside.count > 2)
    let outside = try #require(voxels.last { !isInside($0) })
    let deep = [inside[0], inside[inside.count - 1], inside[inside.count / 2]].map {
      Click(kind: .background, voxel: $0)
    }
    let rim = Click(kind: .background, voxel: outside)
    let canal = Click(kind: .right, voxel: Axes3(6, 13, 1))
    let rest = try logits([canal, rim])
    // One inside; two, which add up; three, of which no place counts more than two.
    for clicks in [Array(deep.prefix(1)), Array(deep.prefix(2)), deep] {
      metadata.notCanalGuidance = 1
      let all = try logits([canal, rim] + clicks)
      metadata.notCanalGuidance = 3
      let strengthened = try logits([canal, rim] + clicks)
      let expected = all.indices.map { index in
        let place = patch.index(at: index % patch.product)
        let times = clicks.reduce(0.0) { sum, click in
          let squared = (0..<3).reduce(0.0) { sum, axis in
            let apart = Double(place[axis] - click.voxel[axis]) * metadata.spacing[axis]
            return sum + apart * apart
          }
          return sum + exp(-squared / 200)
        }
        return all[index] + Float(2 * min(4, times * times)) * (all[index] - rest[index])
      }
      #expect(largestDifference(strengthened, expected) < 1e-4)
      #expect(largestDifference(strengthened, all) > 1)
    }
    #expect(try logits([canal, rim]) == rest)
    #expect(try logits([]) == plain)
  }

  @Test("A click inside decodes once where the answer without it is kept, and its cost says so")
  func decodes() throws {
    let patch = Axes3(12, 14, 16)
    let network = standIn(patch: patch)
    var metadata = network.metadata()
    metadata.notCanalGuidance = 2
    let settings = SegmentationSettings(metadata: metadata, mirroring: false)
    let scan = smoothScan(shape: patch, seed: 5)
    func predictor() throws -> InteractivePredictor<StandInNetwork> {
      try InteractivePredictor(
        scan: scan, metadata: metadata, network: network, settings: settings, cacheBytes: 1 << 30)
    }
    let first = try predictor()
    let cost = try ForwardCost(plan: network.plan)
    func count(_ clicks: [Click], _ predictor: InteractivePredictor<StandInNetwork>) throws -> (Int, Double) {
      let before = network.decodes
      let work = try predictor.pendingWork(clicks: clicks).multiplyAccumulates
      _ = try predictor.segment(clicks: clicks)
      return (network.decodes - before, work / Double(cost.decodeMultiplyAccumulates))
    }
    let plain = try #require(try first.segment(clicks: [], keeping: .logits).logits).values
    let guidance = NotCanalGuidance(strength: 2, kind: 2, spacing: metadata.spacing)
    let canals = CanalMap(logits: plain, patch: patch, views: 1)
    let voxels = (0..<patch.product).map { patch.index(at: $0) }
    let isInside = { (voxel: Axes3<Int>) in
      guidance.withoutInside([PointPrompt(voxel: voxel, kind: 2)], canals: canals).isEmpty
    }
    let deep = voxels.filter(isInside).map { Click(kind: .background, voxel: $0) }
    let rim = Click(kind: .background, voxel: try #require(voxels.first { !isInside($0) }))
    try #require(deep.count > 2)
    // The answer without clicks is there, and is kept for the next click.
    #expect(try count([deep[0]], first) == (1, 1))
    #expect(try count([deep[0], deep[1]], first) == (1, 1))
    #expect(try count([deep[0], deep[1]], first) == (0, 0))
    // All clicks, and those but the ones inside.
    #expect(try count([deep[0], deep[1], rim], first) == (2, 2))
    #expect(try count([deep[0], deep[2], rim], first) == (1, 1))
    #expect(try count([rim], first) == (0, 0))
    // A predictor that took over its labels knows of no canals yet: without clicks, with all, and without those inside.
    let second = try predictor()
    let clicks = [Click(kind: .left, voxel: Axes3(1, 2, 3))]
    let labels = try predictor()
    _ = try labels.segment(clicks: clicks)
    #expect(try second.restore(modelLabels: labels.modelLabels, clicks: clicks) != nil)
    let encoding = Double(cost.encodeMultiplyAccumulates) / Double(cost.decodeMultiplyAccumulates)
    let (decodes, said) = try count(clicks + [deep[0]], second)
    #expect(decodes == 3 && abs(said - 2 - encoding) < 1e-9)
    // Where nothing is kept, an encoding serves both answers.
    let bare = try InteractivePredictor(
      scan: scan, metadata: metadata, network: network, settings: settings, cacheBytes: 0)
    _ = try bare.segment(clicks: [])
    let before = (network.encodes, network.decodes)
    _ = try bare.segment(clicks: [deep[0], rim])
    #expect((network.encodes - before.0, network.decodes - before.1) == (1, 2))
  }

  @Test(
    "With mirrors and previews, whatever is kept, the bytes are those of a first run", arguments: [0, 200_000, 1 << 30])
  func mirrors(cacheBytes: Int) throws {
    let (patch, shape) = (Axes3(8, 10, 12), Axes3(13, 17, 21))
    let network = standIn(patch: patch)
    var metadata = network.metadata()
    metadata.notCanalGuidance = 2.5
    let settings = SegmentationSettings(metadata: metadata, mirroring: true)
    let scan = smoothScan(shape: shape, border: 1, seed: 6)
    func predictor(_ bytes: Int) throws -> InteractivePredictor<StandInNetwork> {
      try InteractivePredictor(
        scan: scan, metadata: metadata, network: standIn(patch: patch), settings: settings, cacheBytes: bytes)
    }
    let kept = try predictor(cacheBytes)
    let start = try kept.segment(clicks: []).mask
    var random = SeededGenerator(seed: 9)
    var clicks: [Click] = []
    let canal = start.labels.indices.filter { start.labels[$0] != 0 }
    for step in 0..<12 {
      if random.happens(0.3) { _ = clicks.popLast() }
      let isNegative = random.happens(0.6)
      clicks.append(
        Click(
          kind: isNegative ? .background : random.happens(0.5) ? .left : .right,
          voxel: shape.index(at: canal[random.integer(0...canal.count - 1)])))
      let result = try kept.segment(clicks: clicks, keeping: .everything, preview: { _ in })
      let fresh = try predictor(0).segment(clicks: clicks, keeping: .everything)
      #expect(result.mask == fresh.mask && result.logits?.values == fresh.logits?.values, "step \(step)")
    }
  }
}
