import Clicks
import Testing
import Volume

@testable import Segmentation

/// A grid of windows with two drawn canals: tubes that wander along axis 1, and what the network would say there.
private struct DrawnCanals {
  // No more voxels along an axis than cells, so that cells are voxels.
  let patch = Axes3(8, 9, 9)
  let size: Axes3<Int>
  let plan: WindowPlan
  private(set) var isCanal: [Bool]
  let bone: [Float]

  init(seed: UInt64, isBlank: Bool = false) {
    var generator = SeededGenerator(seed: seed)
    let drawnSize = patch.map { $0 * 4 + generator.integer(0...9) }
    size = drawnSize
    plan = WindowPlan(size: drawnSize, patch: patch, step: generator.uniform(0.5...0.9))
    isCanal = [Bool](repeating: false, count: size.product)
    for side in 0..<(isBlank ? 0 : 2) {
      var (height, width) = (Double(generator.integer(8...size.axis0 - 9)), Double((size.axis2 * (2 * side + 1)) / 4))
      for row in 6..<size.axis1 - 6 {
        height = min(max(height + generator.uniform(-0.8...0.8), 1), Double(size.axis0 - 2))
        width = min(max(width + generator.uniform(-0.8...0.8), 1), Double(size.axis2 - 2))
        for slice in Int(height) - 1...Int(height) + 1 {
          for column in Int(width) - 1...Int(width) + 1 { isCanal[size.offset(of: Axes3(slice, row, column))] = true }
        }
      }
    }
    bone = (0..<size.product).map { _ in Float(generator.unit()) }
  }

  func order() -> WindowOrder { WindowOrder(plan: plan, size: size) { bone[size.offset(of: $0)] } }

  func box(_ window: Int) -> VoxelBox { VoxelBox(corner: plan.start(of: window), shape: patch) }

  /// The canals' voxels in a window.
  func canal(in window: Int) -> [Int] {
    let ranges = box(window).ranges
    return ranges.axis0.flatMap { slice in
      ranges.axis1.flatMap { row in
        ranges.axis2.map { size.offset(of: Axes3(slice, row, $0)) }.filter { isCanal[$0] }
      }
    }
  }

  func logits(_ window: Int) -> [Float] {
    var logits = [Float](repeating: 0, count: 3 * patch.product)
    let ranges = box(window).ranges
    var place = 0
    for slice in ranges.axis0 {
      for row in ranges.axis1 {
        for column in ranges.axis2 {
          let label = isCanal[size.offset(of: Axes3(slice, row, column))] ? column * 2 < size.axis2 ? 2 : 1 : 0
          logits[label * patch.product + place] = 1
          place += 1
        }
      }
    }
    return logits
  }

  /// Takes all windows, as a run does.
  func visited(_ order: inout WindowOrder, _ windows: [Int]? = nil, clicks: [Axes3<Int>] = []) -> [Int] {
    order.begin(windows ?? Array(0..<plan.count), clicks: clicks)
    var visited: [Int] = []
    while let window = order.next() {
      order.learn(window, logits: logits(window))
      visited.append(window)
    }
    return visited
  }
}

@Suite("The order of windows")
struct WindowOrderTests {
  @Test("Every window comes exactly once, in the same order each time", arguments: 1...20 as ClosedRange<UInt64>)
  func permutation(seed: UInt64) {
    let drawn = DrawnCanals(seed: seed, isBlank: seed % 5 == 0)
    var (first, second) = (drawn.order(), drawn.order())
    let visited = drawn.visited(&first)
    #expect(visited.sorted() == Array(0..<drawn.plan.count))
    #expect(visited == drawn.visited(&second))
    // Some of them only, in another run.
    let some = Array(0..<drawn.plan.count).filter { $0 % 3 == 1 }
    #expect(drawn.visited(&first, some).sorted() == some)
    #expect(drawn.visited(&first, []).isEmpty)
  }

