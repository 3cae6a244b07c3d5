import Volume

/// In which order windows are run, so that what matters to the person who waits is known first: windows that see a new
/// click, the nearest first; then those with the most bright voxels, bone and teeth.
struct WindowOrder {
  private let plan: WindowPlan
  /// The mean network input at a few places of each window.
  private let brightness: [Float]

  /// Places along each axis at which a window's brightness is taken.
  private static let places = 4

  /// Looks at a scan.
  ///
  /// - Parameters:
  ///   - input: The scan as the network sees it.
  ///   - plan: Where the windows are.
  init(input: NetworkInput, plan: WindowPlan) {
    self.plan = plan
    brightness = (0..<plan.count).map { window in
      let start = plan.start(of: window)
      var sum: Float = 0
      for place in 0..<Self.places * Self.places * Self.places {
        let steps = Axes3(
          place / (Self.places * Self.places), place / Self.places % Self.places, place % Self.places)
        sum += input.value(
          atPadded: Axes3(0, 1, 2).map { start[$0] + plan.patch[$0] * (2 * steps[$0] + 1) / (2 * Self.places) })
      }
      return sum
    }
  }

  /// Sorts windows.
  ///
  /// - Parameters:
  ///   - windows: Their numbers.
  ///   - clicks: New clicks, on the padded grid.
  /// - Returns: The windows, the first to be run first.
  func sorted(_ windows: [Int], clicks: [Axes3<Int>]) -> [Int] {
    let distances = windows.map { window in clicks.map { distance(window, $0) }.min() ?? .infinity }
    return windows.indices.sorted { first, second in
      if distances[first] != distances[second] { return distances[first] < distances[second] }
      let (one, other) = (brightness[windows[first]], brightness[windows[second]])
      return one != other ? one > other : windows[first] < windows[second]
    }.map { windows[$0] }
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
