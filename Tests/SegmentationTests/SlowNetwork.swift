import UMamba2
import Volume
import Foundation

/// A stand-in whose encoder takes its time.
final class SlowNetwork: PatchNetwork {
  let standIn: StandInNetwork
  private let secondsAnEncoding: Double

  var plan: NetworkPlan { standIn.plan }
  var patch: Axes3<Int> { standIn.patch }
  var encodingByteCount: Int { standIn.encodingByteCount }
  var encodingFormat: String? { standIn.encodingFormat }

  init(patch: Axes3<Int>, secondsAnEncoding: Double) {
    standIn = StandInNetwork(patch: patch)
    self.secondsAnEncoding = secondsAnEncoding
  }

  func encode(image: UnsafeBufferPointer<Float>, observer: ForwardObserver) throws -> [Float] {
    Thread.sleep(forTimeInterval: secondsAnEncoding)
    return try standIn.encode(image: image, observer: observer)
  }

  func decode(
    _ encoding: [Float], prompts: [PointPrompt], into logits: UnsafeMutableBufferPointer<Float>,
    observer: ForwardObserver
  ) throws {
    try standIn.decode(encoding, prompts: prompts, into: logits, observer: observer)
  }

  static func withParts<Result>(
    of encoding: [Float], _ body: ([UnsafeRawBufferPointer]) throws -> Result
  ) rethrows -> Result {
    try StandInNetwork.withParts(of: encoding, body)
  }

  func encoding(filledBy fill: ([UnsafeMutableRawBufferPointer]) throws -> Bool) throws -> [Float]? {
    try standIn.encoding(filledBy: fill)
  }
}