  @Test(
    "Windows that see a new click come first, those that see it in their middle before",
    arguments: 1...20 as ClosedRange<UInt64>)
  func clicksFirst(seed: UInt64) {
    let drawn = DrawnCanals(seed: seed)
    var generator = SeededGenerator(seed: seed + 100)
    let clicks = (0..<generator.integer(1...3)).map { _ in drawn.size.map { generator.integer(0...$0 - 1) } }
    var order = drawn.order()
    let visited = drawn.visited(&order, clicks: clicks)
    let isNear = visited.map { window in clicks.contains { drawn.box(window).contains($0) } }
    #expect(isNear.contains(true) && !isNear.drop { $0 }.contains(true))
    let lone = drawn.visited(&order, clicks: [clicks[0]])
    let seeing = lone.filter { drawn.box($0).contains(clicks[0]) }
    let distances = seeing.map { window in
      (0..<3).map { axis in
        let half = Double(drawn.patch[axis]) / 2
        return abs(Double(clicks[0][axis] - drawn.plan.start(of: window)[axis]) + 0.5 - half) / half
      }.max() ?? 0
    }
    #expect(lone.prefix(seeing.count) == seeing[...] && distances == distances.sorted())
  }

  @Test(
    "A canal that was found is followed before anything else is looked at",
    arguments: 1...20 as ClosedRange<UInt64>)
  func tracking(seed: UInt64) {
    let drawn = DrawnCanals(seed: seed)
    var order = drawn.order()
    let visited = drawn.visited(&order)
    let canals = (0..<drawn.plan.count).map { drawn.canal(in: $0) }
    let cells = CellGrid(plan: drawn.plan, size: drawn.size)
    #expect(cells.shape == drawn.size)
    var known = [Float](repeating: 0, count: cells.count)
    var importance = known
    var waiting = Set(0..<drawn.plan.count)
    var drew = 0
    for window in visited {
      // A window that knows more of a canal that was found, since it lies behind the border of those that are done.
      let draws = waiting.contains {
        cells.gain(known: known, importance: importance, places: drawn.plan.places(of: $0)) > 0.1
      }
      if draws {
        drew += 1
        #expect(canals[window].contains { importance[$0] > 0 }, "window \(window) does not see what was found")
      }
      waiting.remove(window)
      cells.raise(&known, by: drawn.plan.places(of: window))
      for place in canals[window] { importance[place] = 1 }
    }
    #expect(drew > 4)
  }

  @Test("Before anything is found, bone comes before air, and windows do not crowd")
  func bone() {
    let patch = Axes3(8, 8, 8)
    let size = Axes3(8, 8, 48)
    let plan = WindowPlan(size: size, patch: patch, step: 0.25)
    // Padding, air, bone, air.
    var order = WindowOrder(plan: plan, size: size) { voxel in
      voxel.axis2 < 8 ? nil : (20..<30).contains(voxel.axis2) ? 1000 : -1000
    }
    order.begin(Array(0..<plan.count), clicks: [])
    let nothing = [Float](repeating: 0, count: 3 * patch.product)
    var starts: [Int] = []
    while let window = order.next() {
      order.learn(window, logits: nothing)
      starts.append(plan.start(of: window).axis2)
    }
    #expect(starts.prefix(3).allSatisfy { (13..<30).contains($0) }, "\(starts)")
    #expect(abs(starts[0] - starts[1]) >= 4, "\(starts)")
    #expect(starts.suffix(3).contains(0), "\(starts)")
  }

  @Test("What an earlier run found is known to the next")
  func remembered() {
    let drawn = DrawnCanals(seed: 7)
    var order = drawn.order()
    _ = drawn.visited(&order)
    order.begin(Array(0..<drawn.plan.count), clicks: [])
    for _ in 0..<3 { #expect(order.next().map { drawn.canal(in: $0).isEmpty } == false) }
  }

  @Test("A run's windows come in an order that its answers decide, and its bytes do not")
  func bytes() throws {
    let patch = Axes3(8, 10, 12)
    let scan = smoothScan(shape: Axes3(30, 33, 40), border: 1, seed: 15)
    for mirroring in [false, true] {
      for rules in SegmentationSettings.Rules.allCases {
        var masks: [[UInt8]] = []
        var logits: [[Float]] = []
        // With room for answers the order is ours; without, it is that of the sum.
        for cacheBytes in [0, 1 << 30] {
          let network = StandInNetwork(patch: patch)
          let metadata = network.metadata()
          let run = try InteractivePredictor(
            scan: scan, metadata: metadata, network: network,
            settings: SegmentationSettings(metadata: metadata, rules: rules, mirroring: mirroring),
            cacheBytes: cacheBytes)
          let result = try run.segment(clicks: [], keeping: .everything)
          #expect(network.decodes == (mirroring ? 4 : 1) * result.windows, "every window and view once")
          masks.append(result.mask.labels)
          logits.append(result.logits?.values ?? [])
        }
        #expect(masks[0] == masks[1] && logits[0] == logits[1] && !logits[0].isEmpty)
      }
    }
  }
}
