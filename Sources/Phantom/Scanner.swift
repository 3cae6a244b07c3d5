import Volume

/// How the head lies in the scanner and what the scanner makes of it.
struct Scanner: Sendable {
  /// The rows of the rotation from the jaw's directions to the scanner's (both left, back, up).
  private(set) var rotation: (Vector, Vector, Vector)
  /// The place of the jaw at the middle of the field of view.
  let middle: Vector
  /// Size of the field of view in millimetres along axis 0, 1, 2.
  let extent: Axes3<Double>
  private(set) var spacing: Axes3<Double>
  /// The radius of the cylinder beyond which nothing is recorded, or `nil`.
  let cylinderRadius: Double?
  let blur: Double
  let slicesBlur: Double
  let noise: Double
  let noiseCorrelation: Double
  let noiseGrain: Double
  let cupping: Double
  let shading: Double
  let rings: Double
  /// Which axis motion goes along, how far and with what share of the exposure; `nil` without.
  let motion: (axis: Int, distance: Double, share: Double)?
  let gain: Double
  let offset: Double
  let floor: Double
  let ceiling: Double
  let streakStrength: Double
  /// The place of the first voxel in the scanner's own millimetres.
  let place: Vector
  let seed: UInt32

  init(ranges: PhantomRanges, anatomy: JawAnatomy, options: PhantomOptions, random source: SeededGenerator) {
    var pose = source.split(21)
    var field = source.split(22)
    var looks = source.split(23)
    let (pitch, yaw, roll) = (
      pose.uniform(ranges.pitchInDegrees), pose.uniform(ranges.yawInDegrees), pose.uniform(ranges.rollInDegrees)
    )
    rotation = Self.rotation(pitch: pitch, yaw: yaw, roll: roll)

    // The field of view: the whole jaw, or a small one over a side or the chin.
    let isSmall = field.happens(ranges.smallFieldProbability) && !options.showsWholeJaw
    let side = field.happens(0.5) ? anatomy.left : anatomy.right
    let along = field.uniform(8...(side.bodyLength - 8))
    let shift = Vector(field.uniform(-5...5), field.uniform(-5...5), field.uniform(-5...6))
    let voxel = field.uniform(ranges.spacing)
    let isAnisotropic = field.happens(ranges.anisotropicProbability)
    let ratio = field.uniform(ranges.anisotropy)
    let large = Axes3(field.uniform(54...90), field.uniform(88...118), field.uniform(112...144))
    let small = Axes3(field.uniform(42...62), field.uniform(46...70), field.uniform(46...70))
    let cylinder = field.happens(ranges.cylinderProbability)
    let cylinderShare = field.uniform(0.9...1.05)
    // Scanners do not record large fields with the smallest voxels.
    let chosen = isSmall ? small : large
    let finest = Self.finestVoxel(of: chosen)
    let inPlane = max(voxel, finest)
    spacing = options.spacing ?? Axes3(isAnisotropic ? clamp(inPlane * ratio, finest, 1) : inPlane, inPlane, inPlane)
    if let shape = options.shape {
      extent = Axes3(
        Double(shape.axis0) * spacing.axis0, Double(shape.axis1) * spacing.axis1, Double(shape.axis2) * spacing.axis2)
    } else {
      extent = chosen
    }
    middle =
      isSmall
      ? side.place(along: along, offset: 0, height: 16) + shift
      : Vector(0, side.bodyLength * 0.42, 22) + shift
    cylinderRadius =
      cylinder
      ? cylinderShare * 0.5 * (isSmall ? min(extent.axis1, extent.axis2) : max(extent.axis1, extent.axis2)) : nil

    blur = looks.uniform(ranges.blur)
    slicesBlur = blur * looks.uniform(0.8...1.4)
    noise = looks.uniform(ranges.noise)
    noiseCorrelation = looks.uniform(ranges.noiseCorrelation)
    noiseGrain = looks.uniform(ranges.noiseGrain)
    cupping = looks.uniform(ranges.cupping)
    shading = looks.uniform(ranges.shading)
    rings = looks.happens(0.4) ? looks.uniform(ranges.rings) : 0
    let moves = looks.happens(ranges.motionProbability)
    let axis = looks.integer(0...2)
    let distance = looks.uniform(ranges.motion)
    let share = looks.uniform(0.15...0.45)
    motion = moves ? (axis, distance, share) : nil
    gain = looks.uniform(ranges.gain)
    offset = looks.uniform(ranges.offset).rounded()
    // Cut off above and below, but never within marrow and soft tissue.
    ceiling = max(looks.uniform(ranges.ceiling), offset + 1500 * gain).rounded()
    floor = looks.happens(0.4) && offset > 250 * gain ? 0 : (offset - 1000 * gain).rounded()
    streakStrength = looks.uniform(ranges.streakStrength)
    place = Vector(
      looks.uniform(-120...0).rounded(), looks.uniform(-120...0).rounded(), looks.uniform(-100...100).rounded())
    seed = UInt32(truncatingIfNeeded: looks.next())
  }

