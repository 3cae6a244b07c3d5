import Clicks
import Testing
import Volume

@testable import Evaluation

@Suite("Simulated clicks")
struct ClickTests {
  /// Two bars along axis 0, left canal and right canal.
  let truth = Mask(
    shape: Axes3(40, 12, 24), spacing: Axes3(repeating: 0.5),
    boxes: [(1, [2..<38, 3..<8, 3..<8]), (2, [4..<30, 3..<8, 15..<20])])

  /// A model that paints a ball of truth around each positive click and clears one around each negative click.
  func painted(_ clicks: [Click], onto start: Mask) -> Mask {
    var mask = start
    for click in clicks {
      var offset = 0
      for index0 in 0..<40 {
        for index1 in 0..<12 {
          for index2 in 0..<24 {
            let reach = abs(index0 - click.voxel.axis0)
            if reach <= 6 && abs(index1 - click.voxel.axis1) <= 6 && abs(index2 - click.voxel.axis2) <= 6 {
              if click.kind == .background {
                if truth.labels[offset] == 0 { mask.labels[offset] = 0 }
              } else if truth.labels[offset] == click.kind.label {
                mask.labels[offset] = click.kind.label
              }
            }
            offset += 1
          }
        }
      }
    }
    return mask
  }

  @Test("The next click answers the largest error component where SciPy finds its centre")
  func correctiveEqualsSciPy() throws {
    let fixture = try ScoreFixture.load()
    for example in fixture.cases {
      let next = try ErrorComponents.nextClick(
        prediction: Mask(shape: example.shape, spacing: example.spacing, digits: example.prediction),
        truth: Mask(shape: example.shape, spacing: example.spacing, digits: example.truth))
      guard let expected = example.corrective else {
        #expect(next == nil)
        continue
      }
      let found = try #require(next)
      #expect(found.voxels.count == expected.size)
      #expect(expected.centres.contains(found.click.voxel))
      #expect(found.canal == (expected.sort.hasSuffix("left") ? .left : .right))
      #expect((found.click.kind == .background) == expected.sort.hasPrefix("false"))
    }
  }

  @Test("A missed piece gets the canal's click at its centre")
  func missedPiece() throws {
    let empty = Mask(grid: truth.grid, labels: Array(repeating: 0, count: truth.labels.count))
    let next = try #require(try ErrorComponents.nextClick(prediction: empty, truth: truth))
    // 36 x 5 x 5 voxels; every voxel of the bar's core is 3 voxels from outside; the first of them in array order.
    #expect(next.voxels.count == 900)
    #expect(next.click == Click(kind: .left, voxel: Axes3(4, 5, 5)))
  }

  @Test("A false piece gets a negative click, even when it touches the canal by a corner")
  func falsePiece() throws {
    var prediction = truth
    for index0 in 30..<33 {
      for index1 in 8..<11 {
        for index2 in 8..<11 { prediction.labels[truth.grid.shape.offset(of: Axes3(index0, index1, index2))] = 1 }
      }
    }
    let next = try #require(try ErrorComponents.nextClick(prediction: prediction, truth: truth))
    #expect(next.click == Click(kind: .background, voxel: Axes3(31, 9, 9)))
    #expect(next.canal == .left)
    #expect(try ErrorComponents.nextClick(prediction: prediction, truth: truth, canals: [.right]) == nil)
  }

  @Test("Asked for one sort of error, the largest of that sort is answered though another is larger")
  func oneSort() throws {
    var prediction = Mask(grid: truth.grid, labels: Array(repeating: 0, count: truth.labels.count))
    let voxel = Axes3(20, 9, 9)
    prediction.labels[truth.grid.shape.offset(of: voxel)] = 1
    let missed = try #require(try ErrorComponents.nextClick(prediction: prediction, truth: truth, sort: .missed))
    #expect(missed.click.kind == .left)
    let wrong = try #require(try ErrorComponents.nextClick(prediction: prediction, truth: truth, sort: .falsePiece))
    #expect(wrong.click == Click(kind: .background, voxel: voxel))
    #expect(try ErrorComponents.nextClick(prediction: truth, truth: truth, sort: .missed) == nil)
  }

