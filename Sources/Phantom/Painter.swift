import Volume

/// Paints canals, teeth and metal over the tissue of a box.
struct Painter {
  let anatomy: JawAnatomy
  let scanner: Scanner

  /// How far outside the bone, in millimetres, a canal is still labelled where it opens: the truth ends at the bone.
  private static let openingMargin: Float = 0.4

  func paint(_ box: inout RenderBox) {
    let courses = [anatomy.leftCourse, anatomy.rightCourse]
    for lesion in anatomy.lesions { paint(lesion, in: &box) }
    for root in anatomy.dentition.roots { paint(root, in: &box) }
    for crown in anatomy.dentition.crowns { paint(crown, in: &box) }
    for metal in anatomy.dentition.metals where metal.radius > 0 { paint(metal, in: &box) }
    for course in courses {
      for tube in course.tubes { paint(tube, in: &box) }
    }
  }

  private func scanned(_ points: [Vector]) -> [SIMD3<Float>] {
    points.map { SIMD3<Float>(scanner.scanned($0)) }
  }

  /// The jaw's upward direction in the scan.
  private var up: SIMD3<Float> {
    SIMD3<Float>(scanner.scanned(Vector(0, 0, 1)) - scanner.scanned(Vector(0, 0, 0)))
  }

  private func paint(_ tube: Tube, in box: inout RenderBox) {
    let edge = box.edge
    let wall = Float(tube.wallThickness)
    let wallValue = Float(tube.wallValue)
    // Annotators draw along the middle of the bright wall: the lumen and half the wall are canal.
    let labelled = wall / 2
    let shape = box.shape
    TubeField.forEachPart(
      of: box, points: scanned(tube.points), radii: tube.radii.map { Float($0) },
      reach: Float(tube.reach) + 1.5 * edge, up: up, flattening: Float(tube.flattening)
    ) { field in
      field.forEachVoxel(nearerThan: wall + edge, in: shape) { offset, distance, place in
        let depth = box.mandible[offset]
        let inBone = clamp(0.5 - depth / edge, 0, 1)
        let index = min(Int(place), tube.coreValues.count - 2)
        let share = place - Float(index)
        if inBone > 0 {
          let core = clamp(0.5 - distance / edge, 0, 1)
          let outer = clamp(0.5 - (distance - wall) / edge, 0, 1)
          let seen = mix(Float(tube.wallShares[index]), Float(tube.wallShares[index + 1]), share)
          var value = box.values[offset]
          value = mix(value, max(value, wallValue), max(outer - core, 0) * seen * inBone)
          let lumen = mix(Float(tube.coreValues[index]), Float(tube.coreValues[index + 1]), share)
          box.values[offset] = mix(value, lumen, core * inBone)
        }
        if distance <= labelled {
          if depth <= Self.openingMargin {
            box.structures[offset] = tube.structure.rawValue
            if tube.label != 0 { box.truth[offset] = tube.label }
          } else if tube.label != 0 {
            box.structures[offset] = PhantomStructure.foramen.rawValue
          }
        }
      }
    }
  }

  private func paint(_ lesion: Lesion, in box: inout RenderBox) {
    let edge = box.edge
    let shape = box.shape
    let radius = Float(lesion.radius)
    let soft = max(Float(lesion.softness), edge)
    TubeField.forEachPart(
      of: box, points: scanned(lesion.points), radii: lesion.points.map { _ in radius }, reach: radius + soft + edge,
      up: up, flattening: 1
    ) { field in
      field.forEachVoxel(nearerThan: soft, in: shape) { offset, distance, _ in
        let share = clamp(0.5 - distance / soft, 0, 1) * clamp(0.5 - box.mandible[offset] / edge, 0, 1)
        box.values[offset] = mix(box.values[offset], Float(lesion.value), share)
      }
    }
  }

