import Foundation
import UMamba2
import Volume

/// Changes a crop as another patient and another scanner would.
enum Augmentation {
  /// Applies random changes, drawn from the crop's own generator; grey values end between -1 and 1, as normalization
  /// leaves them.
  static func apply(to sample: inout TrainingSample) {
    if sample.random.happens(0.5) { mirror(&sample) }
    if sample.random.happens(0.25) { blur(&sample.image, size: sample.size, passes: sample.random.integer(1...2)) }
    if sample.random.happens(0.15) { lowerResolution(&sample) }
    if sample.random.happens(0.1) { cup(&sample) }
    if sample.random.happens(0.08) { addStreaks(&sample) }
    changeGreyValues(&sample)
    if sample.random.happens(0.75) { addNoise(&sample) }
    for voxel in sample.image.indices { sample.image[voxel] = min(max(sample.image[voxel], -1), 1) }
    if sample.random.happens(0.1) { cutFieldOfView(&sample) }
  }

  /// Exchanges left and right, in the image and in what it means.
  static func mirror(_ sample: inout TrainingSample) {
    let width = sample.size.axis2
    func mirrored(_ voxel: Int) -> Int { voxel - voxel % width + width - 1 - voxel % width }
    let (image, labels) = (sample.image, sample.labels)
    for voxel in image.indices {
      let target = mirrored(voxel)
      sample.image[target] = image[voxel]
      sample.labels[target] = otherSide(labels[voxel])
    }
    for tube in sample.lookAlikes.indices {
      sample.lookAlikes[tube].label = otherSide(sample.lookAlikes[tube].label)
      sample.lookAlikes[tube].voxels = sample.lookAlikes[tube].voxels.map { Int32(mirrored(Int($0))) }
    }
    sample.neededPrompts = sample.neededPrompts.map { prompt in
      var voxel = prompt.voxel
      voxel.axis2 = width - 1 - voxel.axis2
      return PointPrompt(voxel: voxel, kind: prompt.kind < 2 ? 1 - prompt.kind : prompt.kind)
    }
  }

  private static func otherSide(_ label: UInt8) -> UInt8 { label == 1 ? 2 : label == 2 ? 1 : label }

  /// Contrast, brightness and gamma.
  private static func changeGreyValues(_ sample: inout TrainingSample) {
    let contrast = Float(sample.random.happens(0.5) ? sample.random.uniform(0.65...1.5) : 1)
    let brightness = Float(sample.random.happens(0.5) ? sample.random.uniform(-0.2...0.2) : 0)
    let gamma = Float(sample.random.happens(0.3) ? sample.random.uniform(0.7...1.5) : 1)
    for voxel in sample.image.indices {
      var value = sample.image[voxel] * contrast + brightness
      if gamma != 1 { value = 2 * pow(min(max((value + 1) / 2, 0), 1), gamma) - 1 }
      sample.image[voxel] = value
    }
  }

  /// Noise, fine or of a coarser grain, as reconstruction leaves it. Nothing else that scanners do hides a canal so well, so
  /// there is often much of it: of two drawn deviations the larger one counts.
  private static func addNoise(_ sample: inout TrainingSample) {
    let deviations = 0.01...0.17
    let deviation = Float(max(sample.random.uniform(deviations), sample.random.uniform(deviations)))
    let passes = sample.random.happens(0.5) ? 0 : sample.random.integer(1...4)
    var draws = sample.random.split(1)
    var noise = sample.image.map { _ -> Float in
      // The sum of four 16-bit draws: near enough to normal, and one draw a voxel.
      let bits = draws.next()
      let sum = Int(bits & 0xFFFF) + Int(bits >> 16 & 0xFFFF) + Int(bits >> 32 & 0xFFFF) + Int(bits >> 48)
      return (Float(sum) / 65536 - 2) * 1.732
    }
    if passes > 0 { blur(&noise, size: sample.size, passes: passes) }
    let length = (noise.reduce(0) { $0 + $1 * $1 } / Float(noise.count)).squareRoot()
    for voxel in noise.indices { sample.image[voxel] += noise[voxel] * deviation / max(length, 1e-6) }
  }
}
