import Foundation
import Testing

@testable import Checkpoint

@Suite("Checkpoints give the numbers that NumPy reads")
struct CheckpointTruthTests {
  /// What the script `Fixtures/checkpoint/make.py` says of a parameter.
  private struct Truth: Decodable {
    var shape: [Int]
    var first: Float
    var last: Float
    var sum: String
    var weighted: String
  }

  private static let allTruth = Result {
    try JSONDecoder().decode([String: [String: Truth]].self, from: Data(Fixtures.bytes("checkpoint/truth.json")))
  }

  @Test(
    "names, shapes and values of every parameter agree, bit for bit",
    arguments: [
      ("checkpoint/small_protocol2.pth", "checkpoint/small"), ("checkpoint/small_protocol4.pth", "checkpoint/small"),
      ("checkpoint/small_protocol5.pth", "checkpoint/small"), ("checkpoint/variants.pth", "checkpoint/variants"),
      ("checkpoint/old_plan.pth", "checkpoint/old_plan"), ("pipeline/p1/checkpoint_final.pth", "pipeline/p1"),
      ("pipeline/p2/checkpoint_final.pth", "pipeline/p2"),
      ("network/interactive/checkpoint_final.pth", "network/interactive"),
      ("network/plan_variants/checkpoint_final.pth", "network/plan_variants"),
      ("network/task1/checkpoint_final.pth", "network/task1"),
    ])
  func parametersAgree(file: String, key: String) throws {
    let truth = try #require(try Self.allTruth.get()[key])
    let (model, values) = try Fixtures.load(path: Fixtures.path(file))
    #expect(Set(model.available.map(\.name)) == Set(truth.keys))
    for (requirement, numbers) in zip(model.available, values) {
      let expected = try #require(truth[requirement.name])
      #expect(requirement.shape == expected.shape, "\(requirement.name)")
      #expect(numbers.first == expected.first && numbers.last == expected.last, "\(requirement.name)")
      var sum: UInt64 = 0
      var weighted: UInt64 = 0
      for (index, number) in numbers.enumerated() {
        sum &+= UInt64(number.bitPattern)
        weighted &+= UInt64(number.bitPattern) &* UInt64(index + 1)
      }
      #expect("\(sum)" == expected.sum && "\(weighted)" == expected.weighted, "\(requirement.name)")
    }
    #expect(model.parameterCount == truth.values.reduce(0) { $0 + $1.shape.reduce(1, *) })
  }

  @Test("half precision becomes float32 exactly, all 65536 patterns")
  func halfPrecision() {
    for bits in UInt16.min...UInt16.max {
      let exponent = Int(bits >> 10 & 31)
      let fraction = Double(bits & 1023)
      let sign = bits >> 15 == 1 ? -1.0 : 1.0
      let value = ElementType.float(halfBits: bits)
      if exponent == 31 {
        #expect(fraction == 0 ? value == Float(sign) * .infinity : value.isNaN)
      } else {
        let magnitude = exponent == 0 ? fraction * 0x1p-24 : (1 + fraction / 1024) * pow(2, Double(exponent - 15))
        #expect(Double(value) == sign * magnitude && value.sign == (sign < 0 ? .minus : .plus))
      }
    }
  }

  @Test("the digest is the file's SHA-256, as sha256sum prints it")
  func digest() throws {
    try Fixtures.withTemporaryFolder { folder in
      let url = folder.appending(path: "abc")
      try Data("abc".utf8).write(to: url)
      let file = try ByteFile(path: url.path(percentEncoded: false))
      let digest = try file.sha256()
      #expect(digest == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
    }
  }
}
