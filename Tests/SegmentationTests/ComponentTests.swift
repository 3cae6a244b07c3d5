import Clicks
import Testing
import Volume

@testable import Segmentation

private let everyLabel = [Bool](repeating: true, count: 256)

private func mask(_ shape: Axes3<Int>, _ voxels: [(Axes3<Int>, UInt8)]) -> Mask {
  var labels = [UInt8](repeating: 0, count: shape.product)
  for (voxel, label) in voxels { labels[shape.offset(of: voxel)] = label }
  return Mask(grid: Grid(shape: shape, spacing: Axes3(repeating: 1), affine: nil), labels: labels)
}

private func rows(_ mask: Mask, isWanted: [Bool] = everyLabel) -> RowRuns {
  mask.labels.withUnsafeBufferPointer { RowRuns(labels: $0, shape: mask.grid.shape, isWanted: isWanted) }
}

private func components(_ mask: Mask) -> ConnectedComponents { ConnectedComponents(rows(mask)) }

extension Postprocessing {
  /// Removes small components from a mask.
  fileprivate func removeSmallComponents(of mask: inout Mask, clicks: [Click]) {
    for run in smallComponents(of: rows(mask, isWanted: isWanted), clicks: clicks) {
      for position in run.range { mask.labels[position] = 0 }
    }
  }
}

/// The components by flooding from voxel to voxel: for each voxel the first voxel of its component, or -1.
private func flooded(_ mask: Mask) -> [Int] {
  let shape = mask.grid.shape
  var result = [Int](repeating: -1, count: shape.product)
  for start in result.indices where mask.labels[start] != 0 && result[start] < 0 {
    result[start] = start
    var open = [start]
    while let position = open.popLast() {
      let voxel = Axes3(
        position / (shape.axis1 * shape.axis2), position / shape.axis2 % shape.axis1, position % shape.axis2)
      for step in 0..<27 {
        let next = Axes3(voxel.axis0 + step / 9 - 1, voxel.axis1 + step / 3 % 3 - 1, voxel.axis2 + step % 3 - 1)
        guard shape.contains(next) else { continue }
        let place = shape.offset(of: next)
        if result[place] < 0, mask.labels[place] == mask.labels[start] {
          result[place] = start
          open.append(place)
        }
      }
    }
  }
  return result
}

