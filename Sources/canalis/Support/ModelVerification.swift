import Checkpoint
import Foundation
import UMamba2
import Volume

/// A folder with an input and the logits that a model must give for it.
struct ModelVerification {
  /// The folder.
  let folder: String

  /// What a comparison found.
  struct Report: Encodable {
    var shape: [Int]
    /// Infinite where either side is not a finite number; `null` in JSON, which has no such number.
    var largestDifference: Double
    var seconds: Double

    enum CodingKeys: String, CodingKey {
      case shape
      case largestDifference = "max_abs_difference"
      case seconds
    }

    func encode(to encoder: any Encoder) throws {
      var container = encoder.container(keyedBy: CodingKeys.self)
      try container.encode(shape, forKey: .shape)
      try container.encode(largestDifference.isFinite ? largestDifference : nil, forKey: .largestDifference)
      try container.encode(seconds, forKey: .seconds)
    }
  }

  /// Runs a model and compares.
  ///
  /// - Parameter model: The model.
  /// - Returns: The logits' shape, the largest difference, and the time.
  /// - Throws: `VolumeError` for a bad array, `CommandFailure` when the case does not fit the model.
  func run(model: Model) throws -> Report {
    let plan = model.metadata.plan
    let input = try NPYArray.read(path: path("input.npy"))
    guard input.shape.count == 5, input.shape[0] == 1, input.shape[1] == plan.inputChannels else {
      throw mismatch("input.npy", expected: "[1, \(plan.inputChannels), axis0, axis1, axis2]", actual: input.shape)
    }
    let patch = Axes3(input.shape[2], input.shape[3], input.shape[4])
    let prompts = try prompts(patch: patch, plan: plan)
    let expected = try NPYArray.read(path: path("logits.npy"))
    let shape = [1, plan.classes] + patch.array
    guard expected.shape == shape else { throw mismatch("logits.npy", expected: "\(shape)", actual: expected.shape) }

    let network = try UMamba2Network(plan: plan, patch: patch, parameters: model.parameters)
    var logits = [Float](repeating: 0, count: expected.values.count)
    let start = ContinuousClock.now
    try input.floats.withUnsafeBufferPointer { image in
      let encoding = try network.encode(image: image) { _ in try Interruption.check() }
      try logits.withUnsafeMutableBufferPointer { buffer in
        try network.decode(encoding, prompts: prompts, into: buffer) { _ in try Interruption.check() }
      }
    }
    let seconds = (ContinuousClock.now - start).inSeconds
    var largest = 0.0
    for (value, truth) in zip(logits, expected.floats) {
      let difference = abs(Double(value) - Double(truth))
      // A NaN compares with nothing; it is as wrong as can be.
      if !(difference <= largest) { largest = difference.isNaN ? .infinity : difference }
    }
    return Report(shape: shape, largestDifference: largest, seconds: seconds)
  }

  private func prompts(patch: Axes3<Int>, plan: NetworkPlan) throws -> [PointPrompt] {
    let manager = FileManager.default
    let hasPoints = manager.fileExists(atPath: path("points.npy"))
    guard hasPoints || manager.fileExists(atPath: path("labels.npy")) else { return [] }
    let points = try NPYArray.read(path: path("points.npy"))
    let labels = try NPYArray.read(path: path("labels.npy"))
    guard points.shape.count == 3, points.shape[0] == 1, points.shape[2] == 3 else {
      throw mismatch("points.npy", expected: "[1, clicks, 3]", actual: points.shape)
    }
    guard labels.shape == [1, points.shape[1]] else {
      throw mismatch("labels.npy", expected: "[1, \(points.shape[1])]", actual: labels.shape)
    }
    guard let voxels = points.integers, let kinds = labels.integers else {
      throw CommandFailure(
        "\(DisplayText.escaped(folder)): points.npy and labels.npy must hold whole numbers", status: .badData)
    }
    guard points.shape[1] == 0 || plan.prompts != nil else {
      throw CommandFailure(
        "\(DisplayText.escaped(folder)): the case has clicks, the model takes none", status: .badData)
    }
    return try kinds.enumerated().map { index, kind in
      let voxel = Axes3(voxels[3 * index], voxels[3 * index + 1], voxels[3 * index + 2])
      guard patch.contains(voxel) else {
        throw CommandFailure(
          "\(DisplayText.escaped(path("points.npy"))): click \(index) at \(voxel.array) lies outside the patch "
            + "\(patch.array)", status: .badData)
      }
      guard kind >= -1, kind < (plan.prompts?.clickKinds ?? 0) else {
        throw CommandFailure(
          "\(DisplayText.escaped(path("labels.npy"))): click \(index) has kind \(kind); the model has kinds 0 to "
            + "\((plan.prompts?.clickKinds ?? 0) - 1), and -1", status: .badData)
      }
      return PointPrompt(voxel: voxel, kind: kind)
    }
  }

  private func path(_ name: String) -> String { folder + "/" + name }

  private func mismatch(_ name: String, expected: String, actual: [Int]) -> CommandFailure {
    CommandFailure("\(DisplayText.escaped(path(name))): shape \(actual), expected \(expected)", status: .badData)
  }
}
