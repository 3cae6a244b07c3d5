import UMamba2
import Volume

/// A crop to train on.
struct TrainingSample: Sendable {
  /// Voxels along each axis.
  var size: Axes3<Int>
  /// Network input, `[axis0, axis1, axis2]`.
  var image: [Float]
  /// What the answer should be: 0 background, 1 left, 2 right.
  var labels: [UInt8]
  /// Voxels that look like canal and are none, by tube: empty where the source cannot tell.
  var lookAlikes: [Tube] = []
  /// Clicks without which the labels could not be known.
  var neededPrompts: [PointPrompt] = []
  /// What the random decisions about the crop's clicks are drawn from.
  var random: SeededGenerator

  /// A tube that looks like a canal.
  struct Tube: Sendable {
    /// The label that it takes when it is clicked as canal.
    var label: UInt8
    /// Its voxels in the crop.
    var voxels: [Int32]
  }

  /// The voxels of a label.
  func voxels(labelled label: UInt8) -> [Int32] {
    labels.indices.compactMap { labels[$0] == label ? Int32($0) : nil }
  }
}

/// Where crops come from; the crop of a number is always the same.
protocol SampleSource: Sendable {
  /// Makes the training crop of a number.
  ///
  /// - Parameters:
  ///   - number: Any number from 0.
  ///   - size: Its voxels.
  /// - Returns: The crop.
  /// - Throws: The source's error, for a crop that cannot be made.
  func sample(number: Int, size: Axes3<Int>) throws -> TrainingSample

  /// Makes a crop for measuring, without augmentation; never one that training sees.
  ///
  /// - Parameters:
  ///   - number: Any number from 0.
  ///   - size: Its voxels.
  /// - Returns: The crop.
  /// - Throws: The source's error, for a crop that cannot be made.
  func validationSample(number: Int, size: Axes3<Int>) throws -> TrainingSample
}
