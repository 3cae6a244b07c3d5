import Volume

/// A root: a tapering tube of dentine with pulp, in its socket.
struct Root: Sendable {
  /// The centre line from neck to apex in the jaw's millimetres.
  var points: [Vector]
  var radii: [Double]
  /// The pulp's radius as a share of the root's.
  var pulpShare: Double
  var pulpValue: Double
  /// How much of the socket's bright lining is seen.
  var liningShare: Double
}

/// A crown: a rounded box of enamel over dentine.
struct Crown: Sendable {
  var centre: Vector
  /// Along the arch, across it, and upward.
  var axes: (Vector, Vector, Vector)
  /// Half the size along each axis.
  var half: Vector
  var enamelThickness: Double
  /// The grey value of the whole crown when it is artificial, or `nil`.
  var artificialValue: Double?
}

/// A body of metal.
struct Metal: Sendable {
  /// The centre line, at least two places.
  var points: [Vector]
  var radius: Double
  var value: Double
}

/// The teeth of a head, natural and artificial.
struct Dentition: Sendable {
  var roots: [Root] = []
  var crowns: [Crown] = []
  var metals: [Metal] = []

  /// Width along the arch, width across, crown height, root length and roots of the lower teeth from the midline
  /// backward, in millimetres: Nelson, "Wheeler's Dental Anatomy, Physiology and Occlusion", 11th edition, 2020.
  private static let lower: [(width: Double, depth: Double, crown: Double, root: Double, roots: Int)] = [
    (5.0, 6.0, 9.0, 12.5, 1), (5.5, 6.5, 9.5, 14.0, 1), (7.0, 7.5, 11.0, 16.0, 1), (7.0, 7.5, 8.5, 14.0, 1),
    (7.0, 8.0, 8.0, 14.5, 1), (11.0, 10.5, 7.5, 14.0, 2), (10.5, 10.0, 7.0, 13.0, 2), (10.0, 9.5, 7.0, 11.0, 2),
  ]
  /// The same of the upper teeth.
  private static let upper: [(width: Double, depth: Double, crown: Double, root: Double, roots: Int)] = [
    (8.5, 7.0, 10.5, 13.0, 1), (6.5, 6.0, 9.0, 13.0, 1), (7.5, 8.0, 10.0, 17.0, 1), (7.0, 9.0, 8.5, 14.0, 1),
    (7.0, 9.0, 8.5, 14.0, 1), (10.0, 11.0, 7.5, 12.5, 2), (9.0, 11.0, 7.0, 11.5, 2), (8.5, 10.0, 6.5, 11.0, 1),
  ]

  /// What is drawn once for a head.
  struct Habits {
    /// The probability that a tooth is missing; 1 in a toothless jaw.
    var missing: Double
    var implant: Double
    var filling: Double
    var metalValue: ClosedRange<Double>
    var scale: Double
    /// The probability that a third molar that is there lies deep and leans.
    var impacted: Double
    /// Whether brackets are glued to the teeth.
    var hasBrackets: Bool
    /// The height at which the rows of teeth meet.
    var bite: Double
    /// The distance between the rows.
    var opening: Double
    var pulpShare: Double
    var enamelThickness: Double
  }

  /// Adds the teeth of one side.
  mutating func add(side: JawSide, canal: CanalBuilder.Course, habits: Habits, random: inout SeededGenerator) {
    var along = 0.0
    for (number, size) in Self.lower.enumerated() {
      let width = size.width * habits.scale
      let place = along + width / 2
      along += width
      var own = random.split(UInt64(number))
      _ = random.next()
      let isLast = number == 7
      let crest = side.crestHeight(along: place)
      if own.happens(isLast ? max(habits.missing, 0.45) : habits.missing) {
        if own.happens(habits.implant) && !isLast {
          addImplant(side: side, along: place, crest: crest, canal: canal, habits: habits, random: &own)
        }
        continue
      }
      // A third molar that found no room lies deep and leans forward, at times onto the canal.
      let isImpacted = isLast && own.happens(habits.impacted)
      let angle = isImpacted ? own.uniform(0.3...1.5) : own.uniform(-0.12...0.12) + (number >= 5 ? 0.1 : 0)
      let depth = isImpacted ? own.uniform(2...8) : -own.uniform(0.5...2.5)
      // A root ends above the canal, or beside it by a little.
      var root = size.root * own.uniform(0.85...1.12)
      if let top = canal.top(along: place), number >= 3 {
        let clearance = own.uniform(-0.6...5)
        root = max(min(root, (crest - depth - top - clearance) / max(1 - 0.4 * angle * angle, 0.3)), 6)
      }
      addTooth(
        side: side, along: place, neck: crest - depth, direction: -1, angle: angle,
        size: (
          width, size.depth * habits.scale, size.crown * habits.scale, root
        ), rootCount: size.roots, offset: 0, isMolar: number >= 5, habits: habits, random: &own)
    }
    along = 0
    for (number, size) in Self.upper.enumerated() {
      let width = size.width * habits.scale * 0.94
      let place = along + width / 2
      along += width
      var own = random.split(UInt64(100 + number))
      if own.happens(number == 7 ? max(habits.missing, 0.45) : habits.missing) { continue }
      let crown = size.crown * habits.scale
      addTooth(
        side: side, along: place, neck: habits.bite + habits.opening + crown, direction: 1,
        angle: own.uniform(-0.12...0.12),
        size: (
          width, size.depth * habits.scale, crown, size.root * own.uniform(0.85...1.1)
        ), rootCount: size.roots, offset: 2.2, isMolar: number >= 5, habits: habits, random: &own)
    }
  }

