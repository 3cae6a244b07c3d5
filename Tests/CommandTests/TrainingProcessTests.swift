import Foundation
import PseudoTerminal
import Testing

/// A training that takes seconds.
private enum TrainingCase {
  /// Writes the plan of a small network with every part.
  ///
  /// - Returns: The file's name in the folder.
  static func plan(in place: Workplace, patch: String = "[16, 24, 24]") throws -> String {
    let text = """
      {"blocksPerStage": [1, 1, 1], "classes": 3, "convolutionBias": true, "decoderConvolutions": [1, 1],
       "features": [16, 16, 16], "inputChannels": 1, "instanceNormEpsilon": 1e-05,
       "kernels": [[3, 3, 3], [3, 3, 3], [3, 3, 3]], "leakySlope": 0.01,
       "mamba": {"convolutionWidth": 4, "heads": 4, "innerWidth": 32, "stateSize": 8}, "patch": \(patch),
       "prompts": {"attentionBlocks": 2, "attentionHeads": 2, "clickKinds": 3, "crossAttentionWidth": 8,
                   "dense": {"sigmasInVoxels": [2.5, 8]}, "mlpWidth": 32, "selfAttentionWidth": 16},
       "strides": [[1, 1, 1], [2, 2, 2], [2, 2, 2]]}
      """
    try Data(text.utf8).write(to: URL(fileURLWithPath: place.path("plan.json")))
    return "plan.json"
  }

  /// Starts the program without waiting for it.
  static func start(_ arguments: [String], in place: Workplace) throws -> Process {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: PseudoTerminal.builtProduct("canalis"))
    process.arguments = arguments
    process.environment = place.environment
    process.currentDirectoryURL = place.folder
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = FileHandle.nullDevice
    process.standardError = FileHandle.nullDevice
    try process.run()
    return process
  }
}

@Suite("Training as a process")
struct TrainingProcessTests {
  /// What a log's lines say, without the seconds, which no two runs share.
  private func steps(_ place: Workplace, _ name: String) throws -> [String] {
    let text = String(decoding: try place.bytes(name), as: UTF8.self)
    return try text.split(separator: "\n").map { line in
      let parsed = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
      let entry = try #require(parsed)
      return "\(entry["step"] ?? "?") \(entry["loss"] ?? "?") \(entry["gradientNorm"] ?? "?") \(entry["clicks"] ?? "?")"
    }
  }

  @Test("A training that was killed in a step goes on with the losses that it would have had, bit for bit")
  func killed() throws {
    let place = try Workplace()
    let common = [
      "train", "--data", "phantom", "--plan", try TrainingCase.plan(in: place), "--spacing", "2", "--steps", "14",
      "--checkpoint-every", "0", "--quiet",
    ]
    let whole = try TrainingCase.start(common + ["--output", "whole.safetensors"], in: place)
    whole.waitUntilExit()
    #expect(whole.terminationStatus == 0)
    let expected = try steps(place, "whole.safetensors.log.jsonl")
    #expect(expected.count == 14)

    let first = try TrainingCase.start(common + ["--output", "cut.safetensors"], in: place)
    let deadline = Date().addingTimeInterval(60)
    while Date() < deadline && (try? steps(place, "cut.safetensors.log.jsonl").count) ?? 0 < 5 && first.isRunning {
      Thread.sleep(forTimeInterval: 0.01)
    }
    #expect(first.isRunning, "it was killed while it ran")
    kill(first.processIdentifier, SIGKILL)
    first.waitUntilExit()
    #expect(first.terminationReason == .uncaughtSignal)
    // A line that the kill cut off, and one of a step that the checkpoint has not seen.
    let log = try #require(FileHandle(forWritingAtPath: place.path("cut.safetensors.log.jsonl")))
    try log.seekToEnd()
    try log.write(contentsOf: Data("{\"clicks\":0,\"gradientNorm\":1,\"loss\":7,\"step\":99,\"stepSeconds\":1,".utf8))
    try log.write(contentsOf: Data("\"trainingSeconds\":1}\n{\"clicks\":3,\"gra".utf8))
    try log.close()

    let second = try TrainingCase.start(common + ["--output", "cut.safetensors", "--resume"], in: place)
    second.waitUntilExit()
    #expect(second.terminationStatus == 0)
    let losses = try steps(place, "cut.safetensors.log.jsonl")
    print("after the kill: \(losses.suffix(3))")
    #expect(losses == expected)
    #expect(try place.bytes("cut.safetensors.log.png").starts(with: [0x89, 0x50, 0x4E, 0x47]))
    #expect(try place.bytes("cut.safetensors.log.png").count > 1000)
  }

