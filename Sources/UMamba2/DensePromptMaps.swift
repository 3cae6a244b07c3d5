import Volume

/// Clicks as maps on one grid of the network: for each kind and deviation σ, `max over clicks of exp(-d² / 2σ²)`, d from
/// a cell's centre to the click's voxel centre in voxels of the full resolution.
///
/// σ is at least 0.7 of the longest side of a cell, and a map is zero where d > 3σ, so that a click acts nearby only; and
/// everywhere on a grid of whose cells σ has more than 8 (`NetworkPlan.DensePromptPlan.mostCells`). A
/// learned 1x1x1 map of these channels is added to the bottleneck's output and, at every decoder stage, to the upsampled
/// tensor before it is concatenated with the skip.
public struct DensePromptMaps: Sendable {
  /// The smallest deviation, as a share of the longest side of a cell.
  public static let smallestShareOfCell = 0.7
  /// How far a map reaches, in deviations.
  public static let reachInDeviations = 3.0
  /// The parameter that is added at the bottleneck, `[channels, maps, 1, 1, 1]`.
  public static let bottleneckParameter = "dense_prompts.bottleneck.weight"

  /// The parameter that is added at a decoder stage, `[channels, maps, 1, 1, 1]`.
  ///
  /// - Parameter stage: The decoder stage, 0 the deepest.
  /// - Returns: Its name in a checkpoint.
  public static func parameter(ofStage stage: Int) -> String { "dense_prompts.stages.\(stage).weight" }

  /// Maps a cell has: kinds times deviations, those of a kind together.
  public let mapCount: Int
  /// Positions of the cells in which any map is not zero, row-major on the grid, in no particular order.
  public private(set) var cells: [Int32] = []
  /// The maps' values in those cells, `[cells.count, mapCount]`.
  public private(set) var values: [Float] = []

  /// Computes the maps.
  ///
  /// - Parameters:
  ///   - prompts: The clicks; those of a kind without an embedding (-1) are no clicks.
  ///   - plan: The interactive branch, with dense prompts.
  ///   - patch: Voxels of the patch.
  ///   - size: Cells of the grid, divisors of the patch.
  public init(prompts: [PointPrompt], plan: NetworkPlan.PromptPlan, patch: Axes3<Int>, size: Axes3<Int>) {
    let sigmas = plan.dense?.sigmasInVoxels ?? []
    mapCount = plan.clickKinds * sigmas.count
    let clicks = prompts.filter { (0..<plan.clickKinds).contains($0.kind) }
    guard !clicks.isEmpty, mapCount > 0 else { return }
    var slots = [Int32](repeating: -1, count: size.product)
    let places = plan.dense?.deviations(ofCell: Self.longestSide(patch: patch, size: size)) ?? []
    for click in clicks {
      for place in places {
        add(
          ClickGaussian(
            click: click, map: click.kind * sigmas.count + place, sigmaInVoxels: sigmas[place], patch: patch,
            size: size),
          size: size, slots: &slots)
      }
    }
  }

  /// The longest side of a grid's cells in voxels of the full resolution.
  static func longestSide(patch: Axes3<Int>, size: Axes3<Int>) -> Double {
    (0..<3).reduce(0) { max($0, Double(patch[$1]) / Double(size[$1])) }
  }

  /// Raises one map around one click.
  private mutating func add(_ gaussian: ClickGaussian, size: Axes3<Int>, slots: inout [Int32]) {
    // Taken out, so that the closure grows them in place.
    var cells: [Int32] = []
    var values: [Float] = []
    swap(&cells, &self.cells)
    swap(&values, &self.values)
    gaussian.forEachCell { index, value in
      let position = size.offset(of: index)
      if slots[position] < 0 {
        slots[position] = Int32(cells.count)
        cells.append(Int32(position))
        values.append(contentsOf: repeatElement(0, count: mapCount))
      }
      let at = Int(slots[position]) * mapCount + gaussian.map
      values[at] = max(values[at], value)
    }
    self.cells = cells
    self.values = values
  }
}

extension NetworkPlan.PromptPlan {
  /// Maps of the dense prompts, kinds times deviations, or `nil` for a network without.
  public var denseMapCount: Int? {
    dense.map { clickKinds * $0.sigmasInVoxels.count }
  }
}
