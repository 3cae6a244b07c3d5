import Foundation
import Volume

/// What scanners do to an image. Labels and clicks stay, but where the field of view ends.
extension Augmentation {
  /// The binomial filter 1 2 1 along every axis.
  static func blur(_ image: inout [Float], size: Axes3<Int>, passes: Int) {
    let strides = [size.axis1 * size.axis2, size.axis2, 1]
    for _ in 0..<passes {
      for axis in 0..<3 {
        let source = image
        source.withUnsafeBufferPointer { source in
          image.withUnsafeMutableBufferPointer { target in
            for voxel in source.indices {
              let place = voxel / strides[axis] % size[axis]
              let before = place > 0 ? source[voxel - strides[axis]] : source[voxel]
              let after = place < size[axis] - 1 ? source[voxel + strides[axis]] : source[voxel]
              target[voxel] = (before + 2 * source[voxel] + after) / 4
            }
          }
        }
      }
    }
  }

  /// Takes every second slice away along one axis and interpolates it back.
  static func lowerResolution(_ sample: inout TrainingSample) {
    let axis = sample.random.integer(0...2)
    let size = sample.size
    let stride = [size.axis1 * size.axis2, size.axis2, 1][axis]
    for voxel in sample.image.indices {
      let place = voxel / stride % size[axis]
      guard place % 2 == 1 else { continue }
      let after = place < size[axis] - 1 ? sample.image[voxel + stride] : sample.image[voxel - stride]
      sample.image[voxel] = (sample.image[voxel - stride] + after) / 2
    }
  }

  /// Ends the field of view inside the crop: zero beyond, as where windows reach over a scan's edge.
  static func cutFieldOfView(_ sample: inout TrainingSample) {
    let axis = sample.random.integer(0...2)
    let size = sample.size
    let cut = sample.random.integer(1...max(1, size[axis] / 3))
    let isLow = sample.random.happens(0.5)
    let stride = [size.axis1 * size.axis2, size.axis2, 1][axis]
    for voxel in sample.image.indices {
      let place = voxel / stride % size[axis]
      if isLow ? place < cut : place >= size[axis] - cut {
        sample.image[voxel] = 0
        sample.labels[voxel] = 0
      }
    }
    for tube in sample.lookAlikes.indices {
      sample.lookAlikes[tube].voxels.removeAll { voxel in
        let place = Int(voxel) / stride % size[axis]
        return isLow ? place < cut : place >= size[axis] - cut
      }
    }
    sample.lookAlikes.removeAll(where: \.voxels.isEmpty)
  }

  /// Makes the middle of the scan darker or brighter than its border, as beam hardening and scatter do: a paraboloid
  /// about an axis along axis 0, which may lie outside the crop.
  static func cup(_ sample: inout TrainingSample) {
    let size = sample.size
    let strength = Float(sample.random.uniform(-0.35...0.35))
    let row = Float(sample.random.uniform(-0.5...1.5) * Double(size.axis1))
    let column = Float(sample.random.uniform(-0.5...1.5) * Double(size.axis2))
    let scale = 1 / Float(size.axis1 * size.axis1 + size.axis2 * size.axis2)
    var voxel = 0
    for _ in 0..<size.axis0 {
      for index1 in 0..<size.axis1 {
        let down = Float(index1) - row
        for index2 in 0..<size.axis2 {
          let across = Float(index2) - column
          sample.image[voxel] += strength * ((down * down + across * across) * scale - 0.4)
          voxel += 1
        }
      }
    }
  }

  /// Streaks that radiate within slices from a metal body, bright and dark by turns, weaker with distance. The body
  /// itself is painted only where it touches no canal.
  static func addStreaks(_ sample: inout TrainingSample) {
    let size = sample.size
    let center = size.map { sample.random.uniform(0...Double($0 - 1)) }
    let radius = sample.random.uniform(2...6)
    let height = sample.random.uniform(2...7)
    let strength = sample.random.uniform(0.15...0.8)
    let waves = (0..<4).map { _ in
      (count: Double(sample.random.integer(2...14)), phase: sample.random.uniform(0...2 * Double.pi))
    }
    // One turn in 256 steps: what the waves sum to in each direction.
    let profile = (0...256).map { step -> Float in
      let angle = Double(step) / 256 * 2 * Double.pi
      return Float(strength * waves.reduce(0) { $0 + sin($1.count * angle + $1.phase) } / 2)
    }
    let slices = max(0, Int(center.axis0 - 2 * height))...min(size.axis0 - 1, Int(center.axis0 + 2 * height))
    var body: [Int] = []
    for index0 in slices {
      let apart0 = Double(index0) - center.axis0
      let share = exp(-apart0 * apart0 / (height * height))
      for index1 in 0..<size.axis1 {
        for index2 in 0..<size.axis2 {
          let voxel = (index0 * size.axis1 + index1) * size.axis2 + index2
          let (down, across) = (Double(index1) - center.axis1, Double(index2) - center.axis2)
          let squared = down * down + across * across
          if squared + apart0 * apart0 < radius * radius {
            body.append(voxel)
            continue
          }
          let turn = (atan2(down, across) / (2 * Double.pi) + 0.5) * 256
          let weight = share / (1 + squared.squareRoot() / (3 * radius))
          sample.image[voxel] += profile[min(256, max(0, Int(turn)))] * Float(weight)
        }
      }
    }
    if body.allSatisfy({ sample.labels[$0] == 0 }) {
      for voxel in body { sample.image[voxel] = 1 }
    }
  }
}
