import Checkpoint
import Foundation
import Segmentation
import Testing
import Volume

@testable import canalis

@Suite("What the commands share")
struct SupportTests {
  @Test("Every number of seconds has a text")
  func durations() {
    let texts = [
      (0, "0 ms"), (0.0421, "42 ms"), (0.5, "0.5 s"), (42, "42 s"), (600, "10 min"), (9000, "2.5 h"),
      (-1e300, "0 ms"), (-0.01, "0 ms"), (.nan, "an unknown time"), (.infinity, "an unknown time"),
      (-.infinity, "an unknown time"),
    ]
    for (seconds, text) in texts { #expect(ProgressPrinter.duration(seconds) == text) }
    #expect(ProgressPrinter.duration(1e300).hasSuffix(" h"))
  }

  @Test("The published plan and the bundled model run on 512 voxels an axis in 20 GiB, and an absurd window does not")
  func memory() throws {
    let bundled = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent().appendingPathComponent("Assets/models/default.safetensors").path
    let bundledModel = try Model.load(path: bundled).metadata
    func peak(_ model: ModelMetadata, spacing: Double) throws -> Int {
      try CostEstimate(
        grid: Grid(shape: Axes3(repeating: 512), spacing: Axes3(repeating: spacing), affine: nil), metadata: model,
        settings: SegmentationSettings(metadata: model)
      ).peakMemoryBytes
    }
    for model in [bundledModel, NamedPlan.task2.metadata(seed: 1)] {
      for spacing in [0.15, 0.3, 0.5] {
        let bytes = try peak(model, spacing: spacing)
        print("\(model.name), 512 voxels an axis at \(spacing) mm: \(bytes >> 20) MiB")
        #expect(bytes < 20 << 30)
      }
    }
    var absurd = bundledModel
    absurd.plan.patch = Axes3(repeating: 640)
    #expect(try peak(absurd, spacing: 0.3) > 20 << 30)
  }
}
