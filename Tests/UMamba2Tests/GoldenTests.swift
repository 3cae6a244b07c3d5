import Tensor
import Testing
import UMamba2
import Volume

@Suite(.serialized)
struct GoldenTests {
  @Test(
    "every intermediate result and the logits are the reference's, on every instruction set",
    arguments: ["interactive", "plan_variants", "task1"], InstructionSet.available)
  func taps(name: String, set: InstructionSet) throws {
    let fixture = try NetworkFixture(name)
    let network = try UMamba2Network(
      plan: fixture.model.metadata.plan, patch: fixture.patch(), parameters: fixture.model.parameters,
      instructionSet: set)
    let collector = TapCollector()
    network.taps = collector
    let logits = try network.logits(image: fixture.image, prompts: fixture.prompts())
    let expected = try fixture.taps()
    for (tap, values) in expected.sorted(by: { $0.key < $1.key }) {
      let actual = try #require(collector.taps[tap], "the network has no result \(tap)")
      let difference = largestDifference(actual.values, values)
      print("\(name) \(tap), \(set): largest difference \(difference)")
      #expect(difference <= 1e-4, "\(tap)")
    }
    let difference = largestDifference(logits, try fixture.logits())
    print("\(name) logits, \(set): largest difference \(difference)")
    #expect(difference <= 1e-4)
  }

  @Test(
    "one encoding gives the reference's logits for no click, one click and all clicks",
    arguments: ["interactive", "plan_variants"])
  func clicks(name: String) throws {
    let fixture = try NetworkFixture(name)
    let network = try UMamba2Network(
      plan: fixture.model.metadata.plan, patch: fixture.patch(), parameters: fixture.model.parameters)
    let encoding = try fixture.image.withUnsafeBufferPointer { try network.encode(image: $0) { _ in } }
    for below in ["", "no_clicks", "one_click", ""] {
      let logits = try network.logits(encoding: encoding, prompts: fixture.prompts(below))
      let difference = largestDifference(logits, try fixture.logits(below))
      print("\(name) \(below.isEmpty ? "all clicks" : below): largest difference \(difference)")
      #expect(difference <= 1e-4, "\(below)")
    }
  }
}