  @Test("A training can begin with a model, which its own model then names, and not with a plan beside it")
  func beginsWithModel() throws {
    let place = try Workplace()
    func train(_ option: String, _ value: String, output: String, seed: String = "1") throws -> Workplace.Outcome {
      try place.run(
        "train", "--data", "phantom", "--spacing", "2", "--steps", "1", "--quiet", "--rate", "0.0005", "--seed", seed,
        option, value, "--output", output)
    }
    let plan = try TrainingCase.plan(in: place)
    let first = try train("--plan", plan, output: "first.safetensors")
    #expect(first.status == 0, "\(first.errors)")
    let second = try train("--from", "first.safetensors", output: "second.safetensors", seed: "2")
    #expect(second.status == 0, "\(second.errors)")
    let info = try place.run("info", "second.safetensors")
    #expect(info.output.contains("from the parameters of first"), "\(info.output)")
    // Going on needs the architecture, not the model; what it began with is not forgotten.
    let more = try place.run(
      "train", "--data", "phantom", "--spacing", "2", "--steps", "2", "--quiet", "--seed", "2", "--plan", plan,
      "--output", "second.safetensors", "--resume")
    #expect(more.status == 0, "\(more.errors)")
    let later = try place.run("info", "second.safetensors")
    #expect(later.output.contains("from the parameters of first"), "\(later.output)")
    // Another model is another training, and none is written over what it begins with.
    try FileManager.default.copyItem(atPath: place.path("second.safetensors"), toPath: place.path("copy.safetensors"))
    let kept = try place.bytes("second.safetensors")
    let itself = try train("--from", "second.safetensors", output: "second.safetensors", seed: "2")
    #expect(itself.status == 1)
    let forced = try place.run(
      "train", "--data", "phantom", "--spacing", "2", "--steps", "1", "--quiet", "--from", "second.safetensors",
      "--output",
      "second.safetensors", "--force")
    #expect(forced.status == 1 && forced.errors.contains("inputs"), "\(forced.errors)")
    #expect(try place.bytes("second.safetensors") == kept)
    let other = try place.run(
      "train", "--data", "phantom", "--spacing", "2", "--steps", "3", "--quiet", "--seed", "2", "--from",
      "copy.safetensors", "--output", "second.safetensors", "--resume")
    #expect(other.status != 0 && other.errors.contains("did not begin with"), "\(other.errors)")
    let both = try place.run(
      "train", "--data", "phantom", "--from", "first.safetensors", "--plan", plan, "--output", "third.safetensors")
    #expect(both.status != 0 && both.errors.contains("leave --plan out"), "\(both.errors)")
    // The same parameters work in windows of another size, which the model then has.
    let wider = try place.run(
      "train", "--data", "phantom", "--spacing", "2", "--steps", "1", "--quiet", "--from", "first.safetensors",
      "--patch", "16x32x28", "--output", "wider.safetensors")
    #expect(wider.status == 0, "\(wider.errors)")
    #expect(try place.run("info", "wider.safetensors").output.contains("16 x 32 x 28"))
    let uneven = try place.run(
      "train", "--data", "phantom", "--from", "first.safetensors", "--patch", "16x32x27", "--output",
      "third.safetensors")
    #expect(uneven.status != 0 && uneven.errors.contains("27"), "\(uneven.errors)")
    let missing = try train("--from", "none.safetensors", output: "third.safetensors")
    #expect(missing.status != 0 && missing.errors.contains("none.safetensors"), "\(missing.errors)")
  }

  @Test("A plan that memory cannot hold and a plan that is none are refused before the first step")
  func refusals() throws {
    let place = try Workplace()
    try Data("[1, 2]".utf8).write(to: URL(fileURLWithPath: place.path("none.json")))
    let none = try place.run("train", "--data", "phantom", "--output", "m.safetensors", "--plan", "none.json")
    #expect(none.status == 2 && none.errors.contains("not a plan"))
    let path = try TrainingCase.plan(in: place, patch: "[2048, 4096, 4096]")
    let huge = try place.run("train", "--data", "phantom", "--output", "m.safetensors", "--plan", path)
    #expect(huge.status != 0 && huge.errors.contains("MiB"), "\(huge.errors)")
    #expect(!place.has("m.safetensors") && !place.has("m.safetensors.log.jsonl"))
  }
}
