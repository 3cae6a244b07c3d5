import Foundation
import Testing
import UMamba2
import Volume

@testable import Training

@Suite struct AugmentationTests {
  /// A crop of noise with a bar of label 1 along axis 0.
  private func sample(seed: UInt64, size: Axes3<Int> = Axes3(16, 20, 24)) -> TrainingSample {
    var random = SeededGenerator(seed: seed)
    var labels = [UInt8](repeating: 0, count: size.product)
    for index0 in 0..<size.axis0 {
      for index1 in 8...10 { labels[size.offset(of: Axes3(index0, index1, 12))] = 1 }
    }
    let image = (0..<size.product).map { _ in Float(random.uniform(-0.5...0.5)) }
    return TrainingSample(
      size: size, image: image, labels: labels, lookAlikes: [.init(label: 2, voxels: [3, 4, 5])],
      neededPrompts: [PointPrompt(voxel: Axes3(2, 9, 12), kind: 0)], random: random)
  }

  @Test("The same seed gives the same crop; grey values stay in the network's range; a canal's voxels are never added")
  func reproducible() {
    var changed = 0
    for seed in 0..<60 {
      var (first, again) = (sample(seed: UInt64(seed)), sample(seed: UInt64(seed)))
      let before = first
      Augmentation.apply(to: &first)
      Augmentation.apply(to: &again)
      #expect(first.image == again.image && first.labels == again.labels)
      #expect(first.neededPrompts == again.neededPrompts)
      #expect(first.image.allSatisfy { $0 >= -1 && $0 <= 1 })
      let count = first.labels.count { $0 != 0 }
      #expect(count <= before.labels.count { $0 != 0 })
      for prompt in first.neededPrompts where count > 0 {
        let label = first.labels[first.size.offset(of: prompt.voxel)]
        #expect(label == 0 || Int(label) == prompt.kind + 1)
      }
      changed += first.image == before.image ? 0 : 1
    }
    #expect(changed > 50)
  }

  @Test("Cupping bends grey values by a smooth paraboloid, the same in every slice, and touches no label")
  func cupping() {
    var cupped = sample(seed: 3)
    let before = cupped
    Augmentation.cup(&cupped)
    #expect(cupped.labels == before.labels && cupped.neededPrompts == before.neededPrompts)
    let size = cupped.size
    func change(_ index0: Int, _ index1: Int, _ index2: Int) -> Float {
      let at = size.offset(of: Axes3(index0, index1, index2))
      return cupped.image[at] - before.image[at]
    }
    var second: [Float] = []
    for index2 in 1..<size.axis2 - 1 {
      second.append(change(0, 5, index2 - 1) - 2 * change(0, 5, index2) + change(0, 5, index2 + 1))
      #expect(abs(change(0, 5, index2) - change(15, 5, index2)) < 1e-6)
    }
    let spread = (second.max() ?? 1) - (second.min() ?? 0)
    print("second difference \(second[0]), spread \(spread)")
    #expect(spread < 1e-5 && abs(second[0]) > 1e-6)
  }

  @Test("Streaks are strongest near the metal, which hides no canal; labels and clicks stay")
  func streaks() {
    var (near, far, bodies) = (0.0, 0.0, 0)
    for seed in 0..<40 {
      var streaked = sample(seed: UInt64(seed))
      let before = streaked
      Augmentation.addStreaks(&streaked)
      #expect(streaked.labels == before.labels && streaked.neededPrompts == before.neededPrompts)
      let body = streaked.image.indices.filter { streaked.image[$0] == 1 }
      #expect(body.allSatisfy { streaked.labels[$0] == 0 })
      guard let metal = body.first.map(streaked.size.index) else { continue }
      bodies += 1
      var sums = [(0.0, 0), (0.0, 0)]
      for voxel in streaked.image.indices where streaked.image[voxel] != 1 {
        let place = streaked.size.index(at: voxel)
        guard place.axis0 == metal.axis0 else { continue }
        let apart = hypot(Double(place.axis1 - metal.axis1), Double(place.axis2 - metal.axis2))
        let which = apart < 7 ? 0 : apart > 12 ? 1 : 2
        if which == 2 { continue }
        sums[which].0 += Double(abs(streaked.image[voxel] - before.image[voxel]))
        sums[which].1 += 1
      }
      near += sums[0].0 / Double(max(1, sums[0].1))
      far += sums[1].0 / Double(max(1, sums[1].1))
    }
    print("\(bodies) metal bodies; mean change near \(near / Double(bodies)), far \(far / Double(bodies))")
    #expect(bodies > 20 && near > 1.3 * far && far > 0)
  }

