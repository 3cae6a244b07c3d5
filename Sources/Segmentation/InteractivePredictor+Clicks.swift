import Clicks
import UMamba2
import Volume

extension InteractivePredictor {
  /// The clicks that each window sees, relative to its corner.
  func windowPrompts(_ clicks: [Click]) throws -> [[PointPrompt]] {
    let placed = try clicks.compactMap { click in
      try pipeline.embedding(of: click.kind).map {
        PointPrompt(voxel: geometry.paddedVoxel(ofScanVoxel: click.voxel), kind: $0)
      }
    }
    return windowPlan.allStarts.map { start in
      placed.compactMap { prompt in
        let voxel = Axes3(0, 1, 2).map { prompt.voxel[$0] - start[$0] }
        return patch.contains(voxel) ? PointPrompt(voxel: voxel, kind: prompt.kind) : nil
      }
    }
  }

  /// What clicks that say "not canal" do after the network; `nil` when they enter it or there are none.
  func negativeClicks(_ clicks: [Click]) -> NegativeClicks? {
    if backgroundClicksEnterNetwork { return nil }
    func voxels(_ isWanted: (Click) -> Bool) -> [Axes3<Int>] {
      clicks.filter(isWanted).map { geometry.cropVoxel(ofScanVoxel: $0.voxel) }
    }
    let negative = voxels { $0.kind == .background }
    if negative.isEmpty { return nil }
    return NegativeClicks(
      clicks: negative, positive: voxels { $0.kind != .background }, spacing: geometry.spacing)
  }
}
