import Foundation
import Volume

/// Masks with the scores that medpy and SciPy gave them; the script beside the file wrote it.
struct ScoreFixture: Decodable {
  struct Case: Decodable {
    let shape: Axes3<Int>
    let spacing: Axes3<Double>
    let prediction: String
    let truth: String
    let scores: [[Double]]
    let corrective: Corrective?
  }

  struct Corrective: Decodable {
    let sort: String
    let size: Int
    let centres: [Axes3<Int>]
  }

  struct Transform: Decodable {
    let shape: Axes3<Int>
    let spacing: Axes3<Double>
    let sites: String
    let distances: [Double]
  }

  let cases: [Case]
  let transform: Transform

  static func load() throws -> ScoreFixture {
    let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .appendingPathComponent("Fixtures/evaluation/cases.json")
    return try JSONDecoder().decode(ScoreFixture.self, from: Data(contentsOf: file))
  }
}

extension Mask {
  /// A mask from one digit a voxel.
  init(shape: Axes3<Int>, spacing: Axes3<Double> = Axes3(repeating: 1), digits: String) {
    self.init(
      grid: Grid(shape: shape, spacing: spacing, affine: nil),
      labels: digits.utf8.map { $0 - UInt8(ascii: "0") })
  }

  /// A mask with one box of a label.
  init(
    shape: Axes3<Int>, spacing: Axes3<Double> = Axes3(repeating: 1), boxes: [(label: UInt8, box: [Range<Int>])]
  ) {
    var labels = [UInt8](repeating: 0, count: shape.product)
    for (label, box) in boxes {
      for index0 in box[0] {
        for index1 in box[1] {
          for index2 in box[2] { labels[shape.offset(of: Axes3(index0, index1, index2))] = label }
        }
      }
    }
    self.init(grid: Grid(shape: shape, spacing: spacing, affine: nil), labels: labels)
  }
}
