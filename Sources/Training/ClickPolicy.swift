import Evaluation
import UMamba2
import Volume

/// Decides which clicks a training step gives, so that the network learns to hear them.
///
/// A third of the steps give none: where there is no click the image alone must decide, as for a scan just opened.
/// The others give clicks on the canals, or on what is none, before the network has
/// answered; and half of all go on with clicks where its answer is wrong, as a person would. A third of the crops with a tube that
/// looks like a canal ask a question that only a click can answer: it is canal if clicked as canal, and none if it is
/// not clicked or clicked as none. And seldom clicks contradict the image, and are right: a canal is of the other side.
struct ClickPolicy: Sendable {
  /// The kind of a click that says "not canal".
  static let backgroundKind = 2
  /// How often voxels count in the loss near a click on a canal and near the piece that it adds, and true canal near what a
  /// click removes: a click that changes nothing must cost, and so must one that adds or takes too much.
  static let emphasis: UInt8 = 4
  /// How often voxels count that a click explains as none or takes away.
  static let removedEmphasis: UInt8 = 8
  /// How near along each axis, in voxels. With only the added piece itself emphasized, a click on a canal made it too
  /// thick. Round false pieces only true canal is emphasized, which a click must not cut: a network that is held to the whole
  /// border of what it removes hardly removes anything.
  static let emphasisReach = 4
  /// How often a correction answers the largest missed piece whatever the false ones, and how often the other way round;
  /// else it answers the largest error. Most errors of a trained network are missed borders.
  static let sortShare = 0.35
  /// The smallest piece that is preferred to a larger one of the other sort, in cubic millimetres: who clicks on slivers
  /// teaches that a click changes little.
  static let smallestPreferred = 15.0

  /// The clicks of one step.
  struct Decision: Sendable {
    /// Given from the start.
    var prompts: [PointPrompt]
    /// How many more follow, each on the largest error of the answer so far.
    var correctiveCount: Int
    /// Voxels whose label only the clicks explain.
    var explained: [Int32] = []
  }

  /// Decides a step's clicks; may change the labels of a look-alike or of a side, to what the clicks say.
  static func decide(for sample: inout TrainingSample) -> Decision {
    let explained = askAboutLookAlike(&sample)
    exchangeSides(&sample)
    var prompts = sample.neededPrompts
    let mode = sample.random.unit()
    if mode < 0.35 { return Decision(prompts: prompts, correctiveCount: 0, explained: explained) }
    if mode < 0.5 {
      for label in [UInt8(1), 2] {
        let most = sample.random.happens(0.3) ? 10 : 4
        prompts += clicks(on: label, count: sample.random.integer(0...most), sample: &sample)
      }
      if sample.random.happens(0.4) { prompts += backgroundClick(&sample) }
      return Decision(prompts: prompts, correctiveCount: 0, explained: explained)
    }
    for label in [UInt8(1), 2] {
      prompts += clicks(on: label, count: sample.random.integer(0...1), sample: &sample)
    }
    return Decision(prompts: prompts, correctiveCount: sample.random.integer(1...4), explained: explained)
  }

  /// The sort of error that a corrective click answers; `nil` for the largest of any sort.
  static func correctedSort(_ random: inout SeededGenerator) -> ErrorComponents.Sort? {
    let draw = random.unit()
    return draw < sortShare ? .missed : draw < 2 * sortShare ? .falsePiece : nil
  }

  /// How often each voxel counts in the loss.
  ///
  /// - Parameters:
  ///   - added: Voxels of missed pieces that clicks add.
  ///   - removed: Voxels of false pieces that clicks remove, and of tubes that clicks explain.
  ///   - prompts: The clicks.
  ///   - labels: The true labels.
  ///   - size: Voxels of the crop.
  /// - Returns: A weight for each voxel.
  static func emphasis(
    added: [Int], removed: [Int], prompts: [PointPrompt], labels: [UInt8], size: Axes3<Int>
  ) -> [UInt8] {
    let clicked = prompts.filter { $0.kind != backgroundKind }.map { size.offset(of: $0.voxel) }
    var values = [UInt8](repeating: 1, count: size.product)
    for voxel in near(removed, size: size) where labels[voxel] != 0 { values[voxel] = emphasis }
    for voxel in near(added + clicked, size: size) { values[voxel] = emphasis }
    for voxel in removed { values[voxel] = removedEmphasis }
    return values
  }

