import Foundation
import Synchronization
import Testing

@testable import Volume

@Suite struct ResamplingTests {
  private let inputShape = Axes3(7, 9, 11)

  @Test(
    "trilinear resampling agrees with NumPy in float64",
    arguments: [
      Axes3(7, 9, 11), Axes3(14, 18, 22), Axes3(3, 4, 5), Axes3(10, 5, 23), Axes3(1, 1, 1), Axes3(7, 12, 11),
      Axes3(16, 9, 7),
    ])
  func matchesNumPy(size: Axes3<Int>) throws {
    let source = try Fixtures.array("resample_input.npy").floats
    let expected = try Fixtures.array("resample_\(size.axis0)_\(size.axis1)_\(size.axis2).npy").floats
    let resampler = TrilinearResampler(from: inputShape, to: size)
    let actual = resampler.resample(source, channels: 2)
    let difference = largestDifference(actual, expected)
    print("resampling to \(size.array): largest difference \(difference)")
    #expect(difference < 4e-6)
    if size == inputShape { #expect(actual == source) }
  }

  @Test("slabs made one range at a time are the slabs of the whole, bit for bit")
  func streams() throws {
    let source = try Fixtures.array("resample_input.npy").floats
    let size = Axes3(23, 10, 8)
    let resampler = TrilinearResampler(from: inputShape, to: size)
    let whole = resampler.resample(source, channels: 2)
    let plane = size.axis1 * size.axis2
    let asked = Atomic(0)
    for range in [0..<1, 3..<11, 11..<23, 22..<23, 5..<5] {
      let part = try resampler.resample(channels: 2, slabs: range) { channel, slice, buffer in
        asked.add(1, ordering: .relaxed)
        let start = (channel * 7 + slice) * 99
        for index in 0..<99 { buffer[index] = source[start + index] }
      }
      for channel in 0..<2 {
        let start = (channel * size.axis0 + range.lowerBound) * plane
        let mine = part[channel * range.count * plane..<(channel + 1) * range.count * plane]
        #expect(Array(mine) == Array(whole[start..<start + range.count * plane]))
      }
    }
    #expect(asked.load(ordering: .relaxed) < 60)
  }

  @Test(
    "a part of a row has the values of the whole, bit for bit",
    arguments: [Axes3(14, 18, 22), Axes3(3, 4, 5), Axes3(7, 9, 11)])
  func resamplesParts(size: Axes3<Int>) throws {
    let source = Array(try Fixtures.array("resample_input.npy").floats.prefix(inputShape.product))
    let resampler = TrilinearResampler(from: inputShape, to: size)
    let whole = resampler.resample(source)
    for columns in [0..<1, 1..<4, 2..<size.axis2] {
      for slab in 0..<size.axis0 {
        for row in 0..<size.axis1 {
          var room = [Float](repeating: 0, count: 2 * columns.count)
          var part = [Float](repeating: .nan, count: columns.count)
          var asked: Set<Int> = []
          source.withUnsafeBufferPointer { source in
            guard let base = source.baseAddress else { return }
            resampler.resample(
              columns: columns, ofRow: row, slab: slab, rowStride: inputShape.axis2,
              slice: {
                asked.insert($0)
                return base + $0 * inputShape.axis1 * inputShape.axis2
              }, room: &room, into: &part)
          }
          let start = (slab * size.axis1 + row) * size.axis2
          #expect(part == Array(whole[start + columns.lowerBound..<start + columns.upperBound]))
          #expect(asked == Set(resampler.inputRange(ofSlab: slab)))
        }
      }
    }
    // Every value depends on what it is said to depend on, and on nothing else.
    for column in 0..<inputShape.axis2 {
      var changed = source
      for line in 0..<inputShape.axis0 * inputShape.axis1 { changed[line * inputShape.axis2 + column] += 1 }
      let after = resampler.resample(changed)
      let columns = resampler.outputColumns(dependingOn: column..<column + 1)
      for (voxel, (before, now)) in zip(whole, after).enumerated() where before != now {
        #expect(columns.contains(voxel % size.axis2))
      }
    }
    for row in 0..<inputShape.axis1 {
      var changed = source
      for slice in 0..<inputShape.axis0 {
        for column in 0..<inputShape.axis2 {
          changed[(slice * inputShape.axis1 + row) * inputShape.axis2 + column] += 1
        }
      }
      let after = resampler.resample(changed)
      for (voxel, (before, now)) in zip(whole, after).enumerated() where before != now {
        #expect(resampler.inputRange(ofRow: voxel / size.axis2 % size.axis1).contains(row))
      }
    }
  }

  @Test("an error of the source ends the resampling")
  func passesErrors() {
    let resampler = TrilinearResampler(from: inputShape, to: Axes3(9, 9, 9))
    #expect(throws: CancellationError.self) {
      _ = try resampler.resample(channels: 1, slabs: 0..<9) { _, slice, _ in
        if slice == 5 { throw CancellationError() }
      }
    }
  }

