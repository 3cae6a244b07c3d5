import Foundation
import Volume

/// "Not canal" clicks of a model that has no such kind: they act on the averaged logits on the scan's grid.
///
/// In click order, both canals' logits are lowered by `b * exp(-d² / 2σ²)` around the click, d in millimetres, σ = 1.5
/// mm, with b just enough that the clicked voxel is background with a margin of 1 after the clicks before it. Nothing
/// beyond 3σ changes, and the voxels that touch a positive click's voxel (or are it) keep theirs.
///
/// Lowering both canals equally can only turn canal into background, so only the canal voxels within reach are gathered
/// while slices are labelled, with their lead over the best other class; no logits of the whole scan are held.
struct NegativeClicks: Sendable {
  /// σ in millimetres.
  static let sigmaInMillimeters = 1.5
  /// Beyond this distance nothing changes, millimetres.
  static let reachInMillimeters = 4.5
  /// By how much background leads in the clicked voxel.
  static let margin = 1.0

  /// A voxel of the scan's crop box that a click may change.
  struct Candidate: Sendable, Equatable {
    /// The voxel in the crop box.
    let voxel: Axes3<Int>
    /// By how much the better canal leads over the best other class; negative if it does not.
    let lead: Float
    /// The best other class.
    let otherLabel: UInt8
  }

  /// The clicks, in order, in the crop box's coordinates.
  let clicks: [Axes3<Int>]
  /// Voxels that keep their logits.
  private let protected: Set<Axes3<Int>>
  private let spacing: Axes3<Double>
  private let reach: Axes3<Int>

  /// Prepares the clicks of one run.
  ///
  /// - Parameters:
  ///   - clicks: Voxels that are not canal, in click order, in the crop box's coordinates.
  ///   - positive: Voxels clicked as canal.
  ///   - spacing: Voxel spacing in millimetres.
  init(clicks: [Axes3<Int>], positive: [Axes3<Int>], spacing: Axes3<Double>) {
    self.clicks = clicks
    self.spacing = spacing
    reach = spacing.map { Int(min(Self.reachInMillimeters / $0, 1e9)) }
    var protected: Set<Axes3<Int>> = []
    for voxel in positive {
      for offset in 0..<27 {
        protected.insert(
          Axes3(
            voxel.axis0 + offset / 9 - 1, voxel.axis1 + offset / 3 % 3 - 1, voxel.axis2 + offset % 3 - 1))
      }
    }
    self.protected = protected
  }

  /// Finds the voxels that each click may change.
  ///
  /// - Parameter shape: Voxels of the crop box.
  /// - Returns: A box around them for each click, none for a click too far outside the crop box.
  func boxes(in shape: Axes3<Int>) -> [VoxelBox] {
    clicks.compactMap { click in
      let box = VoxelBox(Axes3(0, 1, 2).map { click[$0] - reach[$0]..<click[$0] + reach[$0] + 1 })
        .clamped(to: VoxelBox(wholeOf: shape))
      return box.shape.product > 0 ? box : nil
    }
  }

  /// The columns of a row, of those asked for, that clicks may change, ascending, without overlap.
  func columns(slice: Int, row: Int, within columns: Range<Int>) -> [Range<Int>] {
    let reached = clicks.filter {
      abs($0.axis0 - slice) <= reach.axis0 && abs($0.axis1 - row) <= reach.axis1
    }
    var result: [Range<Int>] = []
    for click in reached.map(\.axis2).sorted() {
      let range = (click - reach.axis2..<click + reach.axis2 + 1).clamped(to: columns)
      if range.isEmpty { continue }
      if let last = result.last, range.lowerBound <= last.upperBound {
        result[result.count - 1] = last.lowerBound..<max(last.upperBound, range.upperBound)
      } else {
        result.append(range)
      }
    }
    return result
  }

  /// Returns what has to be kept of a voxel for `changed(_:)`: nothing unless it is canal or clicked.
  ///
  /// - Parameters:
  ///   - voxel: The voxel in the crop box.
  ///   - logits: Its logits by class; labels 1 and 2 are the canals.
  /// - Returns: The voxel with its lead, or `nil`.
  func candidate(_ voxel: Axes3<Int>, logits: [Float]) -> Candidate? {
    var other = logits[0]
    var otherLabel: UInt8 = 0
    for (label, value) in logits.enumerated().dropFirst(3) where value > other {
      (other, otherLabel) = (value, UInt8(label))
    }
    let lead = (logits.dropFirst().prefix(2).max() ?? other) - other
    if lead <= 0, !clicks.contains(voxel) { return nil }
    return Candidate(voxel: voxel, lead: lead, otherLabel: otherLabel)
  }

  /// Finds the voxels that are no longer canal.
  ///
  /// - Parameter candidates: The gathered voxels.
  /// - Returns: Those that change.
  func changed(_ candidates: [Candidate]) -> [Candidate] {
    let leads = Dictionary(candidates.map { ($0.voxel, $0.lead) }, uniquingKeysWith: { first, _ in first })
    var strengths: [Double] = []
    for click in clicks {
      // Outside the crop box there are no logits: the voxel is background already.
      guard let lead = leads[click] else {
        strengths.append(0)
        continue
      }
      strengths.append(max(0, Double(lead) - lowering(at: click, strengths: strengths) + Self.margin))
    }
    return candidates.filter { $0.lead > 0 && Double($0.lead) - lowering(at: $0.voxel, strengths: strengths) <= 0 }
  }

  /// The sum of what the first clicks take from the canals' logits in a voxel.
  private func lowering(at voxel: Axes3<Int>, strengths: [Double]) -> Double {
    if protected.contains(voxel) { return 0 }
    var sum = 0.0
    for (click, strength) in zip(clicks, strengths) where strength > 0 {
      let squared = voxel.squaredDistance(to: click, spacing: spacing)
      if squared <= Self.reachInMillimeters * Self.reachInMillimeters {
        sum += strength * exp(-squared / (2 * Self.sigmaInMillimeters * Self.sigmaInMillimeters))
      }
    }
    return sum
  }
}
