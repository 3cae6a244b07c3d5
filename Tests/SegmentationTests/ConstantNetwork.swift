import Checkpoint
import UMamba2
import Volume

/// A network whose answer costs nothing: what is left is the pipeline's own time.
final class ConstantNetwork: PatchNetwork {
  let patch: Axes3<Int>
  private let standIn: StandInNetwork

  var plan: NetworkPlan { standIn.plan }
  var metadata: ModelMetadata { standIn.metadata(clickKinds: ["left", "right"]) }
  var encodingByteCount: Int { 0 }

  init(patch: Axes3<Int>) {
    self.patch = patch
    standIn = StandInNetwork(patch: patch)
  }

  func encode(image: UnsafeBufferPointer<Float>, observer: ForwardObserver) throws {}

  func decode(
    _ encoding: Void, prompts: [PointPrompt], into logits: UnsafeMutableBufferPointer<Float>, observer: ForwardObserver
  ) throws {
    logits.update(repeating: 0.5)
    let voxels = patch.product
    for slice in 0..<patch.axis0 {
      for row in patch.axis1 / 2..<patch.axis1 / 2 + 12 {
        for column in patch.axis2 / 3..<patch.axis2 / 3 + 12 {
          logits[voxels + patch.offset(of: Axes3(slice, row, column))] = 2
        }
      }
    }
  }
}