  /// Adds a tooth whose root points in `direction` along the height from its neck, turned backward by an angle.
  private mutating func addTooth(
    side: JawSide, along: Double, neck: Double, direction: Double, angle: Double,
    size: (width: Double, depth: Double, crown: Double, root: Double), rootCount: Int, offset: Double, isMolar: Bool,
    habits: Habits, random: inout SeededGenerator
  ) {
    let crest = side.crestHeight(along: along)
    let section = side.section(along: along, height: min(crest, neck))
    let middle = section.middle + offset + random.uniform(-0.5...0.5)
    let (sine, cosine) = Elementary.sineAndCosine(angle)
    let lean = direction < 0 ? random.uniform(0...0.2) : random.uniform(-0.1...0.1)
    func place(_ distance: Double, _ shift: Double, _ outward: Double) -> Vector {
      side.place(
        along: along + shift * cosine + sine * distance, offset: middle + outward + lean * distance,
        height: neck + direction * (cosine * distance - sine * shift))
    }
    let spread = rootCount == 2 ? size.width * 0.24 : 0
    let neckRadius = rootCount == 2 ? size.width * 0.2 : min(size.width, size.depth) * 0.4
    let isDevital = random.happens(0.08)
    let lining = random.uniform(0...1)
    for number in 0..<rootCount {
      let shift = rootCount == 2 ? (number == 0 ? -spread : spread) : 0
      let bend = random.uniform(-1.2...1.2)
      let points = [
        place(-1.5, shift * 0.8, 0), place(size.root * 0.35, shift, 0), place(size.root * 0.7, shift + bend * 0.4, 0),
        place(size.root, shift + bend, 0),
      ]
      roots.append(
        Root(
          points: points, radii: [neckRadius, neckRadius * 0.95, neckRadius * 0.72, 0.6],
          pulpShare: habits.pulpShare, pulpValue: isDevital ? 3000 : 150, liningShare: lining))
    }
    let up = (place(-1, 0, 0) - place(1, 0, 0)).normalized
    let forward = (place(0, 1, 0) - place(0, -1, 0)).normalized
    let outward = (place(0, 0, 1) - place(0, 0, -1)).normalized
    let perpendicular = up.cross(forward).normalized
    let across = perpendicular.dot(outward) < 0 ? -perpendicular : perpendicular
    let centre = place(-size.crown * 0.48, 0, 0)
    let isCrowned = random.happens(habits.filling * 0.3)
    let crown = Crown(
      centre: centre, axes: (across.cross(up).normalized, across, up),
      half: Vector(size.width * 0.49, size.depth * 0.47, size.crown * 0.54),
      enamelThickness: habits.enamelThickness, artificialValue: isCrowned ? random.uniform(habits.metalValue) : nil)
    crowns.append(crown)
    if habits.hasBrackets && angle < 0.3 { addBracket(crown, value: random.uniform(habits.metalValue)) }
    if isCrowned {
      metals.append(
        Metal(
          points: [centre - up * 0.5, centre + up * 0.5], radius: 0, value: random.uniform(habits.metalValue)))
    } else if isMolar && random.happens(habits.filling) || random.happens(habits.filling * 0.2) {
      let top = centre + up * (size.crown * random.uniform(0.25...0.45))
      let length = forward * random.uniform(0.3...2.5)
      metals.append(
        Metal(
          points: [top - length, top + length], radius: random.uniform(0.9...2),
          value: random.uniform(habits.metalValue)))
    }
  }

  /// Adds a bracket to the cheek's side of a crown.
  private mutating func addBracket(_ crown: Crown, value: Double) {
    let centre = crown.centre + crown.axes.1 * (crown.half.y + 0.4)
    metals.append(
      Metal(
        points: [centre - crown.axes.0 * 1.1, centre + crown.axes.0 * 1.1], radius: 0.9, value: value))
  }

  private mutating func addImplant(
    side: JawSide, along: Double, crest: Double, canal: CanalBuilder.Course, habits: Habits,
    random: inout SeededGenerator
  ) {
    var length = random.uniform(8...13)
    if let top = canal.top(along: along) { length = min(length, crest - top - random.uniform(0.5...2)) }
    guard length > 5 else { return }
    let section = side.section(along: along, height: crest - length / 2)
    let tilt = random.uniform(-0.15...0.15)
    let value = random.uniform(habits.metalValue)
    metals.append(
      Metal(
        points: [
          side.place(along: along, offset: section.middle, height: crest + 1),
          side.place(along: along + tilt * length, offset: section.middle, height: crest - length),
        ], radius: random.uniform(1.6...2.3), value: value))
    if random.happens(0.6) {
      let centre = side.place(along: along, offset: section.middle, height: crest + 5)
      let forward =
        (side.place(along: along + 1, offset: 0, height: crest) - side.place(along: along - 1, offset: 0, height: crest))
        .normalized
      let up = Vector(0, 0, 1)
      crowns.append(
        Crown(
          centre: centre, axes: (forward, up.cross(forward), up), half: Vector(3.6, 3.6, 4), enamelThickness: 1,
          artificialValue: random.uniform(1800...4000)))
    }
  }
}
