import Clicks
import Volume

/// What happens to a mask after the network's answer: small components go, clicks are stamped, clicks are forced.
struct Postprocessing: Sendable, Equatable {
  /// When a component is too small.
  enum Minimum: Sendable, Equatable {
    /// It has fewer voxels than its label's number.
    case voxels([Int: Int])
    /// Its volume is below its label's, in mm³, at this volume a voxel.
    case volume([Int: Double], voxelVolume: Double)

    /// The labels that have a minimum.
    var labels: [Int] {
      switch self {
      case .voxels(let counts): Array(counts.keys)
      case .volume(let volumes, _): Array(volumes.keys)
      }
    }

    /// Whether a component of a label is smaller than a share of what it must be.
    func isBelow(_ share: Double = 1, label: Int, voxels: Int) -> Bool {
      switch self {
      case .voxels(let counts): Double(voxels) < share * Double(counts[label] ?? 0)
      case .volume(let volumes, let voxelVolume): Double(voxels) * voxelVolume < share * (volumes[label] ?? 0)
      }
    }
  }

  /// When a component is too small.
  let minimum: Minimum
  /// Whether a component stays that holds a click of its label.
  let clickedComponentsStay: Bool
  /// Voxel spacing in millimetres where a smaller component stays beside a "not canal" click, or `nil`: such a click may
  /// have cut it off a canal.
  var restSpacing: Axes3<Double>?
  /// How near such a click is, in millimetres.
  static let restReach = 8.0
  /// How much of what a component must be else is enough for a rest.
  static let restShare = 0.5

  /// For each label, whether it has a minimum.
  var isWanted: [Bool] {
    var isWanted = [Bool](repeating: false, count: 256)
    for label in minimum.labels where (1...255).contains(label) { isWanted[label] = true }
    return isWanted
  }

  /// Finds components that are too small.
  ///
  /// - Parameters:
  ///   - rows: The mask's runs of the labels in `isWanted`.
  ///   - clicks: The clicks in force.
  /// - Returns: The runs of voxels that must go.
  func smallComponents(of rows: RowRuns, clicks: [Click]) -> [RowRuns.Run] {
    let components = ConnectedComponents(rows)
    var staying: Set<Int> = []
    if clickedComponentsStay {
      for click in clicks {
        if let run = rows.run(at: rows.shape.offset(of: click.voxel)), rows.runs[run].label == click.kind.label {
          staying.insert(components.component[run])
        }
      }
    }
    let cuts = restSpacing == nil ? [] : clicks.filter { $0.kind == .background }.map(\.voxel)
    for (index, run) in rows.runs.enumerated() where !cuts.isEmpty {
      let component = components.component[index]
      let (label, voxels) = (Int(run.label), components.voxelCounts[component])
      if minimum.isBelow(label: label, voxels: voxels),
        !minimum.isBelow(Self.restShare, label: label, voxels: voxels), !staying.contains(component),
        cuts.contains(where: { isNear(run, of: rows.shape, to: $0) })
      {
        staying.insert(component)
      }
    }
    return rows.runs.enumerated().compactMap { index, run in
      let component = components.component[index]
      let isSmall = minimum.isBelow(label: Int(run.label), voxels: components.voxelCounts[component])
      return isSmall && !staying.contains(component) ? run : nil
    }
  }

  /// Whether a run comes as near to a voxel as a rest to the click that cut it off.
  private func isNear(_ run: RowRuns.Run, of shape: Axes3<Int>, to voxel: Axes3<Int>) -> Bool {
    guard let restSpacing else { return false }
    var place = shape.index(at: run.start)
    place.axis2 = min(max(voxel.axis2, place.axis2), place.axis2 + Int(run.count) - 1)
    return place.squaredDistance(to: voxel, spacing: restSpacing) <= Self.restReach * Self.restReach
  }

  /// Stamps the 7-voxel cross around each positive click, in click order, if any of the 7 voxels has its class already.
  /// Voxels beyond the border do not count.
  ///
  /// - Parameters:
  ///   - clicks: The clicks in force.
  ///   - labels: The mask.
  ///   - shape: Its shape.
  static func stampCrosses(of clicks: [Click], on labels: UnsafeMutableBufferPointer<UInt8>, shape: Axes3<Int>) {
    let offsets = [
      Axes3(0, 0, 0), Axes3(-1, 0, 0), Axes3(1, 0, 0), Axes3(0, -1, 0), Axes3(0, 1, 0), Axes3(0, 0, -1),
      Axes3(0, 0, 1),
    ]
    for click in clicks where click.kind != .background {
      let cross = offsets.map { offset in
        Axes3(
          click.voxel.axis0 + offset.axis0, click.voxel.axis1 + offset.axis1, click.voxel.axis2 + offset.axis2)
      }.filter { shape.contains($0) }.map { shape.offset(of: $0) }
      if cross.contains(where: { labels[$0] == click.kind.label }) {
        for position in cross { labels[position] = click.kind.label }
      }
    }
  }

  /// Gives every clicked voxel the class that the clinician said, later clicks winning.
  ///
  /// - Parameters:
  ///   - clicks: All clicks in order.
  ///   - labels: The mask.
  ///   - shape: Its shape.
  /// - Returns: The clicks, as positions in the list, in force on their voxel for which the mask had to change.
  static func forceClicks(
    _ clicks: [Click], on labels: UnsafeMutableBufferPointer<UInt8>, shape: Axes3<Int>
  ) -> [Int] {
    var forced: [Int] = []
    for index in Click.indicesInForce(clicks) {
      let position = shape.offset(of: clicks[index].voxel)
      if labels[position] != clicks[index].kind.label {
        labels[position] = clicks[index].kind.label
        forced.append(index)
      }
    }
    return forced
  }
}

extension Click {
  /// The clicks, as positions in the list, whose voxel is not clicked again later.
  static func indicesInForce(_ clicks: [Click]) -> [Int] {
    var seen: Set<Axes3<Int>> = []
    return clicks.indices.reversed().filter { seen.insert(clicks[$0].voxel).inserted }.reversed()
  }
}
