import Foundation
import Testing
import UMamba2
import Volume

@testable import Training

@Suite struct DataTests {
  @Test("Mirroring exchanges sides in image, labels, tubes and clicks, and twice is nothing")
  func mirrors() {
    let size = Axes3(1, 2, 4)
    var sample = TrainingSample(
      size: size, image: [0, 1, 2, 3, 4, 5, 6, 7], labels: [1, 0, 0, 2, 0, 1, 0, 0],
      lookAlikes: [.init(label: 1, voxels: [4])],
      neededPrompts: [PointPrompt(voxel: Axes3(0, 1, 0), kind: 0), PointPrompt(voxel: Axes3(0, 0, 1), kind: 2)],
      random: SeededGenerator(seed: 1))
    let before = sample
    Augmentation.mirror(&sample)
    #expect(sample.image == [3, 2, 1, 0, 7, 6, 5, 4])
    #expect(sample.labels == [1, 0, 0, 2, 0, 0, 2, 0])
    #expect(sample.lookAlikes[0].label == 2 && sample.lookAlikes[0].voxels == [7])
    let expected = [PointPrompt(voxel: Axes3(0, 1, 3), kind: 1), PointPrompt(voxel: Axes3(0, 0, 2), kind: 2)]
    #expect(sample.neededPrompts == expected)
    Augmentation.mirror(&sample)
    #expect(sample.image == before.image && sample.labels == before.labels)
    #expect(sample.neededPrompts == before.neededPrompts)
  }

  @Test("Crops of synthetic jaws are the same for the same number, and mostly show a canal")
  func phantomCrops() throws {
    let source = PhantomSource(spacing: Axes3(repeating: 0.5), percentiles: 0.5...99.5, seed: 9)
    let size = Axes3(24, 32, 32)
    var withCanal = 0
    for number in 0..<8 {
      let first = try source.sample(number: number, size: size)
      let again = try source.sample(number: number, size: size)
      #expect(first.image == again.image && first.labels == again.labels)
      #expect(first.image.allSatisfy { $0 >= -1 && $0 <= 1 })
      if first.labels.contains(where: { $0 != 0 }) { withCanal += 1 }
    }
    print("\(withCanal) of 8 crops show a canal")
    #expect(withCanal >= 4)
  }

  @Test("Clicks lie on what they say; a tube is canal exactly when it is clicked as canal")
  func clicks() {
    let size = Axes3(8, 8, 8)
    var positive = 0
    for seed in 0..<200 {
      var labels = [UInt8](repeating: 0, count: size.product)
      for voxel in 0..<40 { labels[voxel] = 1 }
      let tube = TrainingSample.Tube(label: 2, voxels: (300..<360).map { Int32($0) })
      var sample = TrainingSample(
        size: size, image: [Float](repeating: 0, count: size.product), labels: labels, lookAlikes: [tube],
        random: SeededGenerator(seed: UInt64(seed)))
      let decision = ClickPolicy.decide(for: &sample)
      for prompt in decision.prompts {
        let label = sample.labels[size.offset(of: prompt.voxel)]
        let expected = prompt.kind == ClickPolicy.backgroundKind ? 0 : prompt.kind + 1
        #expect(Int(label) == expected)
      }
      let isCanal = tube.voxels.allSatisfy { sample.labels[Int($0)] != 0 }
      let isClicked = decision.prompts.contains { prompt in
        prompt.kind < 2 && tube.voxels.contains(Int32(size.offset(of: prompt.voxel)))
      }
      #expect(isCanal == isClicked)
      positive += isCanal ? 1 : 0
    }
    #expect((30...110).contains(positive))
  }

  @Test("Voxels near clicks and what they add count more, and true canal near what they remove, and no others")
  func emphasis() {
    let size = Axes3(12, 14, 16)
    let pieces = [Axes3(0, 0, 0), Axes3(2, 6, 5), Axes3(11, 13, 15)]
    let prompt = PointPrompt(voxel: Axes3(7, 1, 12), kind: 0)
    let negative = PointPrompt(voxel: Axes3(6, 6, 13), kind: ClickPolicy.backgroundKind)
    let removed = Axes3(6, 7, 13)
    var labels = [UInt8](repeating: 0, count: size.product)
    for offset in labels.indices where size.index(at: offset).axis0 == 3 { labels[offset] = 2 }
    func isNear(_ one: Axes3<Int>, _ other: Axes3<Int>) -> Bool {
      (0..<3).allSatisfy { abs(one[$0] - other[$0]) <= ClickPolicy.emphasisReach }
    }
    let values = ClickPolicy.emphasis(
      added: pieces.map { size.offset(of: $0) }, removed: [size.offset(of: removed)], prompts: [prompt, negative],
      labels: labels, size: size)
    for offset in values.indices {
      let voxel = size.index(at: offset)
      let counts =
        (pieces + [prompt.voxel]).contains { isNear($0, voxel) } || labels[offset] != 0 && isNear(removed, voxel)
      #expect(values[offset] == (voxel == removed ? ClickPolicy.removedEmphasis : counts ? ClickPolicy.emphasis : 1))
    }
    let none = ClickPolicy.emphasis(added: [], removed: [], prompts: [negative], labels: labels, size: size)
    #expect(none.allSatisfy { $0 == 1 })
  }

