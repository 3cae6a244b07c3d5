import Volume

/// Lays the canal, its branches and its look-alikes into one half of a mandible.
struct CanalBuilder {
  /// The canal as drawn for one side, and the tubes around it.
  struct Course: Sendable {
    /// Tubes in the order in which they are painted; the labelled canal last.
    var tubes: [Tube] = []
    /// The labelled main canal in (along, offset, height).
    var unrolled: [Vector] = []
    /// The main canal's radius at each place.
    var radii: [Double] = []
    /// How far from the midline the mental foramen lies.
    var mentalForamen = 0.0

    /// The height of the canal's upper border near a place along the arch, or `nil` where there is no canal below.
    func top(along: Double) -> Double? {
      var result: Double?
      for (point, radius) in zip(unrolled, radii) where abs(point.x - along) < 3 && point.x < 70 {
        result = max(result ?? 0, point.z + radius)
      }
      return result
    }
  }

  let side: JawSide
  let ranges: PhantomRanges
  /// The mean grey value of the marrow that the canal runs through.
  let marrow: Double
  /// The deviation of grey values in that marrow.
  let texture: Double

  private var isLeft: Bool { side.sign > 0 }

  func course(_ random: inout SeededGenerator) -> Course {
    var course = Course()
    let looks = looks(&random)
    let mental = random.uniform(ranges.mentalForamenDistance)
    course.mentalForamen = mental
    let controls = controls(mental: mental, &random)
    course.unrolled = kept(
      inBone: wandering(controls, amplitude: random.uniform(0.2...0.9), &random), radius: looks.radius,
      free: 4...(controls.count - 4))
    var main = tube(along: course.unrolled, looks: looks, &random)
    main.structure = isLeft ? .leftCanal : .rightCanal
    main.label = isLeft ? 1 : 2
    course.radii = main.radii

    if random.happens(0.5) { course.tubes.append(lingual(&random)) }
    for _ in 0..<random.integer(ranges.lookAlikes) { course.tubes.append(lookAlike(&random)) }
    if random.happens(ranges.twinProbability) {
      course.tubes.append(twin(of: course.unrolled, looks: looks, &random))
    }
    if random.happens(ranges.incisiveProbability) {
      course.tubes.append(incisive(from: controls[controls.count - 4], looks: looks, &random))
    }
    if random.happens(ranges.bifidProbability) {
      course.tubes.append(branch(of: course.unrolled, looks: looks, &random))
    }
    course.tubes.append(main)
    return course
  }

  /// What a canal looks like.
  struct Looks {
    var radius: Double
    var flattening: Double
    var wallThickness: Double
    var wallValue: Double
    var wallShare: Double
    var brokenShare: Double
    var coreValue: Double
  }

  private func looks(_ random: inout SeededGenerator) -> Looks {
    var looks = Looks(
      radius: random.uniform(ranges.canalDiameter) / 2, flattening: random.uniform(ranges.flattening),
      wallThickness: random.uniform(ranges.wallThickness), wallValue: random.uniform(ranges.wallValue),
      // The better of two draws: most canals have some wall.
      wallShare: max(random.uniform(ranges.wallVisibility), random.uniform(ranges.wallVisibility)),
      brokenShare: random.uniform(ranges.brokenWall),
      coreValue: random.uniform(ranges.coreValue))
    looks.wallValue = max(looks.wallValue, marrow + 200)
    let wallContrast = looks.wallShare * (looks.wallValue - marrow)
    if wallContrast < 220 + 0.4 * texture && abs(looks.coreValue - marrow) < 110 + 0.4 * texture {
      // Neither wall nor core would show: nobody could label such a canal. Either is made visible.
      if random.happens(0.5) {
        looks.wallShare = random.uniform(0.6...1)
      } else {
        let contrast = random.uniform(130...300) + 0.4 * texture
        looks.coreValue = marrow > 60 ? marrow - contrast : marrow + contrast
      }
    }
    return looks
  }