  /// The voxel size that makes 40 million voxels of a field of view, at least 0.2 mm.
  private static func finestVoxel(of extent: Axes3<Double>) -> Double {
    let volume = extent.axis0 * extent.axis1 * extent.axis2
    var size = 0.2
    while volume / (size * size * size) > 4e7 { size += 0.01 }
    return size
  }

  /// The same scanner with other voxels.
  func withSpacing(_ spacing: Axes3<Double>) -> Scanner {
    var scanner = self
    scanner.spacing = spacing
    return scanner
  }

  /// The same scanner with the head turned further about the middle of the field of view, by angles in degrees.
  func turned(pitch: Double, yaw: Double, roll: Double) -> Scanner {
    let turn = Self.rotation(pitch: pitch, yaw: yaw, roll: roll)
    let rows = rotation
    func row(_ row: Vector) -> Vector { rows.0 * row.x + rows.1 * row.y + rows.2 * row.z }
    var scanner = self
    scanner.rotation = (row(turn.0), row(turn.1), row(turn.2))
    return scanner
  }

  private static func rotation(pitch: Double, yaw: Double, roll: Double) -> (Vector, Vector, Vector) {
    let (sp, cp) = Elementary.sineAndCosine(Elementary.radians(pitch))
    let (sy, cy) = Elementary.sineAndCosine(Elementary.radians(yaw))
    let (sr, cr) = Elementary.sineAndCosine(Elementary.radians(roll))
    // Around x first (pitch), then around y (roll), then around z (yaw).
    func turned(_ vector: Vector) -> Vector {
      let one = Vector(vector.x, cp * vector.y - sp * vector.z, sp * vector.y + cp * vector.z)
      let two = Vector(cr * one.x + sr * one.z, one.y, -sr * one.x + cr * one.z)
      return Vector(cy * two.x - sy * two.y, sy * two.x + cy * two.y, two.z)
    }
    let (first, second, third) = (turned(Vector(1, 0, 0)), turned(Vector(0, 1, 0)), turned(Vector(0, 0, 1)))
    return (
      Vector(first.x, second.x, third.x), Vector(first.y, second.y, third.y), Vector(first.z, second.z, third.z)
    )
  }

  /// The number of voxels along each axis.
  var shape: Axes3<Int> {
    Axes3(
      max(Int((extent.axis0 / spacing.axis0).rounded()), 1), max(Int((extent.axis1 / spacing.axis1).rounded()), 1),
      max(Int((extent.axis2 / spacing.axis2).rounded()), 1))
  }

  /// A place of the jaw in millimetres from the centre of the first voxel, (left, back, up).
  func scanned(_ point: Vector) -> Vector {
    let apart = point - middle
    return Vector(rotation.0.dot(apart), rotation.1.dot(apart), rotation.2.dot(apart)) + halfExtent
  }

  /// The place of the jaw at millimetres from the centre of the first voxel.
  func jaw(_ scanned: Vector) -> Vector {
    let apart = scanned - halfExtent
    return middle + rotation.0 * apart.x + rotation.1 * apart.y + rotation.2 * apart.z
  }

  /// The middle of the field of view in millimetres from the centre of the first voxel.
  var halfExtent: Vector {
    Vector(
      (Double(shape.axis2) - 1) * spacing.axis2 / 2, (Double(shape.axis1) - 1) * spacing.axis1 / 2,
      (Double(shape.axis0) - 1) * spacing.axis0 / 2)
  }
}
