import Foundation
import Volume

/// Crops of a data set's cases, kept in memory.
struct DatasetSource: SampleSource {
  private let training: [PreparedCase]
  private let validation: [PreparedCase]
  private let seed: UInt64

  /// Reads a data set.
  ///
  /// With five cases or more, every fifth is kept for measuring and never trained on.
  ///
  /// - Parameters:
  ///   - dataset: The data set.
  ///   - options: What the training is told.
  ///   - availableBytes: The memory that may be taken.
  /// - Throws: `TrainingError` when no case has a canal or memory is too small, `VolumeError` for an unreadable file.
  init(_ dataset: NNUNetDataset, options: TrainingOptions, availableBytes: Int = AvailableMemory.bytes) throws {
    seed = options.seed
    try Self.checkMemory(dataset, options: options, available: availableBytes)
    var training: [PreparedCase] = []
    var validation: [PreparedCase] = []
    for (number, source) in dataset.cases.enumerated() {
      let prepared = try PreparedCase(source, dataset: dataset, options: options)
      if dataset.cases.count >= 5 && number % 5 == 4 {
        validation.append(prepared)
      } else {
        training.append(prepared)
      }
    }
    if training.allSatisfy(\.canal.isEmpty) {
      throw TrainingError.noCanal(folder: dataset.folder, cases: dataset.cases.count)
    }
    self.training = training
    let seen = validation.filter { !$0.canal.isEmpty }
    self.validation = seen.isEmpty ? training.filter { !$0.canal.isEmpty } : seen
  }

  private static func checkMemory(_ dataset: NNUNetDataset, options: TrainingOptions, available: Int) throws {
    var kept = 0
    var transient = 0
    for source in dataset.cases {
      let grid = try NIfTIReader.readGrid(path: source.imagePath).grid
      let turn = grid.orientation.map { Reorientation(from: $0, to: .lps) }
      let shape = turn?.turn(grid.shape) ?? grid.shape
      let spacing = turn?.turn(grid.spacing) ?? grid.spacing
      let size = try Resampling.shape(of: shape, spacing: spacing, target: options.spacing)
      let (sum, overflows) = kept.addingReportingOverflow(size.product * PreparedCase.bytesPerVoxel)
      kept = overflows ? .max : sum
      transient = max(
        transient,
        PreparedCase.transientBytes(scanShape: grid.shape, size: size, isTurned: turn.map { !$0.isIdentity } ?? false))
    }
    // The first step comes after the last case has been prepared.
    let (sum, overflows) = kept.addingReportingOverflow(max(transient, TrainingOptions.stepBytes(plan: options.plan)))
    let needed = overflows ? .max : sum
    if needed > available { throw TrainingError.tooLittleMemory(neededBytes: needed, availableBytes: available) }
  }

  func sample(number: Int, size: Axes3<Int>) throws -> TrainingSample {
    var random = SeededGenerator(seed: seed).split(UInt64(number))
    let source = training[random.integer(0...training.count - 1)]
    let center = Self.center(in: source, size: size, canalShare: 0.6, random: &random)
    let (image, labels) = source.crop(center: center, matrix: Deformation.draw(&random), size: size)
    var sample = TrainingSample(size: size, image: image, labels: labels, random: random)
    Augmentation.apply(to: &sample)
    return sample
  }

  func validationSample(number: Int, size: Axes3<Int>) throws -> TrainingSample {
    var random = SeededGenerator(seed: 77).split(UInt64(number))
    let source = validation[number % validation.count]
    let center = Self.center(in: source, size: size, canalShare: 1, random: &random)
    let (image, labels) = source.crop(center: center, matrix: Deformation.identity, size: size)
    return TrainingSample(size: size, image: image, labels: labels, random: random)
  }

  /// A crop's middle: near a canal, or anywhere; on whole voxels, and inside where the case is large enough.
  private static func center(
    in source: PreparedCase, size: Axes3<Int>, canalShare: Double, random: inout SeededGenerator
  ) -> Axes3<Double> {
    var place = source.size.map { random.uniform(0...Double($0)) }
    if random.happens(canalShare), !source.canal.isEmpty {
      let voxel = Int(source.canal[random.integer(0...source.canal.count - 1)])
      place = source.size.index(at: voxel).map { Double($0) }
      place = Axes3(0, 1, 2).map { place[$0] + random.uniform(-0.3...0.3) * Double(size[$0]) }
    }
    return Axes3(0, 1, 2).map { axis in
      let wanted = Int((place[axis] - Double(size[axis]) / 2).rounded())
      let origin = max(min(0, (source.size[axis] - size[axis]) / 2), min(wanted, source.size[axis] - size[axis]))
      return Double(origin) + Double(size[axis] - 1) / 2
    }
  }
}
