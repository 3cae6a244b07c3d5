import Checkpoint
import Foundation
import Testing
import UMamba2
import Volume

/// One reference case: a checkpoint, an input, clicks, and what the reference computed from them in double precision.
struct NetworkFixture {
  let folder: URL
  let model: Model
  let image: [Float]

  init(_ name: String) throws {
    folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .appending(path: "Fixtures/network/\(name)")
    model = try Model.load(path: folder.appending(path: "checkpoint_final.pth").path)
    image = try NPYArray.read(path: folder.appending(path: "input.npy").path).floats
  }

  /// The patch that the case's clicks are divided by.
  func patch() throws -> Axes3<Int> {
    struct Case: Decodable { var patch: Axes3<Int> }
    let data = try Data(contentsOf: folder.appending(path: "case.json"))
    return try JSONDecoder().decode(Case.self, from: data).patch
  }

  /// The clicks of the case, or of a case below it.
  func prompts(_ below: String = "") throws -> [PointPrompt] {
    let place = folder.appending(path: below)
    guard FileManager.default.fileExists(atPath: place.appending(path: "points.npy").path) else { return [] }
    let points = try #require(try NPYArray.read(path: place.appending(path: "points.npy").path).integers)
    let kinds = try #require(try NPYArray.read(path: place.appending(path: "labels.npy").path).integers)
    return kinds.indices.map { index in
      PointPrompt(
        voxel: Axes3(points[3 * index], points[3 * index + 1], points[3 * index + 2]), kind: kinds[index])
    }
  }

  /// The reference's logits.
  func logits(_ below: String = "") throws -> [Float] {
    try NPYArray.read(path: folder.appending(path: below).appending(path: "logits.npy").path).floats
  }

  /// The reference's intermediate results by name.
  func taps() throws -> [String: [Float]] {
    let place = folder.appending(path: "taps")
    guard FileManager.default.fileExists(atPath: place.path) else { return [:] }
    var taps: [String: [Float]] = [:]
    for file in try FileManager.default.contentsOfDirectory(atPath: place.path) where file.hasSuffix(".npy") {
      taps[String(file.dropLast(4))] = try NPYArray.read(path: place.appending(path: file).path).floats
    }
    return taps
  }
}

extension UMamba2Network {
  /// The logits of an image and clicks.
  func logits(
    image: [Float], prompts: [PointPrompt], observer: ForwardObserver = { _ in }
  ) throws -> [Float] {
    let encoding = try image.withUnsafeBufferPointer { try encode(image: $0, observer: observer) }
    return try logits(encoding: encoding, prompts: prompts, observer: observer)
  }

  /// The logits of an encoding and clicks.
  func logits(
    encoding: PatchEncoding, prompts: [PointPrompt], observer: ForwardObserver = { _ in }
  ) throws -> [Float] {
    var logits = [Float](repeating: .nan, count: plan.classes * patch.product)
    try logits.withUnsafeMutableBufferPointer { try decode(encoding, prompts: prompts, into: $0, observer: observer) }
    return logits
  }
}

/// The largest difference between two arrays of the same length; not a number where one is.
func largestDifference(_ actual: [Float], _ expected: [Float]) -> Double {
  guard actual.count == expected.count else { return .infinity }
  var largest = 0.0
  for (left, right) in zip(actual, expected) {
    let difference = abs(Double(left) - Double(right))
    if !(difference <= largest) { largest = difference }
  }
  return largest
}