  /// The places that the canal's course goes through: (along, offset as a share of half the thickness, height).
  private func controls(mental: Double, _ random: inout SeededGenerator) -> [Vector] {
    let lowest = random.uniform(ranges.canalHeight)
    let foramenHeight = random.uniform(0.5...0.6) * side.ramusHeight
    let onRamus = side.bodyLength - 2 + side.ramusDirection.x * foramenHeight
    let foramen = onRamus - side.ramusWidth * random.uniform(0.42...0.56)
    let foramenZ = side.ramusDirection.y * foramenHeight
    let mentalZ = max(random.uniform(ranges.mentalForamenHeight), lowest + 0.5)
    let loop = random.happens(ranges.loopProbability) ? random.uniform(ranges.loopLength) : random.uniform(-1.5...0.6)
    let toTongue = random.uniform(0.15...0.6)
    let behind = side.bodyLength - random.uniform(16...22)
    return [
      Vector(foramen + 1.2, -1.5, foramenZ + 4),
      Vector(foramen + 0.4, -1.02, foramenZ + 1),
      Vector(foramen - 1.6, -0.5, foramenZ - 4),
      Vector(mix(foramen, behind, 0.55), -0.3, mix(foramenZ, lowest + 5, 0.5)),
      Vector(behind, -0.25 - 0.3 * toTongue, lowest + random.uniform(3...6)),
      Vector(mix(behind, mental, 0.33), -toTongue, lowest + random.uniform(0.5...2.5)),
      Vector(mix(behind, mental, 0.62), -toTongue * random.uniform(0.5...1), lowest),
      Vector(mix(behind, mental, 0.86), random.uniform(-0.2...0.25), lowest + random.uniform(0...1)),
      Vector(mental - loop, random.uniform(0.25...0.5), mix(lowest, mentalZ, 0.45)),
      Vector(mental + 0.4, 0.72, mentalZ - 0.6),
      Vector(mental + 1.2, 1.02, mentalZ),
      Vector(mental + 2.6, 1.4, mentalZ + 1.2),
    ]
  }

  /// A curve through places given by shares of the thickness, with slow wandering, in (along, offset, height).
  private func wandering(_ controls: [Vector], amplitude: Double, _ random: inout SeededGenerator) -> [Vector] {
    let waves = (0..<2).map { _ in Wave(wavelength: 18, random: &random) }
    let samples = SmoothCurve(points: controls).sampled(step: 0.7) { point in
      Vector(point.x, point.y * side.bodyHalfThickness, point.z)
    }
    return samples.enumerated().map { index, point in
      let section = side.section(along: point.x, height: point.z)
      let ends = Double(min(index, samples.count - 1 - index)) * 0.7
      let fade = amplitude * smoothStep(3, 12, ends)
      let position = Double(index) * 0.7
      return Vector(
        point.x, section.middle + point.y * section.half + fade * waves[0].value(at: position),
        point.z + fade * waves[1].value(at: position))
    }
  }

  /// Moves a line's places inward until the tube around them lies within the bone, its ends excepted.
  private func kept(inBone line: [Vector], radius: Double, free: ClosedRange<Int>) -> [Vector] {
    let margin = radius + 0.9
    return line.enumerated().map { index, point in
      let ends = Double(min(index, line.count - 1 - index)) * 0.7
      guard ends > 7 else { return point }
      let section = side.section(along: point.x, height: point.z)
      let room = max(section.half - margin * smoothStep(7, 11, ends), 0)
      return Vector(
        point.x, clamp(point.y, section.middle - room, section.middle + room), max(point.z, margin + 1.2))
    }
  }

  private func tube(along line: [Vector], looks: Looks, _ random: inout SeededGenerator) -> Tube {
    let width = Wave(wavelength: 22, random: &random)
    let wall = Wave(wavelength: 14, random: &random)
    let core = Wave(wavelength: 16, random: &random)
    let wobble = random.uniform(0.05...0.3)
    // Where the wave is below this, the wall is missing; the wave lies below 0 half of the way.
    let threshold = (looks.brokenShare - 0.5) * 1.7
    var radii: [Double] = []
    var shares: [Double] = []
    var cores: [Double] = []
    for index in line.indices {
      let position = Double(index) * 0.7
      let funnel = 1 + 0.25 * (1 - smoothStep(0, 9, position))
      radii.append(clamp(looks.radius * (1 + wobble * width.value(at: position)) * funnel, 1, 2.75))
      shares.append(looks.wallShare * smoothStep(threshold - 0.15, threshold + 0.2, wall.value(at: position)))
      cores.append(looks.coreValue + 35 * core.value(at: position))
    }
    return Tube(
      points: line.map { side.place(along: $0.x, offset: $0.y, height: $0.z) }, radii: radii,
      flattening: looks.flattening, wallThickness: looks.wallThickness, wallValue: looks.wallValue,
      wallShares: shares, coreValues: cores, structure: .lookAlikeTube)
  }

  /// The incisive canal: thinner, fainter, from the bend before the mental foramen toward the midline.
  private func incisive(from start: Vector, looks: Looks, _ random: inout SeededGenerator) -> Tube {
    var faint = looks
    faint.wallShare *= random.uniform(0.2...1)
    let end = random.uniform(3...16)
    let height = start.z + random.uniform(-1.5...2.5)
    let controls = (0...4).map { step in
      let share = Double(step) / 4
      return Vector(
        mix(start.x, end, share), mix(start.y, random.uniform(-0.2...0.3), min(share * 2, 1)),
        mix(start.z, height, share))
    }
    var tube = tube(along: wandering(controls, amplitude: 0.5, &random), looks: faint, &random)
    let radius = random.uniform(0.4...1.1)
    tube.radii = tube.radii.indices.map { index in
      mix(min(looks.radius * 0.8, radius * 1.4), radius, min(Double(index) / 12, 1))
    }
    tube.structure = .incisiveCanal
    return tube
  }

