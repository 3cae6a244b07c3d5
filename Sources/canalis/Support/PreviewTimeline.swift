import Foundation
import Volume

/// When previews of a first mask were shown, and what they said of the canals.
struct PreviewTimeline {
  /// A preview counts as showing the canals from this Dice coefficient on, of each canal with the exact mask's.
  static let sufficientDice = 0.95

  /// A preview's canal voxels, ascending, by label.
  private struct Entry {
    var seconds: Double
    var voxels: [[Int]]
  }

  private let start: ContinuousClock.Instant
  private var entries: [Entry] = []
  /// Time spent here, which nobody waits for in the viewer.
  private var ownSeconds = 0.0

  /// Begins a timeline.
  ///
  /// - Parameter start: When the wait began.
  init(start: ContinuousClock.Instant) { self.start = start }

  /// Seconds since the wait began, without the time spent here.
  var seconds: Double { (ContinuousClock.now - start).inSeconds - ownSeconds }

  /// When the first preview was shown, if there was one.
  var firstSeconds: Double? { entries.first?.seconds }

  /// Notes a preview.
  ///
  /// - Parameter labels: Its mask.
  /// - Returns: How long that took.
  mutating func note(_ labels: [UInt8]) -> Duration {
    let begin = ContinuousClock.now
    entries.append(Entry(seconds: seconds, voxels: Self.canals(in: labels)))
    let duration = ContinuousClock.now - begin
    ownSeconds += duration.inSeconds
    return duration
  }

  /// When the canals were shown first as the exact mask has them, but for little.
  ///
  /// - Parameters:
  ///   - labels: The exact mask.
  ///   - seconds: When it was there.
  /// - Returns: When the first preview was shown in which each canal's Dice coefficient with the exact mask is at least
  ///   `sufficientDice`; when the exact mask was there if no preview was that good.
  func canalsShownSeconds(exact labels: [UInt8], at seconds: Double) -> Double {
    let exact = Self.canals(in: labels)
    let entry = entries.first { entry in
      zip(entry.voxels, exact).allSatisfy { Self.dice($0, $1) >= Self.sufficientDice }
    }
    return entry?.seconds ?? seconds
  }

  /// The places of both canals' voxels.
  private static func canals(in labels: [UInt8]) -> [[Int]] {
    var voxels: [[Int]] = [[], []]
    labels.withUnsafeBytes { labels in
      var place = 0
      while place < labels.count {
        // Masks are nearly empty: eight voxels of background are passed at once.
        if place + 8 <= labels.count, labels.loadUnaligned(fromByteOffset: place, as: UInt64.self) == 0 {
          place += 8
          continue
        }
        if (1...2).contains(labels[place]) { voxels[Int(labels[place]) - 1].append(place) }
        place += 1
      }
    }
    return voxels
  }

  /// Dice's coefficient of two ascending lists; 1 for two empty ones.
  private static func dice(_ one: [Int], _ other: [Int]) -> Double {
    guard !one.isEmpty || !other.isEmpty else { return 1 }
    var (first, second, common) = (0, 0, 0)
    while first < one.count, second < other.count {
      if one[first] == other[second] { common += 1 }
      let (a, b) = (one[first], other[second])
      if a <= b { first += 1 }
      if b <= a { second += 1 }
    }
    return 2 * Double(common) / Double(one.count + other.count)
  }
}