  @Test("Corrections answer missed pieces, false pieces, or whichever is larger, each often")
  func correctedSorts() {
    var random = SeededGenerator(seed: 5)
    let sorts = (0..<1000).map { _ in ClickPolicy.correctedSort(&random) }
    #expect((300...400).contains(sorts.count { $0 == .missed }))
    #expect((300...400).contains(sorts.count { $0 == .falsePiece }))
  }

  @Test("Dense prompts are Gaussians around clicks, cut at three deviations, 0.7 to 8 cells wide")
  func densePrompts() throws {
    var plan = try #require(NetworkPlan.tiny.prompts)
    plan.dense = .init(sigmasInVoxels: [2.5, 8, 20])
    let patch = Axes3(16, 24, 24)
    let prompts = [PointPrompt(voxel: Axes3(8, 12, 12), kind: 1), PointPrompt(voxel: Axes3(0, 0, 0), kind: -1)]
    let maps = DensePromptMaps(prompts: prompts, plan: plan, patch: patch, size: patch)
    #expect(maps.mapCount == 9)
    func value(_ voxel: Axes3<Int>, _ map: Int, of maps: DensePromptMaps, size: Axes3<Int>) -> Float {
      guard let cell = maps.cells.firstIndex(of: Int32(size.offset(of: voxel))) else { return 0 }
      return maps.values[cell * 9 + map]
    }
    func value(_ voxel: Axes3<Int>, _ map: Int) -> Float { value(voxel, map, of: maps, size: patch) }
    #expect(value(Axes3(8, 12, 12), 3) == 1 && value(Axes3(8, 12, 12), 4) == 1)
    #expect(value(Axes3(8, 12, 12), 0) == 0 && value(Axes3(8, 12, 12), 6) == 0)
    #expect(abs(value(Axes3(8, 12, 16), 3) - exp(-16 / 12.5)) < 1e-6)
    #expect(value(Axes3(8, 12, 20), 3) == 0 && value(Axes3(8, 12, 19), 3) > 0)
    // The deviation 20 is more than 8 cells of 1 or 2 voxels, and not of 4.
    #expect(value(Axes3(8, 12, 12), 5) == 0)
    for (side, expected) in [(2, Float(0)), (4, exp(-1.5 * 1.5 * 3 / 800))] {
      let size = patch.map { $0 / side }
      let coarser = DensePromptMaps(prompts: prompts, plan: plan, patch: patch, size: size)
      #expect(abs(value(Axes3(8, 12, 12).map { $0 / side }, 5, of: coarser, size: size) - expected) < 1e-6)
    }
    // A cell of 8 voxels: the deviation 2.5 becomes 5.6.
    let coarse = DensePromptMaps(prompts: prompts, plan: plan, patch: Axes3(16, 24, 24), size: Axes3(2, 3, 3))
    let cell = try #require(coarse.cells.firstIndex(of: Int32(Axes3(2, 3, 3).offset(of: Axes3(1, 1, 1)))))
    // Cell centre (12, 12, 12), click centre (8.5, 12.5, 12.5).
    let expected = exp(-(3.5 * 3.5 + 0.5) / (2 * 5.6 * 5.6))
    #expect(abs(Double(coarse.values[cell * 9 + 3]) - expected) < 1e-6)
  }

  /// Writes a data set of one case, a bar of label 3 on the left, stored right-anterior-superior.
  private func dataset(_ description: String, label: UInt8 = 3) throws -> String {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("canalis-set-\(UUID().uuidString)").path
    for name in ["imagesTr", "labelsTr"] {
      try FileManager.default.createDirectory(atPath: "\(folder)/\(name)", withIntermediateDirectories: true)
    }
    try Data(description.utf8).write(to: URL(fileURLWithPath: "\(folder)/dataset.json"))
    let shape = Axes3(10, 12, 14)
    let rows: [[Double]] = [[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0]]
    let affine = Affine(rows: rows)
    let grid = Grid(shape: shape, spacing: Axes3(repeating: 1), affine: affine)
    var voxels = (0..<shape.product).map { Float($0 % 7) }
    var labels = [UInt8](repeating: 0, count: shape.product)
    for index0 in 0..<10 {
      // Axis 2 grows to the right here, so that the patient's left is its beginning.
      let at = shape.offset(of: Axes3(index0, 2, 1))
      voxels[at] = 100
      labels[at] = label
    }
    try VolumeWriter.write(Volume(grid: grid, voxels: voxels), to: "\(folder)/imagesTr/a_0000.nii.gz", type: .float32)
    try MaskWriter.write(
      Mask(grid: grid, labels: labels), likeScan: nil, to: "\(folder)/labelsTr/a.nii.gz")
    return folder
  }

