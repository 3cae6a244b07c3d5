import Clicks
import Foundation
import Testing
import UMamba2
import Volume

@testable import Segmentation

@Test("Windows start where the published pipeline puts them")
func goldenStarts() {
  let first = WindowPlan(size: Axes3(33, 44, 52), patch: Axes3(16, 32, 32), step: 0.9)
  #expect(first.starts == Axes3([0, 8, 17], [0, 12], [0, 20]))
  let second = WindowPlan(size: Axes3(29, 43, 51), patch: Axes3(16, 32, 32), step: 0.9)
  #expect(second.starts == Axes3([0, 13], [0, 11], [0, 19]))
  #expect(second.start(of: 5) == Axes3(13, 0, 19))
}

@Test("Windows cover every voxel, from the first to the last, whatever the step")
func windowsCover() {
  var generator = SeededGenerator(seed: 3)
  for _ in 0..<200 {
    let patch = Axes3(0, 1, 2).map { _ in generator.integer(1...20) }
    let size = patch.map { $0 + generator.integer(0...60) }
    let plan = WindowPlan(size: size, patch: patch, step: generator.uniform(0.01...1))
    for axis in 0..<3 {
      let starts = plan.starts[axis]
      #expect(starts.first == 0 && starts.last == size[axis] - patch[axis])
      for (start, next) in zip(starts, starts.dropFirst()) { #expect(next > start && next <= start + patch[axis]) }
    }
  }
}

@Test("Windows of a fitted size cover with no more work than the model's own, and stay near it")
func fittedWindows() {
  func work(_ size: Axes3<Int>, _ patch: Axes3<Int>, axis: Int, step: Double) -> Int {
    let padded = size.map { max($0, patch[axis]) }
    return WindowPlan(size: padded, patch: Axes3(repeating: patch[axis]), step: step).starts[axis].count * patch[axis]
  }
  let model = Axes3(64, 96, 96)
  func fitted(_ size: Axes3<Int>) -> Axes3<Int> {
    WindowPlan.fittedPatch(near: model, size: size, step: 0.92, multiple: Axes3(repeating: 8))
  }
  // 90 x 120 x 120 mm at 0.5 mm: 3 x 64 as it is; 3 x 88 instead of 3 x 96.
  #expect(fitted(Axes3(180, 240, 240)) == Axes3(64, 88, 88))
  // One window a little larger instead of two; a small scan is not padded further than three quarters of the patch.
  #expect(fitted(Axes3(70, 104, 40)) == Axes3(72, 104, 72))
  // A window smaller than the patch where that fits.
  #expect(fitted(Axes3(50, 73, 80)) == Axes3(56, 80, 80))
  var generator = SeededGenerator(seed: 5)
  for _ in 0..<300 {
    let multiple = Axes3(0, 1, 2).map { _ in generator.integer(1...8) }
    let patch = multiple.map { $0 * generator.integer(1...12) }
    let size = patch.map { max(1, generator.integer(1...4 * $0)) }
    let step = generator.uniform(0.3...1)
    let found = WindowPlan.fittedPatch(near: patch, size: size, step: step, multiple: multiple)
    for axis in 0..<3 {
      #expect(found[axis] % multiple[axis] == 0)
      #expect(4 * found[axis] >= 3 * patch[axis] && 8 * found[axis] <= 9 * patch[axis])
      let cost = work(Axes3(repeating: size[axis]), found, axis: axis, step: step)
      #expect(cost <= work(Axes3(repeating: size[axis]), patch, axis: axis, step: step))
    }
  }
}

@Test("Weights are the Gaussian about n / 2, 10 at the centre, and their sums are products of three sums")
func gaussian() {
  let patch = Axes3(6, 7, 8)
  let weights = GaussianWeights(patch: patch)
  #expect(weights.factors.axis0[3] == 10 && weights.factors.axis1[3] == 1 && weights.factors.axis2[4] == 1)
  #expect(abs(weights.factors.axis2[0] - Float(exp(-8.0))) < 1e-9)
  let size = Axes3(9, 12, 17)
  let plan = WindowPlan(size: size, patch: patch, step: 0.4)
  let sums = weights.sums(over: plan)
  var direct = [Double](repeating: 0, count: size.product)
  for start in plan.allStarts {
    for axis0 in 0..<patch.axis0 {
      for axis1 in 0..<patch.axis1 {
        for axis2 in 0..<patch.axis2 {
          let place = size.offset(of: Axes3(start.axis0 + axis0, start.axis1 + axis1, start.axis2 + axis2))
          direct[place] +=
            Double(weights.factors.axis0[axis0]) * Double(weights.factors.axis1[axis1])
            * Double(weights.factors.axis2[axis2])
        }
      }
    }
  }
  var largest = 0.0
  for (place, value) in direct.enumerated() {
    let product =
      sums.axis0[place / (size.axis1 * size.axis2)] * sums.axis1[place / size.axis2 % size.axis1]
      * sums.axis2[place % size.axis2]
    largest = max(largest, abs(product - value) / value)
  }
  print("sums of weights within \(largest)")
  #expect(largest < 1e-12)
  // A lone window's share is everything.
  let lone = WindowPlan(size: patch, patch: patch, step: 0.9)
  let shares = weights.shares(start: Axes3(0, 0, 0), sums: weights.sums(over: lone))
  #expect(shares.array.allSatisfy { $0.allSatisfy { $0 == 1 } })
}

@Test("Mirrored views come as identity, single axes, pairs; sides change places with the left-right axis only")
func views() {
  let mirroring = MirrorAveraging(
    axes: [1, 2], leftRightAxis: 2, exchangedKinds: [1, 0, 2], exchangedClasses: [0, 2, 1])
  #expect(
    mirroring.views.map(\.isMirrored) == [
      Axes3(false, false, false), Axes3(false, true, false), Axes3(false, false, true), Axes3(false, true, true),
    ])
  #expect(mirroring.views.map(\.exchangesSides) == [false, false, true, true])
  let prompts = [PointPrompt(voxel: Axes3(1, 2, 3), kind: 0), PointPrompt(voxel: Axes3(0, 0, 0), kind: 2)]
  #expect(
    mirroring.prompts(prompts, in: mirroring.views[3], patch: Axes3(4, 5, 6)) == [
      PointPrompt(voxel: Axes3(1, 2, 2), kind: 1), PointPrompt(voxel: Axes3(0, 4, 5), kind: 2),
    ])
  let all = MirrorAveraging(axes: [0, 1, 2], leftRightAxis: nil, exchangedKinds: [], exchangedClasses: [0, 1])
  #expect(
    all.views.map { $0.isMirrored.array.enumerated().filter(\.element).map(\.offset) } == [
      [], [0], [1], [2], [0, 1], [0, 2], [1, 2], [0, 1, 2],
    ])
}

@Test("A clicked voxel outside its window is not seen by it, one at the edge is")
func windowsSeeClicks() throws {
  let network = StandInNetwork(patch: Axes3(8, 8, 8))
  let predictor = try InteractivePredictor(
    scan: smoothScan(shape: Axes3(8, 8, 14), seed: 1), metadata: network.metadata(), network: network,
    settings: SegmentationSettings(metadata: network.metadata()))
  #expect(predictor.windowPlan.starts.axis2 == [0, 6])
  let clicks = [5, 6, 7, 8].map { Click(kind: .left, voxel: Axes3(0, 7, $0)) }
  let seen = try predictor.windowPrompts(clicks)
  #expect(seen.map { $0.map(\.voxel.axis2) } == [[5, 6, 7], [0, 1, 2]])
}
