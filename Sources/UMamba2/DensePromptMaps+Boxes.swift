import Layers
import Tensor
import Volume

extension DensePromptMaps {
  /// The same maps, without those of deviations too wide for the grid, as boxes around the clicks: dense inside, zero
  /// outside. Boxes whose maps overlap are one, with the maps
  /// of one kind if all its clicks are of that kind, else with all maps.
  ///
  /// - Parameters:
  ///   - prompts: The clicks; those of a kind without an embedding (-1) are no clicks.
  ///   - plan: The interactive branch, with dense prompts.
  ///   - patch: Voxels of the patch.
  ///   - size: Cells of the grid, divisors of the patch.
  ///   - margin: Cells of zeros that each box has around its maps, as far as the grid reaches.
  ///   - room: Holds the boxes' values as far as it reaches; `nil` for memory of their own.
  /// - Returns: Boxes of `[maps, depth, height, width]`.
  /// - Throws: `TensorError.outOfMemory`.
  static func boxes(
    prompts: [PointPrompt], plan: NetworkPlan.PromptPlan, patch: Axes3<Int>, size: Axes3<Int>, margin: Axes3<Int>,
    room: FloatBuffer? = nil
  ) throws -> [UpsamplingStage.PromptBox] {
    guard let dense = plan.dense else { return [] }
    let sigmas = dense.deviations(ofCell: longestSide(patch: patch, size: size)).map { dense.sigmasInVoxels[$0] }
    let gaussians = prompts.filter { (0..<plan.clickKinds).contains($0.kind) }.flatMap { click in
      sigmas.enumerated().map { number, sigma in
        ClickGaussian(
          click: click, map: click.kind * sigmas.count + number, sigmaInVoxels: sigma, patch: patch, size: size)
      }
    }.filter { !$0.isEmpty }
    var used = 0
    return try merged(gaussians).map { group in
      let origin = Axes3(0, 1, 2).map { axis in max(0, group.range[axis].lowerBound - margin[axis]) }
      let end = Axes3(0, 1, 2).map { axis in min(size[axis], group.range[axis].upperBound + margin[axis]) }
      let extent = Axes3(0, 1, 2).map { end[$0] - origin[$0] }
      let kinds = Set(group.members.map { $0.map / sigmas.count })
      let kind = kinds.count == 1 ? kinds.first : nil
      let firstMap = (kind ?? 0) * sigmas.count
      let count = (kind == nil ? plan.clickKinds : 1) * sigmas.count * extent.product
      let values: FloatBuffer
      let offset: Int
      if let room, used + count <= room.count {
        (values, offset) = (room, used)
        (room.pointer + offset).update(repeating: 0, count: count)
        used += count
      } else {
        (values, offset) = (try FloatBuffer(count: count), 0)
      }
      for gaussian in group.members {
        let map = values.pointer + offset + (gaussian.map - firstMap) * extent.product
        gaussian.forEachCell { index, value in
          let at = extent.offset(of: Axes3(0, 1, 2).map { index[$0] - origin[$0] })
          map[at] = max(map[at], value)
        }
      }
      return UpsamplingStage.PromptBox(
        kind: kind, maps: FeatureBox(origin: Extent(origin), extent: Extent(extent), values: values, offset: offset))
    }
  }

  private struct Group {
    var range: Axes3<Range<Int>>
    var members: [ClickGaussian]
  }

  /// Joins Gaussians until no two groups' ranges overlap.
  private static func merged(_ gaussians: [ClickGaussian]) -> [Group] {
    var groups: [Group] = []
    for gaussian in gaussians {
      var joined = Group(range: gaussian.range, members: [gaussian])
      while let index = groups.firstIndex(where: { group in
        (0..<3).allSatisfy { group.range[$0].overlaps(joined.range[$0]) }
      }) {
        let other = groups.remove(at: index)
        for axis in 0..<3 {
          let lower = min(joined.range[axis].lowerBound, other.range[axis].lowerBound)
          joined.range[axis] = lower..<max(joined.range[axis].upperBound, other.range[axis].upperBound)
        }
        joined.members = other.members + joined.members
      }
      groups.append(joined)
    }
    return groups
  }
}