  /// A second branch: forward beside the canal (labelled, as part of it), or up behind or between the molars (not).
  private func branch(of line: [Vector], looks: Looks, _ random: inout SeededGenerator) -> Tube {
    let start = line.count / 4 + random.integer(0...line.count / 5)
    let origin = line[start]
    var controls: [Vector] = []
    let isForward = random.happens(0.5)
    if isForward {
      let length = random.integer(18...40)
      let rise = random.uniform(3...5.5) * (random.happens(0.75) ? 1 : -0.7)
      for step in 0...4 {
        let at = line[min(start + length * step / 4, line.count * 4 / 5)]
        let apart = [0, 0.7, 1, 1, 0.8][step]
        controls.append(Vector(at.x, at.y, max(at.z + rise * apart, 4)))
      }
    } else {
      let isRetromolar = random.happens(0.5)
      let goal = isRetromolar ? origin.x + random.uniform(2...8) : origin.x - random.uniform(4...14)
      let top = side.crestHeight(along: goal) - (isRetromolar ? 0 : random.uniform(9...13))
      for step in 0...3 {
        let share = Double(step) / 3
        controls.append(
          Vector(mix(origin.x, goal, share), origin.y * (1 - share), mix(origin.z, max(top, origin.z + 4), share)))
      }
    }
    let relative = controls.map { point in
      let section = side.section(along: point.x, height: point.z)
      return Vector(point.x, clamp((point.y - section.middle) / section.half, -0.6, 0.6), point.z)
    }
    var tube = tube(along: wandering(relative, amplitude: 0.4, &random), looks: looks, &random)
    let radius = random.uniform(isForward ? 0.8...1.2 : 0.4...0.9)
    tube.radii = tube.radii.map { $0 / looks.radius * radius }
    if isForward {
      tube.structure = isLeft ? .leftCanal : .rightCanal
      tube.label = isLeft ? 1 : 2
    }
    return tube
  }

  /// A tube that only its place tells from the canal.
  private func twin(of line: [Vector], looks: Looks, _ random: inout SeededGenerator) -> Tube {
    let start = random.integer(line.count / 6...line.count / 2)
    let length = random.integer(20...50)
    let apart = random.uniform(2.2...4) * looks.radius * (random.happens(0.7) ? 1 : -1)
    let sideways = random.uniform(-0.4...0.4)
    let controls = (0...4).map { step in
      let point = line[min(start + length * step / 4, line.count - 12)]
      let height = max(point.z + apart, looks.radius + 3)
      let section = side.section(along: point.x, height: height)
      return Vector(point.x, clamp((point.y - section.middle) / section.half + sideways, -0.6, 0.6), height)
    }
    var tube = tube(along: wandering(controls, amplitude: 0.6, &random), looks: looks, &random)
    tube.structure = isLeft ? .leftTwin : .rightTwin
    return tube
  }

  /// The lingual canal: short and thin, from the tongue's side near the midline into the chin.
  private func lingual(_ random: inout SeededGenerator) -> Tube {
    var own = looks(&random)
    own.coreValue = min(own.coreValue, 150)
    let start = random.uniform(-1...5)
    let height = random.uniform(5...17)
    let rise = random.uniform(-4...5)
    let depth = random.uniform(-0.4...0.5)
    let controls = (0...3).map { step in
      let share = Double(step) / 3
      return Vector(start + share, mix(-1.15, depth, share), max(height + rise * share, 3))
    }
    var tube = tube(along: wandering(controls, amplitude: 0.2, &random), looks: own, &random)
    let radius = random.uniform(0.35...0.8)
    tube.radii = tube.radii.map { $0 / own.radius * radius }
    return tube
  }

  /// A marrow tube or nutrient canal somewhere in the bone, with looks of its own.
  private func lookAlike(_ random: inout SeededGenerator) -> Tube {
    var own = looks(&random)
    let radius = random.uniform(0.4...1.7)
    own.wallShare *= random.uniform(0...1)
    let start = random.uniform(6...(side.bodyLength - 12))
    let crest = side.crestHeight(along: min(start, 55))
    let height = random.uniform(4...max(crest - 4, 5))
    let isUpright = random.happens(0.35)
    let length = random.uniform(5...22)
    let offset = random.uniform(-0.55...0.55)
    let controls = (0...3).map { step in
      let share = Double(step) / 3
      return Vector(
        start + (isUpright ? 0.25 : 1) * length * share * (start > 45 ? -1 : 1),
        clamp(offset + random.uniform(-0.2...0.2), -0.6, 0.6),
        clamp(height + (isUpright ? 1 : 0.2) * length * (share - 0.5), 3.5, max(crest - 2, 4)))
    }
    var tube = tube(along: wandering(controls, amplitude: 0.6, &random), looks: own, &random)
    tube.radii = tube.radii.map { $0 / own.radius * radius }
    return tube
  }
}
