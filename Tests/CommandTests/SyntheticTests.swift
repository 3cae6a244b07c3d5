import Foundation
import Testing

@Suite("Synthetic jaws, scores and training from the command line")
struct SyntheticTests {
  @Test("phantom makes the same jaw twice, and evaluate gives its truth full marks")
  func phantomAndEvaluate() throws {
    let place = try Workplace()
    for name in ["a", "b"] {
      let made = try place.run(
        "phantom", "--seed", "7", "--output", name, "--spacing", "1.2", "--whole-jaw", "--json", "--quiet")
      #expect(made.status == 0, "\(made.errors)")
    }
    for file in ["scan.nii.gz", "truth.nii.gz"] {
      #expect(try place.bytes("a/\(file)") == place.bytes("b/\(file)"))
    }
    let again = try place.run("phantom", "--seed", "7", "--output", "a", "--quiet")
    #expect(again.status == 1, "existing files are kept")

    let score = try place.run(
      "evaluate", "--prediction", "a/truth.nii.gz", "--truth", "b/truth.nii.gz", "--json")
    #expect(score.status == 0, "\(score.errors)")
    let left = try #require(score.json["left"] as? [String: Any])
    #expect(left["dice"] as? Double == 1)
    #expect(left["hd95_mm"] as? Double == 0)
    #expect((left["volume_mm3"] as? Double ?? 0) > 100)
  }

  @Test("evaluate clicks gives a curve from no click on, and null for a Dice that is never reached")
  func clicks() throws {
    let place = try Workplace()
    let outcome = try place.run(
      "evaluate", "clicks", "--scan", Case.scan, "--truth", Case.mask, "--model", Case.checkpoint, "--maximum", "1",
      "--rule", "spread", "--no-mirroring", "--json", "--quiet")
    #expect(outcome.status == 0, "\(outcome.errors)")
    let curve = try #require(outcome.json["curve"] as? [[String: Any]])
    #expect(curve.compactMap { $0["clicks"] as? Int } == [0, 1])
    #expect(curve.allSatisfy { $0["dice"] is Double && $0["hd95_voxels"] is Double && $0["hd95_mm"] is Double })
    #expect(outcome.json["auc"] is Double)
    #expect(outcome.json.keys.contains("clicks_to_090"))
  }

  @Test("evaluate phantoms scores each jaw by both rules and single clicks, and prints tables of its lines")
  func phantoms() throws {
    let place = try Workplace()
    let lines = try place.run(
      "evaluate", "phantoms", "--seed", "7", "--count", "1", "--model", Case.checkpoint, "--maximum", "1",
      "--no-mirroring", "--step", "1", "--quiet")
    #expect(lines.status == 0, "\(lines.errors)")
    #expect(lines.json["seed"] as? Int == 7)
    #expect((lines.json["corrective"] as? [Any])?.count == 2 && (lines.json["spread"] as? [Any])?.count == 2)
    try Data(lines.output.utf8).write(to: URL(fileURLWithPath: place.path("jaws.jsonl")))
    let tables = try place.run("evaluate", "phantoms", "--summary", "jaws.jsonl")
    #expect(tables.status == 0 && tables.output.contains("| corrective: mean Dice |"))
    try Data("{}\n".utf8).write(to: URL(fileURLWithPath: place.path("other.jsonl")))
    #expect(try place.run("evaluate", "phantoms", "--summary", "other.jsonl").status == 2)
  }

  @Test("train writes a model that can be looked at, and names what a data set lacks")
  func train() throws {
    let place = try Workplace()
    let trained = try place.run("train", "--data", "phantom", "--output", "m.safetensors", "--steps", "1", "--quiet")
    #expect(trained.status == 0, "\(trained.errors)")
    let facts = try place.run("info", "m.safetensors", "--json")
    let model = try #require(facts.json["m.safetensors"] as? [String: Any])
    #expect(model["click_kinds"] as? [String] == ["left", "right", "background"])
    let missing = try place.run("train", "--data", "none", "--output", "n.safetensors", "--steps", "1")
    #expect(missing.status == 2)
    #expect(missing.errors.contains("dataset.json"))
  }

  @Test("benchmark reports rates, clicks, frames and memory, and its stages add up to the forward pass")
  func benchmark() throws {
    let place = try Workplace()
    let outcome = try place.run(
      "benchmark", "--model", Case.checkpoint, "--repeats", "2", "--clicks", "5", "--json", "--quiet")
    #expect(outcome.status == 0, "\(outcome.errors)")
    let numbers = outcome.json
    func number(_ key: String) throws -> Double { try #require(numbers[key] as? Double, "\(key)") }
    let full = try number("full_forward_seconds")
    for key in ["forward_gflops", "click_gflops", "sgemm_gflops", "peak_memory_bytes", "frame_p50_seconds"] {
      #expect(try number(key) > 0, "\(key)")
    }
    #expect(try #require(numbers["sgemm_kernels"] as? String).isEmpty == false)
    #expect(try number("click_rerun_seconds") < full)
    #expect(try number("click_rerun_seconds") <= number("click_p50_seconds"))
    #expect(try number("click_p50_seconds") <= number("click_p95_seconds"))
    #expect(try number("frame_p50_seconds") <= number("frame_p95_seconds"))
    #expect(try number("clicks") == 5)
    let stages = try #require(numbers["stages"] as? [[String: Any]])
    #expect(stages.first?["name"] as? String == "stem")
    #expect(stages.last?["name"] as? String == "logits")
    let seconds = stages.compactMap { $0["seconds"] as? Double }.reduce(0, +)
    #expect(seconds <= full && seconds > 0.5 * full)
    let gflop = stages.compactMap { $0["gflop"] as? Double }.reduce(0, +)
    #expect(abs(try gflop - number("forward_gflop")) < 1e-9)
  }

  @Test("Opening a scan again and again and clicking on it is timed, and holds no more memory")
  func scanBenchmark() throws {
    let place = try Workplace()
    let outcome = try place.run(
      "benchmark", "--scan", Case.scan, "--model", Case.checkpoint, "--clicks", "30", "--openings", "6", "--json",
      "--quiet")
    #expect(outcome.status == 0, "\(outcome.errors)")
    func seconds(_ key: String) -> Double { outcome.json[key] as? Double ?? -1 }
    #expect(0 < seconds("first_preview_seconds"))
    #expect(seconds("first_preview_seconds") <= seconds("canals_shown_seconds"))
    #expect(seconds("canals_shown_seconds") <= seconds("first_mask_seconds"))
    #expect(0 < seconds("click_p50_seconds") && seconds("click_p50_seconds") <= seconds("click_p95_seconds"))
    #expect(0 < seconds("cancel_p95_seconds") && seconds("cancel_p95_seconds") <= seconds("cancel_longest_seconds"))
    let clicking = try #require(outcome.json["resident_bytes"] as? [Int])
    let closed = try #require(outcome.json["resident_closed_bytes"] as? [Int])
    #expect(clicking.count == 11 && closed.count == 6)
    // The first clicks and openings fill what is kept.
    #expect(clicking[10] - clicking[4] < 8 << 20, "\(clicking)")
    #expect(closed[5] - closed[1] < 8 << 20, "\(closed)")
    #expect(try place.run("benchmark", "--openings", "2").status == 64)
  }
}