@Test("Components are those that flooding finds", arguments: 0..<60)
func componentsOfRandomMasks(seed: UInt64) {
  var generator = SeededGenerator(seed: seed)
  let shape = Axes3(
    generator.integer(1...7), generator.integer(1...9), generator.integer(1...40))
  let density = generator.uniform(0.02...0.7)
  let labels = (0..<shape.product).map { _ in
    generator.happens(density) ? UInt8(generator.integer(1...3)) : 0
  }
  let mask = Mask(grid: Grid(shape: shape, spacing: Axes3(repeating: 1), affine: nil), labels: labels)
  let expected = flooded(mask)
  let found = components(mask)
  let rows = rows(mask)
  var covered = 0
  for (index, run) in rows.runs.enumerated() {
    covered += Int(run.count)
    let first = rows.runs[found.component[index]].start
    for position in run.start..<run.start + Int(run.count) {
      #expect(labels[position] == run.label)
      #expect(expected[position] == first)
      #expect(rows.run(at: position) == index)
    }
    #expect(found.voxelCounts[found.component[index]] == expected.count { $0 == first })
  }
  #expect(covered == labels.count { $0 != 0 })
  for position in labels.indices where labels[position] == 0 { #expect(rows.run(at: position) == nil) }
}

@Test("Runs of rows that changed are read again, and are those of a whole reading")
func changedRows() {
  var generator = SeededGenerator(seed: 9)
  let shape = Axes3(4, 7, 21)
  func drawn() -> [UInt8] {
    (0..<shape.product).map { _ in generator.happens(0.3) ? UInt8(generator.integer(1...2)) : 0 }
  }
  let grid = Grid(shape: shape, spacing: Axes3(repeating: 1), affine: nil)
  var mask = Mask(grid: grid, labels: drawn())
  var runs = rows(mask)
  for _ in 0..<20 {
    let changed = (0..<28).map { _ in generator.happens(0.2) }
    let other = drawn()
    for row in 0..<28 where changed[row] {
      mask.labels.replaceSubrange(row * 21..<(row + 1) * 21, with: other[row * 21..<(row + 1) * 21])
    }
    mask.labels.withUnsafeBufferPointer { labels in runs.update(labels: labels) { changed[$0] } }
    #expect(runs.runs == rows(mask).runs && runs.firstOfRow == rows(mask).firstOfRow)
  }
}

@Test("Voxels that touch by a corner are one component, of one label only")
func cornersConnect() {
  let shape = Axes3(3, 3, 3)
  let diagonal = mask(shape, [(Axes3(0, 0, 0), 1), (Axes3(1, 1, 1), 1), (Axes3(2, 0, 2), 1)])
  #expect(components(diagonal).voxelCounts.filter { $0 > 0 } == [3])
  let apart = mask(shape, [(Axes3(0, 0, 0), 1), (Axes3(2, 2, 2), 1), (Axes3(1, 1, 1), 2)])
  #expect(components(apart).voxelCounts.filter { $0 > 0 } == [1, 1, 1])
}

@Test("A component at its minimum stays, one voxel below it goes")
func minimumIsInclusive() {
  let shape = Axes3(1, 3, 10)
  let three = (0..<3).map { (Axes3(0, 0, $0), UInt8(1)) }
  let two = (6..<8).map { (Axes3(0, 0, $0), UInt8(1)) }
  let other = [(Axes3(0, 2, 0), UInt8(2))]
  var labelled = mask(shape, three + two + other)
  Postprocessing(minimum: .voxels([1: 3]), clickedComponentsStay: false)
    .removeSmallComponents(of: &labelled, clicks: [])
  #expect(labelled == mask(shape, three + other))

  labelled = mask(shape, three + two + other)
  Postprocessing(minimum: .volume([1: 1.5, 2: 0.6], voxelVolume: 0.5), clickedComponentsStay: true)
    .removeSmallComponents(of: &labelled, clicks: [])
  #expect(labelled == mask(shape, three))
}

@Test("A component that holds a click of its class stays; another class's click does not hold it")
func clickedComponentStays() {
  let shape = Axes3(1, 3, 10)
  let first = [(Axes3(0, 0, 1), UInt8(1)), (Axes3(0, 1, 2), UInt8(1))]
  let second = [(Axes3(0, 0, 8), UInt8(1))]
  var labelled = mask(shape, first + second)
  let clicks = [Click(kind: .left, voxel: Axes3(0, 1, 2)), Click(kind: .right, voxel: Axes3(0, 0, 8))]
  Postprocessing(minimum: .voxels([1: 5, 2: 5]), clickedComponentsStay: true)
    .removeSmallComponents(of: &labelled, clicks: clicks)
  #expect(labelled == mask(shape, first))
}

@Test(
  "Half of the minimum is enough beside a \"not canal\" click, which may have cut it off; not beside other clicks")
func rests() {
  let shape = Axes3(3, 3, 20)
  let near = (0..<3).map { (Axes3(2, 0, $0), UInt8(1)) }
  let sliver = (5..<7).map { (Axes3(0, 2, $0), UInt8(1)) }
  // Its nearest voxel is 10 voxels of 0.8 mm from the click; one more is too far.
  let far = (14..<17).map { (Axes3(0, 0, $0), UInt8(2)) }
  let negative = Click(kind: .background, voxel: Axes3(0, 0, 4))
  let minimum = Postprocessing.Minimum.voxels([1: 6, 2: 6])
  func rest(_ clicks: [Click], spacing: Axes3<Double>?) -> Mask {
    var labelled = mask(shape, near + sliver + far)
    Postprocessing(minimum: minimum, clickedComponentsStay: true, restSpacing: spacing)
      .removeSmallComponents(of: &labelled, clicks: clicks)
    return labelled
  }
  let spacing = Axes3(1.0, 1, 0.8)
  #expect(rest([negative], spacing: spacing) == mask(shape, near + far))
  #expect(rest([negative], spacing: Axes3(1, 1, 0.81)) == mask(shape, near))
  #expect(rest([negative], spacing: nil) == mask(shape, []))
  #expect(rest([], spacing: spacing) == mask(shape, []))
  #expect(rest([Click(kind: .left, voxel: Axes3(0, 0, 4))], spacing: spacing) == mask(shape, []))
}

@Test("A cross is stamped if one of its voxels has its class, in click order, and clipped at the border")
func crosses() {
  let shape = Axes3(3, 3, 4)
  var labelled = mask(shape, [(Axes3(0, 0, 1), 1)])
  // The second click finds the class only because the first was stamped; the third never does.
  let clicks = [
    Click(kind: .left, voxel: Axes3(0, 0, 0)), Click(kind: .left, voxel: Axes3(0, 1, 1)),
    Click(kind: .right, voxel: Axes3(2, 2, 3)), Click(kind: .background, voxel: Axes3(0, 0, 1)),
  ]
  labelled.labels.withUnsafeMutableBufferPointer { Postprocessing.stampCrosses(of: clicks, on: $0, shape: shape) }
  let expected = [
    Axes3(0, 0, 0), Axes3(1, 0, 0), Axes3(0, 1, 0), Axes3(0, 0, 1), Axes3(0, 1, 1), Axes3(1, 1, 1), Axes3(0, 2, 1),
    Axes3(0, 1, 2),
  ]
  #expect(labelled == mask(shape, expected.map { ($0, 1) }))
  // The far side, where an index of -1 would wrap to, is untouched.
  #expect(labelled.labels[shape.offset(of: Axes3(2, 0, 0))] == 0)
}

@Test("Every clicked voxel gets its click's class, the later of two winning, and only disagreements are listed")
func forced() {
  let shape = Axes3(1, 1, 5)
  var labelled = mask(shape, [(Axes3(0, 0, 0), 1), (Axes3(0, 0, 1), 2)])
  let clicks = [
    Click(kind: .left, voxel: Axes3(0, 0, 0)), Click(kind: .background, voxel: Axes3(0, 0, 1)),
    Click(kind: .left, voxel: Axes3(0, 0, 3)), Click(kind: .right, voxel: Axes3(0, 0, 3)),
    Click(kind: .left, voxel: Axes3(0, 0, 4)), Click(kind: .background, voxel: Axes3(0, 0, 4)),
  ]
  let forced = labelled.labels.withUnsafeMutableBufferPointer {
    Postprocessing.forceClicks(clicks, on: $0, shape: shape)
  }
  #expect(forced == [1, 3])
  #expect(labelled.labels == [1, 0, 0, 2, 0])
}

@Test("Labelling a scan of 48 million voxels takes a moment")
func largeMask() {
  let shape = Axes3(300, 400, 400)
  var labels = [UInt8](repeating: 0, count: shape.product)
  for slice in 20..<280 {
    for row in 0..<12 {
      for column in 0..<12 {
        labels[shape.offset(of: Axes3(slice, 100 + row + slice / 3, 90 + column))] = 1
        labels[shape.offset(of: Axes3(slice, 100 + row + slice / 3, 300 + column))] = 2
      }
    }
  }
  let mask = Mask(grid: Grid(shape: shape, spacing: Axes3(repeating: 0.3), affine: nil), labels: labels)
  var found: ConnectedComponents?
  let time = ContinuousClock().measure { found = components(mask) }
  print("components of \(shape.product) voxels in \(time)")
  #expect(found?.voxelCounts.filter { $0 > 0 } == [260 * 144, 260 * 144])
}