  @Test("new sizes are rounded half to even")
  func roundsSizes() throws {
    let shape = try Resampling.shape(of: Axes3(5, 7, 100), spacing: Axes3(0.5, 0.5, 0.4), target: Axes3(1, 1, 0.3))
    #expect(shape == Axes3(2, 4, 133))
    let float = Double(Float(0.3))
    #expect(
      try Resampling.shape(
        of: Axes3(36, 47, 56), spacing: Axes3(repeating: float), target: Axes3(repeating: 0.3)) == Axes3(36, 47, 56))
    #expect(
      try Resampling.shape(of: Axes3(1, 1, 1), spacing: Axes3(repeating: 0.1), target: Axes3(repeating: 1))
        == Axes3(1, 1, 1))
    #expect(throws: VolumeError.self) {
      _ = try Resampling.shape(of: Axes3(repeating: 9), spacing: Axes3(repeating: 1e30), target: Axes3(repeating: 0.3))
    }
    #expect(throws: VolumeError.self) {
      _ = try Resampling.shape(
        of: Axes3(repeating: 30000), spacing: Axes3(repeating: 3), target: Axes3(repeating: 0.3))
    }
  }

  @Test("a click moves to the nearest voxel, half to even, inside the grid")
  func movesClicks() {
    // (v + 0.5) * 2 - 0.5 = 2v + 0.5: 0.5 rounds to 0, 2.5 to 2, 4.5 to 4.
    let doubled = Resampling.index(of: Axes3(0, 1, 2), from: Axes3(3, 3, 3), to: Axes3(6, 6, 6))
    #expect(doubled == Axes3(0, 2, 4))
    // (v + 0.5) / 2 - 0.5 = v / 2 - 0.25.
    let halved = Resampling.index(of: Axes3(0, 1, 5), from: Axes3(6, 6, 6), to: Axes3(3, 3, 3))
    #expect(halved == Axes3(0, 0, 2))
    let outside = Resampling.index(of: Axes3(-4, 9, 2), from: Axes3(6, 6, 6), to: Axes3(3, 3, 6))
    #expect(outside == Axes3(0, 2, 2))
  }

  @Test("the box around what is not zero is exact")
  func findsBox() {
    let shape = Axes3(6, 7, 8)
    #expect(VoxelBox.aroundNonzero([Float](repeating: 0, count: shape.product), shape: shape) == nil)
    var generator = SeededGenerator(seed: 3)
    for _ in 0..<200 {
      var voxels = [Float](repeating: 0, count: shape.product)
      var (low, high) = (shape, Axes3(repeating: -1))
      for _ in 0..<Int.random(in: 1...3, using: &generator) {
        let voxel = shape.map { Int.random(in: 0..<$0, using: &generator) }
        voxels[shape.offset(of: voxel)] = -0.5
        for axis in 0..<3 {
          low[axis] = min(low[axis], voxel[axis])
          high[axis] = max(high[axis], voxel[axis])
        }
      }
      let expected = VoxelBox(Axes3(0, 1, 2).map { low[$0]..<high[$0] + 1 })
      #expect(VoxelBox.aroundNonzero(voxels, shape: shape) == expected)
    }
    let whole = VoxelBox(wholeOf: shape)
    #expect(VoxelBox.aroundNonzero([Float](repeating: 1, count: shape.product), shape: shape) == whole)
    #expect(whole.shape == shape && whole.corner == Axes3(0, 0, 0))
    #expect(whole.contains(Axes3(5, 6, 7)) && !whole.contains(Axes3(6, 0, 0)))
  }

  @Test("the box around what is bright leaves out outer planes with too few bright voxels, and only those")
  func findsBrightBox() {
    let shape = Axes3(9, 8, 10)
    var generator = SeededGenerator(seed: 8)
    var (found, none) = (0, 0)
    for _ in 0..<200 {
      let box = VoxelBox(shape.map { generator.integer(0...2)..<$0 - generator.integer(0...2) })
      let share = generator.uniform(0...0.3)
      let voxels = (0..<shape.product).map { _ in Float(generator.uniform(0...1)) }
      let value = Float(generator.uniform(0.6...1))
      // Each axis by itself: the first and the last plane with enough bright voxels.
      var expected: [Range<Int>] = []
      for axis in 0..<3 {
        let shown = box.ranges[axis].filter { plane in
          let inPlane = voxels.indices.map { shape.index(at: $0) }.filter { box.contains($0) && $0[axis] == plane }
          let bright = inPlane.count { voxels[shape.offset(of: $0)] > value }
          return bright > 0 && Double(bright) >= share * Double(inPlane.count)
        }
        if let first = shown.first, let last = shown.last { expected.append(first..<last + 1) }
      }
      let answer = VoxelBox.aroundBright(voxels, shape: shape, in: box, above: value, share: share)
      #expect(answer?.ranges.array == (expected.count == 3 ? expected : nil))
      if answer == nil { none += 1 } else { found += 1 }
    }
    #expect(found > 20 && none > 20)
    let grown = VoxelBox(Axes3(2..<4, 0..<8, 9..<10)).grown(by: Axes3(1, 2, 3))
    #expect(grown == VoxelBox(Axes3(1..<5, -2..<10, 6..<13)))
  }
}

