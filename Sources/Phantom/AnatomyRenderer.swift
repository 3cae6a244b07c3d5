import CKernels
import Volume

/// Fills a box with tissue: the anatomy's distances on a grid of about 1 mm, then each voxel between.
struct AnatomyRenderer {
  let anatomy: JawAnatomy
  let scanner: Scanner

  /// The values kept at each node of the coarse grid.
  private static let channelCount = 6

  /// Fills values, distances and structures of a box; canals, teeth and metal are painted afterwards.
  func fill(_ box: inout RenderBox) {
    // Nodes lie at fixed voxels of the scan, so that a part of a scan is the same however it is cut.
    let factor = box.spacing.map { max(1, Int((1 / $0).rounded())) }
    var first = Axes3(0, 0, 0)
    var count = Axes3(0, 0, 0)
    for axis in 0..<3 {
      first[axis] = Self.floorDivision(box.origin[axis], factor[axis])
      count[axis] = Self.floorDivision(box.origin[axis] + box.shape[axis] - 1, factor[axis]) + 2 - first[axis]
    }
    let nodes = nodes(first: first, count: count, factor: factor, spacing: box.spacing)
    let channels = Self.channelCount
    let (origin, shape) = (box.origin, box.shape)
    let edge = box.edge
    let painter = VoxelPainter(bone: anatomy.bone, edge: edge)
    let step = scanner.jaw(Vector(box.spacing.axis2, 0, 0)) - scanner.jaw(Vector(0, 0, 0))
    var line = [Float](repeating: 0, count: count.axis2 * channels)
    var texture = [Float](repeating: 0, count: shape.axis2)
    var fine = texture
    box.values.withUnsafeMutableBufferPointer { values in
      box.mandible.withUnsafeMutableBufferPointer { mandible in
        box.structures.withUnsafeMutableBufferPointer { structures in
          nodes.withUnsafeBufferPointer { nodes in
            for index0 in 0..<shape.axis0 {
              let (node0, share0) = Self.split(origin.axis0 + index0, factor.axis0, first.axis0)
              for index1 in 0..<shape.axis1 {
                let (node1, share1) = Self.split(origin.axis1 + index1, factor.axis1, first.axis1)
                let rowLength = count.axis2 * channels
                let low = (node0 * count.axis1 + node1) * rowLength
                let high = low + count.axis1 * rowLength
                for item in 0..<rowLength {
                  let below = mix(nodes[low + item], nodes[low + rowLength + item], share1)
                  let above = mix(nodes[high + item], nodes[high + rowLength + item], share1)
                  line[item] = mix(below, above, share0)
                }
                let start = (index0 * shape.axis1 + index1) * shape.axis2
                // The texture is computed between the first and the last voxel of bone in the row.
                var boneFirst = shape.axis2
                var boneLast = -1
                line.withUnsafeBufferPointer { line in
                  for index2 in 0..<shape.axis2 {
                    let (node2, share2) = Self.split(origin.axis2 + index2, factor.axis2, first.axis2)
                    let at = node2 * channels
                    let distance = mix(line[at], line[at + channels], share2)
                    mandible[start + index2] = distance
                    if min(distance, mix(line[at + 5], line[at + channels + 5], share2)) < edge {
                      boneFirst = min(boneFirst, index2)
                      boneLast = index2
                    }
                  }
                }
                if boneFirst <= boneLast {
                  let place = scanner.jaw(
                    Vector(
                      0, Double(origin.axis1 + index1) * box.spacing.axis1,
                      Double(origin.axis0 + index0) * box.spacing.axis0))
                  painter.trabeculae(
                    &texture, &fine, voxels: boneFirst...boneLast, origin: origin.axis2, place: place, step: step)
                }
                line.withUnsafeBufferPointer { line in
                  for index2 in 0..<shape.axis2 {
                    let (node2, share2) = Self.split(origin.axis2 + index2, factor.axis2, first.axis2)
                    let at = node2 * channels
                    func channel(_ number: Int) -> Float {
                      mix(line[at + number], line[at + channels + number], share2)
                    }
                    let result = painter.voxel(
                      mandible: mandible[start + index2], cortex: channel(1), marrow: channel(2), soft: channel(3),
                      tissueDepth: channel(4), bone: channel(5), texture: texture[index2])
                    values[start + index2] = result.value
                    structures[start + index2] = result.structure
                  }
                }
              }
            }
          }
        }
      }
    }
  }