  private func paint(_ root: Root, in box: inout RenderBox) {
    let edge = box.edge
    let socket: Float = 0.25
    let lining: Float = 0.65
    let radii = root.radii.map { Float($0) }
    let shape = box.shape
    let corticalValue = Float(anatomy.bone.corticalValue) * 0.9
    TubeField.forEachPart(
      of: box, points: scanned(root.points), radii: radii, reach: Float(root.radii.max() ?? 0) + lining + edge,
      up: up, flattening: 1
    ) { field in
      field.forEachVoxel(nearerThan: lining + edge, in: shape) { offset, distance, place in
        let index = min(Int(place), radii.count - 2)
        let radius = mix(radii[index], radii[index + 1], place - Float(index))
        func covered(_ limit: Float) -> Float { clamp(0.5 - (distance - limit) / edge, 0, 1) }
        var value = box.values[offset]
        if box.mandible[offset] < 0 || box.structures[offset] == PhantomStructure.otherBone.rawValue {
          let ring = covered(lining) - covered(socket)
          value = mix(value, max(value, corticalValue), ring * Float(root.liningShare))
          value = mix(value, 130, covered(socket))
        }
        value = mix(value, 1650, covered(0))
        let pulp = radius * Float(root.pulpShare) - radius
        box.values[offset] = mix(value, Float(root.pulpValue), covered(pulp))
        if distance < 0 { box.structures[offset] = PhantomStructure.tooth.rawValue }
      }
    }
  }

  private func paint(_ crown: Crown, in box: inout RenderBox) {
    let edge = box.edge
    let centre = SIMD3<Float>(scanner.scanned(crown.centre))
    let reach = SIMD3<Float>(repeating: Float(crown.half.length) + edge)
    guard let voxels = box.voxels(from: centre - reach, to: centre + reach) else { return }
    func axis(_ direction: Vector) -> SIMD3<Float> {
      SIMD3<Float>(scanner.scanned(direction) - scanner.scanned(Vector(0, 0, 0)))
    }
    let (along, across, upward) = (axis(crown.axes.0), axis(crown.axes.1), axis(crown.axes.2))
    let half = SIMD3<Float>(crown.half)
    let least = half.min()
    let enamel = Float(crown.enamelThickness)
    for index0 in voxels.low.axis0...voxels.high.axis0 {
      for index1 in voxels.low.axis1...voxels.high.axis1 {
        let row = box.shape.offset(of: Axes3(index0, index1, 0))
        for index2 in voxels.low.axis2...voxels.high.axis2 {
          let apart = box.place(index0, index1, index2) - centre
          var place = SIMD3<Float>(apart.dot(along), apart.dot(across), apart.dot(upward)) / half
          // Crowns narrow toward the neck.
          let width = 1 - 0.18 * clamp(-place.z, 0, 1)
          place.x /= width
          place.y /= width
          let squares = place * place
          let fourths = squares * squares
          let distance = ((fourths.x + fourths.y + fourths.z).squareRoot().squareRoot() - 1) * least
          guard distance < edge else { continue }
          let share = clamp(0.5 - distance / edge, 0, 1)
          let offset = row + index2
          if let value = crown.artificialValue {
            box.values[offset] = mix(box.values[offset], Float(value), share)
            if distance < 0 { box.structures[offset] = PhantomStructure.metal.rawValue }
            continue
          }
          // Enamel thins out toward the neck.
          let thickness = enamel * smoothStep(-1, 0, place.z)
          let inner = clamp(0.5 - (distance + thickness) / edge, 0, 1)
          box.values[offset] = mix(box.values[offset], mix(2700, 1650, inner), share)
          if distance < 0 {
            box.structures[offset] = (distance > -thickness ? PhantomStructure.enamel : .tooth).rawValue
          }
        }
      }
    }
  }

  private func paint(_ metal: Metal, in box: inout RenderBox) {
    let edge = box.edge
    let shape = box.shape
    let radius = Float(metal.radius)
    TubeField.forEachPart(
      of: box, points: scanned(metal.points), radii: metal.points.map { _ in radius },
      reach: radius + edge, up: up, flattening: 1
    ) { field in
      field.forEachVoxel(nearerThan: edge, in: shape) { offset, distance, _ in
        box.values[offset] = mix(box.values[offset], Float(metal.value), clamp(0.5 - distance / edge, 0, 1))
        if distance < 0 { box.structures[offset] = PhantomStructure.metal.rawValue }
      }
    }
  }
}
