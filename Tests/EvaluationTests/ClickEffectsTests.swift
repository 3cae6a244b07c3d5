import Clicks
import Testing
import Volume

@testable import Evaluation

@Suite("What single clicks do")
struct ClickEffectsTests {
  let shape = Axes3(40, 16, 28)
  /// Two bars along axis 0.
  let truth = Mask(
    shape: Axes3(40, 16, 28), spacing: Axes3(repeating: 1),
    boxes: [(1, [2..<38, 3..<8, 3..<8]), (2, [2..<38, 3..<8, 18..<23])])

  /// The left bar's upper half is missed; a false piece of the right canal lies apart.
  var start: Mask {
    Mask(
      shape: shape, spacing: Axes3(repeating: 1),
      boxes: [(1, [2..<20, 3..<8, 3..<8]), (2, [2..<38, 3..<8, 18..<23]), (2, [10..<16, 11..<15, 18..<23])])
  }

  /// Sets a box of labels round each click to what the click says.
  func hearing(_ clicks: [Click], reach: Int = 6) -> Mask {
    var mask = start
    for click in clicks {
      for offset in mask.labels.indices {
        let place = [offset / (16 * 28), offset / 28 % 16, offset % 28]
        let isNear = (0..<3).allSatisfy { abs(place[$0] - click.voxel[$0]) <= reach }
        if isNear && (click.kind == .background ? truth.labels[offset] == 0 : truth.labels[offset] != 0) {
          mask.labels[offset] = click.kind.label
        }
      }
    }
    return mask
  }

  @Test("A model that hears every click succeeds in every trial")
  func hears() throws {
    let effects = try ClickEffects(truth: truth) { hearing($0) }
    #expect(effects.missed == .init(trials: 1, successes: 1))
    #expect(effects.missedDiceGain > 0.1)
    #expect(effects.falsePieces == .init(trials: 1, successes: 1))
    #expect(effects.sides == .init(trials: 2, successes: 2))
  }

  @Test("A model that is deaf fails in every trial, and sums add up")
  func isDeaf() throws {
    var effects = try ClickEffects(truth: truth) { _ in start }
    #expect(effects.missed == .init(trials: 1, successes: 0) && effects.missedDiceGain == 0)
    #expect(effects.falsePieces == .init(trials: 1, successes: 0))
    #expect(effects.sides == .init(trials: 2, successes: 0))
    effects += try ClickEffects(truth: truth) { hearing($0) }
    #expect(effects.sides == .init(trials: 4, successes: 2))
  }

  @Test("A negative click that leaves most of a piece is given a second time, where the rest is")
  func secondClick() throws {
    var most = 0
    let effects = try ClickEffects(truth: truth) { clicks in
      most = max(most, clicks.count)
      return hearing(clicks, reach: 1)
    }
    #expect(most == 2)
    #expect(effects.falsePieces == .init(trials: 1, successes: 0))
  }

  @Test("Errors along a canal's border are counted apart from missed stretches and false pieces")
  func borders() throws {
    // The left bar is found a voxel too wide at one side, the right one a voxel too narrow.
    let spacing = Axes3(repeating: 0.6)
    let truth = Mask(
      shape: shape, spacing: spacing, boxes: [(1, [2..<38, 3..<8, 3..<8]), (2, [2..<38, 3..<8, 18..<23])])
    let start = Mask(
      shape: shape, spacing: spacing, boxes: [(1, [2..<38, 3..<9, 3..<8]), (2, [2..<38, 3..<7, 18..<23])])
    let effects = try ClickEffects(truth: truth) { $0.isEmpty ? start : truth }
    #expect(effects.missed.trials == 0 && effects.falsePieces.trials == 0)
    #expect(effects.missedDiceGain == 0)
    #expect(effects.missedBorders == .init(trials: 1, successes: 1))
    #expect(effects.falseBorders == .init(trials: 1, successes: 1))
    // The same voxels where the whole canal was missed or invented are no border.
    let absent = Mask(shape: shape, spacing: spacing, boxes: [(1, [2..<38, 8..<9, 3..<8])])
    let apart = try ClickEffects(truth: truth) { $0.isEmpty ? absent : truth }
    #expect(apart.missed == .init(trials: 2, successes: 2) && apart.missedBorders.trials == 0)
    #expect(apart.falsePieces == .init(trials: 1, successes: 1) && apart.falseBorders.trials == 0)
  }
}