  private func nodes(
    first: Axes3<Int>, count: Axes3<Int>, factor: Axes3<Int>, spacing: Axes3<Double>
  ) -> [Float] {
    [Float](unsafeUninitializedCapacity: count.product * Self.channelCount) { buffer, initialized in
      var at = 0
      for index0 in 0..<count.axis0 {
        for index1 in 0..<count.axis1 {
          for index2 in 0..<count.axis2 {
            let place = scanner.jaw(
              Vector(
                Double((first.axis2 + index2) * factor.axis2) * spacing.axis2,
                Double((first.axis1 + index1) * factor.axis1) * spacing.axis1,
                Double((first.axis0 + index0) * factor.axis0) * spacing.axis0))
            let sample = anatomy.sample(at: place)
            buffer.initializeElement(at: at, to: Float(sample.mandible))
            buffer.initializeElement(at: at + 1, to: Float(sample.cortex))
            buffer.initializeElement(at: at + 2, to: Float(sample.marrow))
            buffer.initializeElement(at: at + 3, to: Float(sample.head.soft))
            buffer.initializeElement(at: at + 4, to: Float(sample.head.tissueDepth))
            buffer.initializeElement(at: at + 5, to: Float(sample.head.bone))
            at += Self.channelCount
          }
        }
      }
      initialized = at
    }
  }

  private static func floorDivision(_ value: Int, _ divisor: Int) -> Int {
    value >= 0 ? value / divisor : -((divisor - 1 - value) / divisor)
  }

  /// The node below a voxel of the scan, counted from the first, and the share of the node above.
  @inline(__always)
  private static func split(_ voxel: Int, _ factor: Int, _ first: Int) -> (node: Int, share: Float) {
    let node = floorDivision(voxel, factor)
    return (node - first, Float(voxel - node * factor) / Float(factor))
  }
}

/// Decides a voxel's tissue and grey value.
struct VoxelPainter {
  let bone: BoneTexture
  let edge: Float
  private let softness: Float
  private let corticalValue: Float

  init(bone: BoneTexture, edge: Float) {
    self.bone = bone
    self.edge = edge
    softness = Float(bone.softness)
    corticalValue = Float(bone.corticalValue)
  }

  /// Writes the trabecular pattern of a row's voxels, deviation about 1; `place` is that of the scan's voxel 0.
  func trabeculae(
    _ texture: inout [Float], _ fine: inout [Float], voxels: ClosedRange<Int>, origin: Int, place: Vector,
    step: Vector
  ) {
    let (first, count) = (voxels.lowerBound, voxels.count)
    texture.withUnsafeMutableBufferPointer { texture in
      fine.withUnsafeMutableBufferPointer { fine in
        guard let texture = texture.baseAddress?.advanced(by: first),
          let fine = fine.baseAddress?.advanced(by: first)
        else { return }
        for index in 0..<count {
          texture[index] = 0
          fine[index] = 0
        }
        func add(_ row: UnsafeMutablePointer<Float>, _ wavelength: Double, _ seed: UInt32, _ amplitude: Double) {
          let (from, by) = (place / wavelength, step / wavelength)
          canalis_gradient_noise_row(
            row, count, Int32(origin + first), Float(from.x), Float(from.y), Float(from.z), Float(by.x), Float(by.y),
            Float(by.z),
            bone.seed &+ seed, Float(amplitude))
        }
        add(fine, bone.wavelength, 1, 1)
        add(texture, bone.wavelength * 0.55, 2, 0.9)
        add(texture, bone.wavelength * 2.4, 3, 1.9 * bone.coarseShare)
        let ridge = Float(bone.ridgeShare)
        for index in 0..<count {
          // Zero crossings of the noise are surfaces: plates of bone between marrow spaces.
          let plates = 2.2 - 7 * abs(fine[index])
          texture[index] += mix(2 * fine[index], plates, ridge)
        }
      }
    }
  }

  @inline(__always)
  func voxel(
    mandible: Float, cortex: Float, marrow: Float, soft: Float, tissueDepth: Float, bone other: Float, texture: Float
  ) -> (value: Float, structure: UInt8) {
    let airShare = clamp(0.5 - tissueDepth / edge, 0, 1)
    var value = mix(soft, -1000, airShare)
    var structure: PhantomStructure = tissueDepth < 0 ? .air : .softTissue
    if other < edge {
      let share = clamp(0.5 - other / edge, 0, 1)
      let inner = smoothStep(0.6, 1.8, -other)
      value = mix(value, mix(0.8 * corticalValue, 260 + 0.35 * Float(bone.amplitude) * texture, inner), share)
      if other < 0 { structure = .otherBone }
    }
    if mandible < edge {
      let share = clamp(0.5 - mandible / edge, 0, 1)
      let depth = -mandible - cortex
      let inner = smoothStep(-0.5 * softness, 0.5 * softness, depth)
      let spongy = clamp(marrow + Float(bone.amplitude) * texture, -160, corticalValue)
      value = mix(value, mix(corticalValue, spongy, inner), share)
      if mandible < 0 { structure = depth > 0 ? .marrow : .cortex }
    }
    return (value, structure.rawValue)
  }
}