  @Test("The centre is the farthest in millimetres, not in voxels")
  func centreInMillimeters() throws {
    // Slices of 5 mm: two slices of a piece are deeper than five voxels in the plane of another.
    let shape = Axes3(6, 9, 9)
    let expected = Mask(shape: shape, spacing: Axes3(5, 1, 1), boxes: [(1, [1..<4, 0..<9, 0..<9])])
    let empty = Mask(shape: shape, spacing: Axes3(5, 1, 1), boxes: [])
    let next = try #require(try ErrorComponents.nextClick(prediction: empty, truth: expected))
    // In-plane the edge of the array is 5 mm away from the centre; above and below 5 mm at the outer slices.
    #expect(next.click.voxel == Axes3(1, 4, 4))
    let wide = Mask(shape: shape, spacing: Axes3(0.5, 1, 1), boxes: [(1, [1..<4, 0..<9, 0..<9])])
    let thin = try #require(
      try ErrorComponents.nextClick(
        prediction: Mask(shape: shape, spacing: Axes3(0.5, 1, 1), boxes: []), truth: wide))
    #expect(thin.click.voxel == Axes3(2, 0, 0))
  }

  @Test("Spread clicks lie inside their canal, are repeatable, and follow its length")
  func spreadClicks() {
    for seed in 0..<20 as Range<UInt64> {
      for count in 0...5 {
        let clicks = SpreadClicks.clicks(on: .right, count: count, truth: truth, seed: seed)
        #expect(clicks.count == count)
        #expect(clicks == SpreadClicks.clicks(on: .right, count: count, truth: truth, seed: seed))
        for (number, click) in clicks.enumerated() {
          #expect(click.kind == .right)
          #expect(truth.labels[truth.grid.shape.offset(of: click.voxel)] == 2)
          let middle = 4 + 25 * (Double(number) + 0.5) / Double(count)
          #expect(abs(Double(click.voxel.axis0) - middle) <= 6)
          #expect(abs(click.voxel.axis1 - 5) <= 3 && abs(click.voxel.axis2 - 17) <= 3)
        }
      }
    }
    let first = SpreadClicks.clicks(on: .left, count: 5, truth: truth, seed: 1)
    #expect(first != SpreadClicks.clicks(on: .left, count: 5, truth: truth, seed: 2))
    let onlyRight = Mask(shape: truth.grid.shape, boxes: [(2, [1..<2, 1..<2, 1..<2])])
    #expect(SpreadClicks.clicks(on: .left, count: 3, truth: onlyRight, seed: 0).isEmpty)
  }

  @Test("The corrective rule gives one click a canal and round, worst first, until nothing is wrong")
  func correctiveCurve() throws {
    let empty = Mask(grid: truth.grid, labels: Array(repeating: 0, count: truth.labels.count))
    let report = try ClickSimulator(rule: .corrective, maximumPerCanal: 5).run(truth: truth) {
      painted($0, onto: empty)
    }
    #expect(report.curve.count == 6)
    #expect(report.curve[0].metrics.meanDice == 0)
    #expect(report.answers[1].clicks.map(\.kind) == [.left])
    #expect(report.curve[1].clicks.map(\.kind) == [.left, .right])
    #expect(zip(report.curve, report.curve.dropFirst()).allSatisfy { $0.metrics.meanDice <= $1.metrics.meanDice })
    #expect(report.curve.last?.metrics.meanDice == 1)
    #expect(report.curve.enumerated().allSatisfy { $1.leftCount <= $0 && $1.rightCount <= $0 })
    let perCanal = try #require(report.clicksPerCanal(toReachDice: 0.9))
    let total = try #require(report.totalClicks(toReachDice: 0.9))
    #expect(total > perCanal && total <= 2 * perCanal)
    #expect(report.clicksPerCanal(toReachDice: 1.1) == nil)
    #expect(report.totalClicks(toReachDice: 1.1) == nil)
  }

  @Test("A false piece costs its canal a click and is gone after it")
  func correctiveNegative() throws {
    var start = truth
    for index0 in 34..<38 {
      for index1 in 8..<11 {
        for index2 in 15..<20 { start.labels[truth.grid.shape.offset(of: Axes3(index0, index1, index2))] = 2 }
      }
    }
    let report = try ClickSimulator(rule: .corrective, maximumPerCanal: 2).run(truth: truth) {
      painted($0, onto: start)
    }
    #expect(report.answers.count == 2)
    #expect(report.answers[1].clicks.map(\.kind) == [.background])
    #expect(report.answers[1].rightCount == 1 && report.answers[1].leftCount == 0)
    #expect(report.curve.map(\.metrics.meanDice).suffix(2) == [1, 1])
  }

  @Test("The spread rule runs each number of clicks on its own, and a perfect answer has area 5")
  func spreadCurve() throws {
    var calls: [Int] = []
    let report = try ClickSimulator(rule: .spread, maximumPerCanal: 5, seed: 3).run(truth: truth) {
      calls.append($0.count)
      return truth
    }
    #expect(calls == [0, 2, 4, 6, 8, 10])
    #expect(report.diceArea == 5)
    #expect(report.hausdorff95AreaInVoxels == 0)
    #expect(report.clicksPerCanal(toReachDice: 0.9) == 0)
    #expect(ClickingReport.area(under: [0, 1, 0.5]) == 1.25)
  }

  @Test("A truth without canal is refused")
  func noCanal() {
    let empty = Mask(grid: truth.grid, labels: Array(repeating: 0, count: truth.labels.count))
    #expect(throws: EvaluationError.truthWithoutCanal) {
      try ClickSimulator(rule: .spread).run(truth: empty) { _ in empty }
    }
  }
}
