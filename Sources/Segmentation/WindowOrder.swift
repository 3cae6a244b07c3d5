import Volume

/// In which order windows are run, so that what matters to the person who waits is known first: windows that see a new
/// click, the nearest first; then those that tell most about canals found so far, and about bone.
///
/// The scan is looked at in cells. What is known of a cell is the weight that the best placed of the windows that are
/// done has in the mean there; the window that adds most, over all cells by their importance, is next. So a canal that
/// runs out of a window draws the window behind that border, and while none is found, windows spread over the bone.
/// Nothing is assumed of where jaws lie in the scan. The order changes no mask: windows are summed in their own order.
struct WindowOrder {
  /// How much more a cell counts in which a canal was found than the brightest bone: more than a window has of that.
  static let canalImportance: Float = 10_000

  private let plan: WindowPlan
  private let cells: CellGrid
  /// The mean network input at a few places of each window: of windows as near to a click the brightest is first.
  private let brightness: [Float]
  /// Places along each axis at which a window's brightness is taken.
  private static let places = 4
  /// The importance of each cell before anything is found: 0 in padding, 1 for the brightest.
  private let bone: [Float]
  /// For each window that was run, the cells in which it found a canal.
  private var found: [Int: [Int]] = [:]

  // The run that goes on.
  private var waiting: [Bool]
  private var nearClicks: [Int] = []
  private var gains: [Float] = []
  private var importance: [Float] = []
  private var known: [Float] = []

  /// Looks at a scan.
  ///
  /// - Parameters:
  ///   - input: The scan as the network sees it.
  ///   - plan: Where the windows are.
  init(input: NetworkInput, plan: WindowPlan) {
    self.init(plan: plan, size: input.geometry.paddedShape, value: input.value(atPadded:))
  }

  /// Looks at values.
  ///
  /// - Parameters:
  ///   - plan: Where the windows are.
  ///   - size: The padded grid.
  ///   - value: The network's input near a voxel of it; `nil` for padding.
  init(plan: WindowPlan, size: Axes3<Int>, value: (Axes3<Int>) -> Float?) {
    self.plan = plan
    let cells = CellGrid(plan: plan, size: size)
    self.cells = cells
    bone = Self.ranks((0..<cells.count).map { value(cells.centre(of: $0)) })
    brightness = plan.allStarts.map { start in
      (0..<Self.places * Self.places * Self.places).reduce(0) { sum, place in
        let steps = Axes3(
          place / (Self.places * Self.places), place / Self.places % Self.places, place % Self.places)
        let voxel = Axes3(0, 1, 2).map { start[$0] + plan.patch[$0] * (2 * steps[$0] + 1) / (2 * Self.places) }
        return sum + (value(voxel) ?? 0)
      }
    }
    waiting = [Bool](repeating: false, count: plan.count)
  }

  /// The share of values that are smaller, squared, so that soft tissue and air count little whatever a scanner's numbers
  /// are; 0 for none.
  private static func ranks(_ values: [Float?]) -> [Float] {
    let sorted = values.compactMap { $0 }.filter { $0.isFinite }.sorted()
    return values.map { value in
      guard let value, value.isFinite, !sorted.isEmpty else { return 0 }
      var (low, high) = (0, sorted.count)
      while low < high {
        let middle = (low + high) / 2
        if sorted[middle] < value { low = middle + 1 } else { high = middle }
      }
      let rank = Float(low + 1) / Float(sorted.count)
      return rank * rank
    }
  }

  /// Begins a run.
  ///
  /// - Parameters:
  ///   - windows: The windows that have to be run.
  ///   - clicks: New clicks, on the padded grid.
  mutating func begin(_ windows: [Int], clicks: [Axes3<Int>]) {
    for window in waiting.indices { waiting[window] = false }
    for window in windows { waiting[window] = true }
    let distances = windows.map { window in clicks.map { distance(window, $0) }.min() ?? .infinity }
    // The nearest is last, to be taken first.
    nearClicks = windows.indices.filter { distances[$0].isFinite }.sorted {
      (distances[$0], -brightness[windows[$0]], windows[$0]) > (distances[$1], -brightness[windows[$1]], windows[$1])
    }.map { windows[$0] }
    gains = []
  }

  /// Takes the window that is to be run next.
  ///
  /// - Returns: Its number, or `nil` when all have been taken.
  mutating func next() -> Int? {
    if let window = nearClicks.popLast() {
      take(window)
      return window
    }
    if gains.isEmpty { weigh() }
    var best: Int?
    for window in waiting.indices where waiting[window] {
      if best.map({ gains[window] > gains[$0] }) ?? true { best = window }
    }
    if let best { take(best) }
    return best
  }

  private mutating func take(_ window: Int) {
    waiting[window] = false
    if !gains.isEmpty { note(window) }
  }

  /// Learns from a window that was run.
  ///
  /// - Parameters:
  ///   - window: Its number.
  ///   - logits: Its logits, `[classes, axis0, axis1, axis2]`; classes 1 and 2 are the canals.
  mutating func learn(_ window: Int, logits: [Float]) {
    let canal = cells.canalCells(of: logits, start: plan.start(of: window))
    found[window] = canal
    if gains.isEmpty { return }
    for cell in canal where importance[cell] < Self.canalImportance { importance[cell] = Self.canalImportance }
    renew(around: window)
  }

  /// Prepares the gains of all windows that wait, from what is known of earlier runs.
  private mutating func weigh() {
    importance = bone
    known = [Float](repeating: 0, count: cells.count)
    for (window, canal) in found {
      for cell in canal { importance[cell] = Self.canalImportance }
      if !waiting[window] { cells.raise(&known, by: plan.places(of: window)) }
    }
    gains = (0..<plan.count).map { waiting[$0] ? gain(of: $0) : 0 }
  }

  /// Counts a window as done.
  private mutating func note(_ window: Int) {
    cells.raise(&known, by: plan.places(of: window))
    renew(around: window)
  }

  private mutating func renew(around window: Int) {
    let box = VoxelBox(corner: plan.start(of: window), shape: plan.patch)
    for other in waiting.indices where waiting[other] {
      if VoxelBox(corner: plan.start(of: other), shape: plan.patch).overlaps(box) { gains[other] = gain(of: other) }
    }
  }

  private func gain(of window: Int) -> Float {
    cells.gain(known: known, importance: importance, places: plan.places(of: window))
  }

  /// How far a click lies from a window's centre, in half patches; infinite for a window that does not see it.
  private func distance(_ window: Int, _ click: Axes3<Int>) -> Double {
    let start = plan.start(of: window)
    guard VoxelBox(corner: start, shape: plan.patch).contains(click) else { return .infinity }
    return (0..<3).reduce(0) { farthest, axis in
      let half = Double(plan.patch[axis]) / 2
      return max(farthest, abs(Double(click[axis] - start[axis]) + 0.5 - half) / half)
    }
  }
}
