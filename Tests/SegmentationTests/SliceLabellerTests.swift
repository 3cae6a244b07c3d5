import Testing
import Volume

@testable import Segmentation

/// Logits in which few voxels are canal, some classes tie and some lead by next to nothing.
private func logits(shape: Axes3<Int>, classes: Int, seed: UInt64) -> [Float] {
  var random = SeededGenerator(seed: seed)
  var values = [Float](repeating: 0, count: classes * shape.product)
  for voxel in 0..<shape.product {
    values[voxel] = Float(random.uniform(-2...6))
    for label in 1..<classes {
      let draw = random.unit()
      let background = values[voxel]
      values[label * shape.product + voxel] =
        draw < 0.02
        ? Float(random.uniform(-1...9))
        : draw < 0.1 ? background : draw < 0.15 ? background.nextUp : background - Float(random.uniform(0...8))
    }
  }
  return values
}

@Test(
  "Resampled only where it is not background for sure, a scan has the labels of the largest class everywhere",
  arguments: [
    (Axes3(9, 11, 13), Axes3(0.3, 0.3, 0.3)), (Axes3(9, 11, 13), Axes3(0.5, 0.5, 0.5)),
    (Axes3(9, 11, 13), Axes3(0.8, 0.45, 0.7)), (Axes3(1, 20, 5), Axes3(0.5, 0.2, 0.5)),
  ], [3, 5])
func labelsOfLargestClass(size: (shape: Axes3<Int>, spacing: Axes3<Double>), classes: Int) throws {
  let patch = Axes3(4, 4, 4)
  let geometry = try ScanGeometry(
    grid: Grid(shape: size.shape, spacing: size.spacing, affine: nil), box: VoxelBox(wholeOf: size.shape),
    turn: Reorientation(from: .lps, to: .lps), targetSpacing: Axes3(repeating: 0.5), patch: patch)
  let resampled = geometry.resampledShape
  var decided = 0
  for seed in 1...6 as ClosedRange<UInt64> {
    // The first fields are canal nearly everywhere between background, the last hardly anywhere.
    var values = logits(shape: resampled, classes: classes, seed: seed)
    if seed > 3 { for voxel in 0..<resampled.product where voxel % 7 != 0 { values[voxel] += 20 } }
    let onScan = TrilinearResampler(from: resampled, to: size.shape).resample(values, channels: classes)
    let expected = (0..<size.shape.product).map { voxel in
      (1..<classes).reduce(0) { best, label in
        onScan[label * size.shape.product + voxel] > onScan[best * size.shape.product + voxel] ? label : best
      }
    }.map { UInt8($0) }
    decided += expected.count { $0 == 0 }
    for box in [VoxelBox(wholeOf: size.shape), VoxelBox(size.shape.map { $0 / 3..<max($0 / 3 + 1, $0 - 1) })] {
      let labeller = SliceLabeller(geometry: geometry, box: box, negativeClicks: nil)
      let accumulator = LogitAccumulator(classes: classes, region: labeller.region, patch: geometry.paddedShape)
      // One window over everything, in the middle of the padding.
      var padded = [Float](repeating: 0, count: classes * geometry.paddedShape.product)
      for label in 0..<classes {
        for voxel in 0..<resampled.product {
          let place = resampled.index(at: voxel)
          let target = geometry.paddedShape.offset(of: Axes3(0, 1, 2).map { place[$0] + geometry.padLow[$0] })
          padded[label * geometry.paddedShape.product + target] = values[label * resampled.product + voxel]
        }
      }
      accumulator.add(
        padded, start: Axes3(0, 0, 0),
        weights: geometry.paddedShape.map { [Float](repeating: 1, count: $0) }, divisor: nil)
      var labels = [UInt8](repeating: 9, count: size.shape.product)
      let slices = box.ranges.axis0
      let middle = (slices.lowerBound + slices.upperBound) / 2
      labels.withUnsafeMutableBufferPointer { labels in
        guard let labels = labels.baseAddress else { return }
        for part in [slices.lowerBound..<middle, middle..<slices.upperBound] where !part.isEmpty {
          #expect(labeller.label(slices: part, from: accumulator, into: labels).isEmpty)
        }
      }
      for voxel in 0..<size.shape.product {
        let isInside = box.contains(size.shape.index(at: voxel))
        #expect(labels[voxel] == (isInside ? expected[voxel] : 9), "voxel \(voxel) of seed \(seed)")
      }
    }
  }
  #expect(decided > 0)
}
