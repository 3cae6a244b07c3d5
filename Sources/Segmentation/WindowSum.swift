import Volume

/// Sums windows' logits and labels what becomes final, row by row of windows.
struct WindowSum {
  /// The scan's way to the network's grid.
  let geometry: ScanGeometry
  /// Where the windows are.
  let plan: WindowPlan
  /// Classes of a voxel.
  let classes: Int
  /// Whether each window's logits are divided as the published rules do, and weighted without norm.
  let isReference: Bool
  private let weights: GaussianWeights
  private let weightSums: Axes3<[Double]>

  /// Prepares a scan.
  init(geometry: ScanGeometry, plan: WindowPlan, classes: Int, isReference: Bool) {
    self.geometry = geometry
    self.plan = plan
    self.classes = classes
    self.isReference = isReference
    weights = GaussianWeights(patch: plan.patch)
    weightSums = weights.sums(over: plan)
  }

  /// The logits of a window, and the largest of them.
  typealias Answer = (logits: [Float], largest: Float)

  /// Labels a box of the scan.
  ///
  /// - Parameters:
  ///   - labeller: Knows the box.
  ///   - labels: The network's labels of the whole stored scan; those in the box are set.
  ///   - kept: Receives the summed logits when the box is everything.
  ///   - answer: Gives a window's answer; `nil` leaves it out, as if its logits were 0.
  ///   - willLabel: Called before slices are labelled.
  /// - Returns: The voxels that negative clicks may change.
  /// - Throws: What `answer` or `willLabel` throws.
  func label(
    _ labeller: SliceLabeller, into labels: UnsafeMutablePointer<UInt8>, kept: inout KeptLogits?,
    answer: (Int) throws -> Answer?, willLabel: (Range<Int>) throws -> Void
  ) throws -> [NegativeClicks.Candidate] {
    let region = labeller.region
    let accumulator = LogitAccumulator(classes: classes, region: region, patch: plan.patch)
    var candidates: [NegativeClicks.Candidate] = []
    var finalPlanes = region.ranges.axis0.lowerBound
    var labelled = labeller.box.ranges.axis0.lowerBound
    let rows = plan.starts.axis0.enumerated().filter {
      ($0.element..<$0.element + plan.patch.axis0).overlaps(region.ranges.axis0)
    }
    for (place, (row, _)) in rows.enumerated() {
      for window in row * plan.windowsPerRow..<(row + 1) * plan.windowsPerRow {
        let start = plan.start(of: window)
        guard VoxelBox(corner: start, shape: plan.patch).overlaps(region) else { continue }
        guard let answer = try answer(window) else {
          accumulator.reach(start: start)
          continue
        }
        answer.logits.withUnsafeBufferPointer { logits in
          guard let logits = logits.baseAddress else { return }
          accumulator.add(
            logits, start: start,
            weights: isReference ? weights.factors : weights.shares(start: start, sums: weightSums),
            divisor: isReference ? answer.largest / ReferenceRules.windowScale : nil)
        }
      }
      let finalEnd = place + 1 == rows.count ? region.ranges.axis0.upperBound : rows[place + 1].element
      if finalEnd > finalPlanes {
        kept?.copy(planes: finalPlanes..<finalEnd, from: accumulator)
        finalPlanes = finalEnd
      }
      var end = labelled
      while end < labeller.box.ranges.axis0.upperBound, labeller.lastPlane(ofSlice: end) < finalPlanes { end += 1 }
      if end > labelled {
        try willLabel(labelled..<end)
        candidates += labeller.label(slices: labelled..<end, from: accumulator, into: labels)
      }
      labelled = end
    }
    return candidates
  }
}