  @Test("Beyond the end of the field of view nothing is seen, labelled or asked about")
  func fieldOfView() {
    for seed in 0..<20 {
      var cut = sample(seed: UInt64(seed))
      let before = cut
      Augmentation.cutFieldOfView(&cut)
      let gone = cut.image.indices.filter { cut.image[$0] != before.image[$0] }
      #expect(!gone.isEmpty && gone.count <= cut.image.count / 3)
      #expect(gone.allSatisfy { cut.image[$0] == 0 && cut.labels[$0] == 0 })
      let asked = cut.lookAlikes.flatMap(\.voxels)
      #expect(asked.allSatisfy { voxel in !gone.contains(Int(voxel)) })
    }
  }

  @Test("A low resolution leaves every second slice and puts means between them")
  func lowResolution() {
    var low = sample(seed: 8)
    let before = low
    Augmentation.lowerResolution(&low)
    let same = low.image.indices.count { low.image[$0] == before.image[$0] }
    #expect(same == low.image.count / 2)
    #expect(low.labels == before.labels)
  }

  @Test("Turning, scaling and shearing a crop moves image and labels alike, within the stated limits")
  func deformation() throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("canalis-turn-\(UUID().uuidString)").path
    defer { try? FileManager.default.removeItem(atPath: folder) }
    for name in ["imagesTr", "labelsTr"] {
      try FileManager.default.createDirectory(atPath: "\(folder)/\(name)", withIntermediateDirectories: true)
    }
    try Data(#"{"labels": {"background": 0, "left canal": 1, "right canal": 2}}"#.utf8)
      .write(to: URL(fileURLWithPath: "\(folder)/dataset.json"))
    let shape = Axes3(40, 40, 40)
    var labels = [UInt8](repeating: 0, count: shape.product)
    for voxel in labels.indices {
      let place = Axes3(voxel / 1600, voxel / 40 % 40, voxel % 40)
      let apart = [place.axis0 - 22, place.axis1 - 18, (place.axis2 - 20) / 3].map { Double($0 * $0) }.reduce(0, +)
      labels[voxel] = apart < 50 ? 1 : 0
    }
    let identity: [[Double]] = [[-1, 0, 0, 0], [0, -1, 0, 0], [0, 0, 1, 0]]
    let grid = Grid(shape: shape, spacing: Axes3(repeating: 0.5), affine: Affine(rows: identity))
    try VolumeWriter.write(
      Volume(grid: grid, voxels: labels.map { Float($0) * 100 }), to: "\(folder)/imagesTr/a_0000.nii.gz", type: .float32
    )
    try MaskWriter.write(Mask(grid: grid, labels: labels), likeScan: nil, to: "\(folder)/labelsTr/a.nii.gz")
    let set = try NNUNetDataset(folder: folder)
    let prepared = try PreparedCase(set.cases[0], dataset: set, options: TrainingOptions(plan: .tiny))
    var random = SeededGenerator(seed: 4)
    var (turned, worst) = (0, 1.0)
    for _ in 0..<30 {
      let matrix = Deformation.draw(&random)
      if matrix != Deformation.identity { turned += 1 }
      let first = matrix[0] * (matrix[4] * matrix[8] - matrix[5] * matrix[7])
      let second = matrix[1] * (matrix[3] * matrix[8] - matrix[5] * matrix[6])
      let third = matrix[2] * (matrix[3] * matrix[7] - matrix[4] * matrix[6])
      let volume: Double = first - second + third
      #expect(volume > 0.49 && volume < 2.07)
      let (image, cropLabels) = prepared.crop(
        center: Axes3(22, 18, 20), matrix: matrix, size: Axes3(24, 24, 24))
      let bright = image.map { UInt8($0 > 0 ? 1 : 0) }
      let dice = try #require(Trainer.dice(bright, cropLabels))
      worst = min(worst, dice)
    }
    print("\(turned) of 30 turned; worst Dice of image and labels \(worst)")
    #expect((8...22).contains(turned) && worst > 0.93)
  }
}