@Suite struct VoxelStatisticsTests {
  @Test("percentiles are NumPy's")
  func matchesNumPy() throws {
    let values = try Fixtures.array("percentile_input.npy").floats
    let levels = try Fixtures.array("percentile_levels.npy").floats.map(Double.init)
    let expected = try Fixtures.array("percentile_output.npy").floats
    #expect(VoxelStatistics.percentiles(levels, of: values) == expected)
    #expect(VoxelStatistics.percentiles(levels, of: values.reversed()) == expected)
    #expect(VoxelStatistics.percentiles([0, 50, 100], of: [5]) == [5, 5, 5])
    #expect(VoxelStatistics.percentiles([50], of: [-3, 1]) == [-1])
  }

  @Test("range and histogram count every value once")
  func counts() throws {
    let values = try Fixtures.array("percentile_input.npy").floats
    #expect(VoxelStatistics.range(of: values) == -1e30...3e38)
    #expect(VoxelStatistics.range(of: []) == nil)
    let histogram = VoxelStatistics.histogram(of: values, bins: 7, range: -100...100)
    #expect(histogram.reduce(0, +) == values.count)
    #expect(histogram[0] == values.count { $0 < Float(-100 + 200.0 / 7) })
    #expect(VoxelStatistics.histogram(of: [1, 1], bins: 3, range: 1...1) == [2, 0, 0])
  }
}

@Test("A part of a resampling has the values of the whole, and takes no more of the input than it must")
func parts() throws {
  var generator = SeededGenerator(seed: 17)
  for _ in 0..<60 {
    let input = Axes3(0, 1, 2).map { _ in generator.integer(1...9) }
    let output = Axes3(0, 1, 2).map { generator.happens(0.2) ? input[$0] : generator.integer(1...13) }
    let values = (0..<input.product).map { _ in Float(generator.uniform(-1...1)) }
    let resampler = TrilinearResampler(from: input, to: output)
    let whole = resampler.resample(values)
    let box = VoxelBox(
      output.map { size in
        let first = generator.integer(0...size - 1)
        return first..<generator.integer(first + 1...size)
      })
    let (part, source) = resampler.part(box)
    #expect(part.inputShape == source.shape && part.outputShape == box.shape)
    func cut(_ values: [Float], _ shape: Axes3<Int>, _ box: VoxelBox) -> [Float] {
      box.ranges.axis0.flatMap { axis0 in
        box.ranges.axis1.flatMap { axis1 in
          box.ranges.axis2.map { values[shape.offset(of: Axes3(axis0, axis1, $0))] }
        }
      }
    }
    #expect(part.resample(cut(values, input, source)) == cut(whole, output, box))
    // The outputs that a changed input voxel changes lie in the box that depends on it.
    let voxel = input.map { generator.integer(0...$0 - 1) }
    var changed = values
    changed[input.offset(of: voxel)] += 100
    let after = resampler.resample(changed)
    let reached = resampler.outputBox(dependingOn: VoxelBox(corner: voxel, shape: Axes3(repeating: 1)))
    for place in whole.indices where after[place] != whole[place] {
      let index = Axes3(
        place / (output.axis1 * output.axis2), place / output.axis2 % output.axis1, place % output.axis2)
      #expect(reached?.contains(index) == true)
    }
  }
}
