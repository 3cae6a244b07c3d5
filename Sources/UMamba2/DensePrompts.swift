import Layers
import Tensor
import Volume

/// The dense prompts of a network: clicks as maps, added to the bottleneck's output and to every upsampled tensor.
///
/// The decoder never holds an upsampled tensor: its map and the convolution after it are one sparse convolution, added
/// to the skip's half near clicks while a stage runs.
final class DensePrompts {
  private let plan: NetworkPlan.PromptPlan
  private let patch: Axes3<Int>
  private let bottleneck: [Float]
  private let stages: [SparseConvolution]
  private let grids: [Axes3<Int>]

  /// Reads the parameters; `nil` for a plan without dense prompts.
  ///
  /// - Parameters:
  ///   - root: The root of the parameters' names.
  ///   - plan: The architecture.
  ///   - patch: Voxels of the patch.
  /// - Throws: The source's error.
  init?(_ root: ParameterScope, plan: NetworkPlan, patch: Axes3<Int>) throws {
    guard let prompts = plan.prompts, let maps = prompts.denseMapCount else { return nil }
    self.plan = prompts
    self.patch = patch
    let deepest = plan.features.count - 1
    bottleneck = try root.values(DensePromptMaps.bottleneckParameter, [plan.features[deepest], maps, 1, 1, 1])
    let extents = plan.extents(patch: patch)
    grids = extents.map { Axes3($0.depth, $0.height, $0.width) }
    stages = try (0..<deepest).map { stage in
      let index = deepest - 1 - stage
      let channels = plan.features[stage]
      let kernel = Extent(plan.kernels[stage])
      return SparseConvolution(
        weights: try root["decoder.stages.\(index).convs.0"].values(
          "conv.weight", [channels, 2 * channels] + kernel.array), weightInputs: 2 * channels,
        mixing: try root.values(DensePromptMaps.parameter(ofStage: index), [channels, maps, 1, 1, 1]),
        middle: channels, maps: maps, outputs: channels, kernel: kernel, extent: extents[stage])
    }
  }

  /// Adds the maps to the bottleneck's output.
  ///
  /// - Parameters:
  ///   - prompts: The clicks.
  ///   - values: `[channels, cells]`.
  func addToBottleneck(_ prompts: [PointPrompt], values: UnsafeMutablePointer<Float>) {
    let grid = grids[grids.count - 1]
    let maps = DensePromptMaps(prompts: prompts, plan: plan, patch: patch, size: grid)
    let count = maps.mapCount
    guard !maps.cells.isEmpty else { return }
    for channel in 0..<bottleneck.count / count {
      for (number, cell) in maps.cells.enumerated() {
        var sum: Float = 0
        for map in 0..<count { sum += bottleneck[channel * count + map] * maps.values[number * count + map] }
        values[channel * grid.product + Int(cell)] += sum
      }
    }
  }

  /// Runs a body with the maps' part of a decoder stage added to the skip's half, which is as before afterwards.
  ///
  /// - Parameters:
  ///   - prompts: The clicks.
  ///   - stage: The encoder stage of the skip.
  ///   - skipHalf: `[channels, cells]`.
  ///   - body: What runs meanwhile.
  /// - Returns: What the body returns.
  /// - Throws: What the body throws.
  func withPart<Result>(
    of prompts: [PointPrompt], stage: Int, addedTo skipHalf: UnsafeMutablePointer<Float>, _ body: () throws -> Result
  ) rethrows -> Result {
    let maps = DensePromptMaps(prompts: prompts, plan: plan, patch: patch, size: grids[stage])
    guard !maps.cells.isEmpty else { return try body() }
    let saved = stages[stage].add(cells: maps.cells, values: maps.values, to: skipHalf)
    defer { stages[stage].restore(saved, to: skipHalf) }
    return try body()
  }
}