  @Test("A data set's canals are found by name, turned to the model's orientation and resampled")
  func readsDataset() throws {
    let folder = try dataset(
      #"{"channel_names": {"0": "CBCT"}, "file_ending": ".nii.gz", "labels": {"background": 0, "Lower Jawbone": 1, "#
        + #""Left Inferior Alveolar Canal": 3, "Right Inferior Alveolar Canal": 4, "Left Maxillary Sinus": 5}}"#)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let set = try NNUNetDataset(folder: folder)
    #expect(set.leftLabel == 3 && set.rightLabel == 4 && set.cases.map(\.name) == ["a"])
    var options = TrainingOptions(plan: .tiny)
    options.spacing = Axes3(repeating: 0.5)
    let prepared = try PreparedCase(set.cases[0], dataset: set, options: options)
    #expect(prepared.size == Axes3(20, 24, 28))
    #expect(prepared.canal.count == 10 * 8)
    // Left is where axis 2 ends, the back where axis 1 ends.
    let place = prepared.size.offset(of: Axes3(9, 19, 25))
    #expect(prepared.labels[place] == 1)
    let source = try DatasetSource(set, options: options)
    let sample = try source.validationSample(number: 0, size: Axes3(16, 24, 24))
    #expect(sample.labels.contains(1) && !sample.labels.contains(2))
    let again = try source.sample(number: 5, size: Axes3(16, 24, 24))
    #expect(again.image == (try source.sample(number: 5, size: Axes3(16, 24, 24))).image)
  }

  @Test("The memory that a data set needs is that of its cases, and of the largest while it is prepared or of a step")
  func datasetMemory() throws {
    let folder = try dataset(#"{"labels": {"background": 0, "left canal": 3, "right canal": 4}}"#)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let set = try NNUNetDataset(folder: folder)
    var options = TrainingOptions(plan: .tiny)
    func expectNeeded(_ needed: Int) {
      #expect(throws: TrainingError.tooLittleMemory(neededBytes: needed, availableBytes: needed - 1)) {
        try DatasetSource(set, options: options, availableBytes: needed - 1)
      }
    }
    options.spacing = Axes3(repeating: 1)
    let stored = 10 * 12 * 14
    let step = TrainingOptions.stepBytes(plan: .tiny)
    expectNeeded(3 * stored + step)
    _ = try DatasetSource(set, options: options, availableBytes: 3 * stored + step)
    // Stored right-anterior-superior, so that scan (4 bytes a voxel) and mask (1) are turned; then the resampled scan (4)
    // and the canals' voxels (4), and image (2) and labels (1), which stay.
    options.spacing = Axes3(repeating: 0.05)
    let resampled = stored * 8000
    #expect(8 * resampled > step)
    expectNeeded(2 * 5 * stored + (4 + 4 + 3) * resampled)
    #expect(PreparedCase.transientBytes(scanShape: Axes3(2, 3, 4), size: Axes3(1, 1, 1), isTurned: false) == 24 * 9)
  }

  @Test("A data set without canals, without labels of a side or without a description is refused with the reason")
  func refusesDatasets() throws {
    let empty = try dataset(#"{"labels": {"background": 0, "left canal": 1, "right canal": 2}}"#, label: 0)
    let unnamed = try dataset(#"{"labels": {"background": 0, "canal": 1}}"#)
    let broken = try dataset("{")
    let unlisted = try dataset(#"{"labels": {"background": 0, "left canal": 1, "right canal": 2}}"#, label: 9)
    defer { for folder in [empty, unnamed, broken, unlisted] { try? FileManager.default.removeItem(atPath: folder) } }
    var options = TrainingOptions(plan: .tiny)
    options.spacing = Axes3(repeating: 1)
    let set = try NNUNetDataset(folder: empty)
    #expect(throws: TrainingError.noCanal(folder: empty, cases: 1)) { try DatasetSource(set, options: options) }
    do {
      _ = try NNUNetDataset(folder: unnamed)
      Issue.record("a data set without sides was taken")
    } catch { #expect("\(error)".contains("--left-label")) }
    do {
      _ = try DatasetSource(try NNUNetDataset(folder: unlisted), options: options)
      Issue.record("a label that the description does not list was taken")
    } catch { #expect("\(error)".contains("the label 9") && "\(error)".contains("a.nii.gz")) }
    do {
      _ = try DatasetSource(set, options: options, availableBytes: 1 << 20)
      Issue.record("a set larger than memory was taken")
    } catch { #expect("\(error)".contains("MiB")) }
    #expect(throws: TrainingError.self) { try NNUNetDataset(folder: broken) }
    #expect(throws: TrainingError.self) { try NNUNetDataset(folder: empty + "/nowhere") }
    #expect(try NNUNetDataset(folder: empty, labels: .init(left: "2", right: "left canal")).leftLabel == 2)
  }
}