  /// The voxels at most `emphasisReach` away from some along each axis.
  private static func near(_ voxels: [Int], size: Axes3<Int>) -> [Int] {
    var isNear = [Bool](repeating: false, count: voxels.isEmpty ? 0 : size.product)
    for voxel in voxels { isNear[voxel] = true }
    for axis in 0..<3 {
      let stride = (axis + 1..<3).reduce(1) { $0 * size[$1] }
      let length = size[axis]
      for line in 0..<isNear.count / length {
        let first = line / stride * stride * length + line % stride
        let places = (0..<length).filter { isNear[first + $0 * stride] }
        for place in places {
          for near in max(0, place - emphasisReach)..<min(length, place + emphasisReach + 1) {
            isNear[first + near * stride] = true
          }
        }
      }
    }
    return isNear.indices.filter { isNear[$0] }
  }

  /// Clicks on random voxels of a canal.
  static func clicks(on label: UInt8, count: Int, sample: inout TrainingSample) -> [PointPrompt] {
    guard count > 0 else { return [] }
    let voxels = sample.voxels(labelled: label)
    return clicks(among: voxels, kind: Int(label) - 1, count: count, sample: &sample)
  }

  private static func clicks(
    among voxels: [Int32], kind: Int, count: Int, sample: inout TrainingSample
  ) -> [PointPrompt] {
    guard !voxels.isEmpty else { return [] }
    return (0..<count).map { _ in
      PointPrompt(voxel: sample.size.index(at: Int(voxels[sample.random.integer(0...voxels.count - 1)])), kind: kind)
    }
  }

  private static func backgroundClick(_ sample: inout TrainingSample) -> [PointPrompt] {
    if !sample.lookAlikes.isEmpty && sample.random.happens(0.5) {
      let tube = sample.lookAlikes[sample.random.integer(0...sample.lookAlikes.count - 1)]
      let voxels = tube.voxels.filter { sample.labels[Int($0)] == 0 }
      return clicks(among: voxels, kind: backgroundKind, count: 1, sample: &sample)
    }
    let voxel = sample.random.integer(0...sample.labels.count - 1)
    guard sample.labels[voxel] == 0 else { return [] }
    return [PointPrompt(voxel: sample.size.index(at: voxel), kind: backgroundKind)]
  }

  /// Returns the voxels of the tube that was asked about.
  private static func askAboutLookAlike(_ sample: inout TrainingSample) -> [Int32] {
    guard !sample.lookAlikes.isEmpty, sample.random.happens(0.33) else { return [] }
    let tube = sample.lookAlikes[sample.random.integer(0...sample.lookAlikes.count - 1)]
    let isCanal = sample.random.happens(0.65)
    if isCanal {
      for voxel in tube.voxels { sample.labels[Int(voxel)] = tube.label }
    }
    sample.neededPrompts += clicks(
      among: tube.voxels, kind: isCanal ? Int(tube.label) - 1 : backgroundKind,
      count: sample.random.integer(1...(isCanal ? 3 : 2)), sample: &sample)
    return tube.voxels
  }

  /// Seldom, clicks say the other side than the image: then they are right.
  private static func exchangeSides(_ sample: inout TrainingSample) {
    guard sample.random.happens(0.04) else { return }
    let label: UInt8 = sample.random.happens(0.5) ? 1 : 2
    let voxels = sample.voxels(labelled: label)
    guard voxels.count > 100 else { return }
    for voxel in voxels { sample.labels[Int(voxel)] = 3 - label }
    sample.neededPrompts.removeAll { $0.kind == Int(label) - 1 }
    sample.neededPrompts += clicks(
      among: voxels, kind: Int(3 - label) - 1, count: sample.random.integer(2...4), sample: &sample)
  }
}
