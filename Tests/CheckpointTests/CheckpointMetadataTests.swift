import Testing
import UMamba2
import Volume

@testable import Checkpoint

@Suite("A checkpoint's plan becomes a model's description")
struct CheckpointMetadataTests {
  @Test("a plan as nnU-Net writes it", arguments: [2, 4, 5])
  func usualPlan(pickleProtocol: Int) throws {
    let model = try Model.load(path: Fixtures.path("checkpoint/small_protocol\(pickleProtocol).pth"))
    let metadata = model.metadata
    let plan = NetworkPlan(
      inputChannels: 1, classes: 3, features: [4, 8], kernels: [Axes3(1, 3, 3), Axes3(3, 1, 1)],
      strides: [Axes3(1, 1, 1), Axes3(2, 2, 2)], blocksPerStage: [1, 2], decoderConvolutions: [1],
      patch: Axes3(4, 8, 6),
      mamba: NetworkPlan.MambaPlan(innerWidth: 16, heads: 2, stateSize: 3, convolutionWidth: 4),
      prompts: NetworkPlan.PromptPlan(
        clickKinds: 2, attentionBlocks: 2, attentionHeads: 4, mlpWidth: 16, selfAttentionWidth: 8,
        crossAttentionWidth: 4))
    #expect(metadata.plan == plan)
    #expect(metadata.name == "Trainer_Small")
    #expect(metadata.classNames == ["background", "Left_IAC", "Right_IAC"])
    #expect(metadata.clickKinds == ["left", "right"])
    #expect(metadata.orientation == "LPS")
    #expect(metadata.spacing == Axes3(0.3, 0.25, 0.2))
    #expect(
      metadata.normalization == [
        .computedTomography(mean: 1000.5, standardDeviation: 300.125, percentile005: -500.25, percentile995: 2500.75)
      ])
    #expect(metadata.mirrorAxes == [1, 2] && metadata.leftRightAxis == 2 && metadata.mirroredClassPairs == [[1, 2]])
    #expect(metadata.step == 0.9)
    #expect(metadata.training == ["epoch": "7", "checkpoint_sha256": model.sha256])
    #expect(model.fileName == "small_protocol\(pickleProtocol).pth")
  }

  @Test("the published component thresholds are 2198 and 1754 voxels at 0.3 mm")
  func thresholds() throws {
    let volumes = try Model.load(path: Fixtures.path("pipeline/p1/checkpoint_final.pth")).metadata
      .minimumComponentVolumes
    for (label, voxels) in [1: 2198, 2: 1754] {
      let threshold = try #require(volumes[label])
      for side in [0.3, Double(Float(0.3))] {
        #expect(Double(voxels) * side * side * side >= threshold)
        #expect(Double(voxels - 1) * side * side * side < threshold)
      }
    }
    #expect(volumes.count == 2)
  }

  @Test("a plan in unusual spellings, inherited over three levels, behind wrappers' prefixes")
  func unusualPlan() throws {
    let model = try Model.load(path: Fixtures.path("checkpoint/variants.pth"))
    let metadata = model.metadata
    #expect(metadata.plan.patch == Axes3(4, 6, 8))
    #expect(metadata.plan.kernels == [Axes3(3, 3, 3), Axes3(3, 3, 3)])
    #expect(metadata.plan.strides == [Axes3(1, 1, 1), Axes3(2, 2, 2)])
    #expect(metadata.plan.blocksPerStage == [1, 1] && metadata.plan.decoderConvolutions == [2])
    #expect(metadata.plan.convolutionBias)
    #expect(metadata.plan.instanceNormEpsilon == Float(0.001) && metadata.plan.leakySlope == 0.125)
    #expect(metadata.plan.classes == 4 && metadata.plan.prompts?.clickKinds == 3)
    #expect(metadata.clickKinds == ["left", "right", "background"])
    #expect(metadata.transposeForward == [2, 0, 1])
    // The plan's spacing is in the network's axis order: 0.5 along the array's axis 2, and so on.
    #expect(metadata.spacing == Axes3(0.75, 1.25, 0.5))
    #expect(metadata.normalization == [.none])
    #expect(metadata.mirroredClassPairs == [[1, 3]])
    #expect(metadata.minimumComponentVolumes.isEmpty)
    #expect(model.skipped.contains { $0.contains("\"aux.scale\" [3]") })
    #expect(model.skipped.contains { $0.contains("optimizer_state") })
  }

  @Test("a flat plan of older versions, without clicks")
  func oldPlan() throws {
    let metadata = try Model.load(path: Fixtures.path("checkpoint/old_plan.pth")).metadata
    #expect(metadata.plan.features == [4, 8, 10])
    #expect(metadata.plan.strides == [Axes3(1, 1, 1), Axes3(1, 2, 2), Axes3(2, 2, 2)])
    #expect(metadata.plan.prompts == nil && metadata.clickKinds.isEmpty)
    #expect(metadata.minimumComponentVolumes.isEmpty)
    #expect(metadata.mirroredClassPairs.isEmpty)
    #expect(metadata.mirrorAxes == [1], "without known sides, left and right are not exchanged")
  }

  @Test("anisotropic kernels and strides, two channels, four classes")
  func anisotropicPlan() throws {
    let plan = try Model.load(path: Fixtures.path("network/plan_variants/checkpoint_final.pth")).metadata.plan
    #expect(plan.inputChannels == 2 && plan.classes == 4)
    #expect(plan.kernels.map(\.array) == [[1, 3, 3], [3, 3, 3], [3, 3, 3], [3, 3, 3], [3, 3, 3]])
    #expect(plan.strides.map(\.array) == [[1, 1, 1], [2, 2, 2], [2, 2, 2], [1, 2, 2], [1, 1, 1]])
    #expect(plan.blocksPerStage == [1, 2, 1, 2, 2] && plan.decoderConvolutions == [1, 2, 1, 1])
    #expect(plan.mamba == NetworkPlan.MambaPlan(innerWidth: 96, heads: 4, stateSize: 32, convolutionWidth: 4))
  }

  @Test("labels that differ in left and right only are pairs")
  func mirroredPairs() {
    func pairs(_ names: String...) -> [[Int]] { LabelNames.mirroredPairs(of: ["background"] + names) }
    #expect(pairs("Left_IAC", "Right_IAC") == [[1, 2]])
    #expect(pairs("Right Maxillary Sinus", "Bridge", "Left Maxillary Sinus") == [[1, 3]])
    #expect(pairs("LeftCanal", "RightCanal", "canal_l", "canal_R") == [[1, 2], [3, 4]])
    #expect(pairs("Upper Left Canine", "Lower Left Canine", "Upper Right Canine") == [[1, 3]])
    #expect(pairs("class1", "class2") == [])
    #expect(pairs("cleft", "bright") == [])
    #expect(pairs("left", "LEFT", "right") == [[1, 3]])
  }

  @Test("three letters name an orientation only when each axis occurs once")
  func orientations() throws {
    var metadata = try Model.load(path: Fixtures.path("checkpoint/small_protocol2.pth")).metadata
    for (code, isSound) in [("LPS", true), ("RAI", true), ("SLP", true), ("LRS", false), ("LP", false), ("XYZ", false)]
    {
      metadata.orientation = code
      #expect((metadata.problem == nil) == isSound, "\(code)")
    }
  }
}
