import Foundation
import Phantom
import UMamba2
import Volume

/// Endless crops of synthetic jaws: several a jaw, each made when it is asked for.
struct PhantomSource: SampleSource {
  /// The voxel size in millimetres.
  let spacing: Axes3<Double>
  /// The percentiles of the whole scan that become -1 and 1.
  let percentiles: ClosedRange<Double>
  /// Decides the jaws and all else.
  let seed: UInt64
  private let jaws = DrawnJaws()

  /// Crops of one jaw; drawing a jaw and looking over its whole scan cost more than a crop.
  private static let cropsPerJaw = 4
  /// The share of the crops on a canal that show one of its ends, where a canal is hardest to see.
  private static let endShare = 0.3

  /// Training never uses a jaw of a smaller number; those are for tests and evaluation.
  static let firstJaw: UInt64 = 1_000_000_000
  /// The first jaw that training measures itself on.
  static let firstValidationJaw: UInt64 = 900_000_000

  func sample(number: Int, size: Axes3<Int>) throws -> TrainingSample {
    var random = SeededGenerator(seed: seed).split(UInt64(number))
    let jawNumber = Self.firstJaw &+ (seed << 24) &+ UInt64(number / Self.cropsPerJaw)
    var sample = crop(
      ofJaw: jawNumber, size: size, isTurned: true, canalShare: 0.75, endShare: Self.endShare, random: &random)
    Augmentation.apply(to: &sample)
    return sample
  }

  func validationSample(number: Int, size: Axes3<Int>) throws -> TrainingSample {
    var random = SeededGenerator(seed: 77).split(UInt64(number))
    return crop(
      ofJaw: Self.firstValidationJaw + UInt64(number), size: size, isTurned: false, canalShare: 1, endShare: 0,
      random: &random)
  }

  private func crop(
    ofJaw number: UInt64, size: Axes3<Int>, isTurned: Bool, canalShare: Double, endShare: Double,
    random: inout SeededGenerator
  ) -> TrainingSample {
    let (jaw, range) = jaws.jaw(number, spacing: spacing, percentiles: percentiles, isTurned: isTurned)
    let origin = origin(in: jaw, size: size, canalShare: canalShare, endShare: endShare, random: &random)
    let phantom = jaw.render(from: origin, shape: size)
    let (shift, scale) = ((range.0 + range.1) / 2, max((range.1 - range.0) / 2, 1e-8))
    var sample = TrainingSample(
      size: size, image: phantom.scan.voxels.map { (min(max($0, range.0), range.1) - shift) / scale },
      labels: phantom.truth.labels, random: random)
    let middle = Double(origin.axis2) + Double(size.axis2) / 2
    sample.lookAlikes = LookAlikes.tubes(
      of: phantom.structures, size: size, isLeftHalf: middle > Double(jaw.shape.axis2) / 2)
    return sample
  }

  private func origin(
    in jaw: VirtualJaw, size: Axes3<Int>, canalShare: Double, endShare: Double,
    random: inout SeededGenerator
  ) -> Axes3<Int> {
    var center = jaw.shape.map { random.uniform(0...Double($0)) }
    if random.happens(canalShare) {
      let line = jaw.centreLine(isLeft: random.happens(0.5))
      if !line.isEmpty {
        let end = (line.count - 1) / 8
        var index = random.integer(0...line.count - 1)
        if endShare > 0 && random.happens(endShare) {
          index = random.integer(0...end)
          if random.happens(0.5) { index = line.count - 1 - index }
        }
        let point = line[index]
        center = Axes3(0, 1, 2).map { point[$0] + random.uniform(-0.3...0.3) * Double(size[$0]) }
      }
    }
    return Axes3(0, 1, 2).map { axis in
      let wanted = Int((center[axis] - Double(size[axis]) / 2).rounded())
      return max(0, min(wanted, jaw.shape[axis] - size[axis]))
    }
  }
}

/// The jaw of the last crops, half of them turned further than heads lie in scanners, and the grey values of it that
/// become -1 and 1: those of its whole scan at a coarse voxel size.
private final class DrawnJaws: Sendable {
  /// The voxel size at which a whole scan's percentiles are taken.
  private static let coarseSpacing = 2.0
  private let lock = NSLock()
  // Guarded by the lock.
  nonisolated(unsafe) private var last: (number: UInt64, jaw: VirtualJaw, range: (Float, Float))?

  func jaw(
    _ number: UInt64, spacing: Axes3<Double>, percentiles: ClosedRange<Double>, isTurned: Bool
  ) -> (jaw: VirtualJaw, range: (Float, Float)) {
    lock.lock()
    defer { lock.unlock() }
    if let last, last.number == number { return (last.jaw, last.range) }
    var jaw = PhantomGenerator(options: PhantomOptions(spacing: spacing)).jaw(seed: number)
    if isTurned {
      var random = SeededGenerator(seed: number)
      if random.happens(0.5) {
        func angle() -> Double { random.uniform(-Deformation.largestAngle...Deformation.largestAngle) * 180 / .pi }
        jaw = jaw.turned(pitch: angle(), yaw: angle(), roll: angle())
      }
    }
    let values = jaw.withSpacing(Axes3(repeating: Self.coarseSpacing)).render().scan.voxels.sorted()
    func percentile(_ percent: Double) -> Float { values[Int((Double(values.count - 1) * percent / 100).rounded())] }
    let range = (percentile(percentiles.lowerBound), percentile(percentiles.upperBound))
    last = (number, jaw, range)
    return (jaw, range)
  }
}
