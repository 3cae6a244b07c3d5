import CKernels
import Volume

/// Everything of the head but the mandible and the teeth: skin, fat, muscle, air spaces, maxilla, spine, hyoid bone and
/// cheekbones, as signed distances in the jaw's millimetres.
struct HeadTissue: Sendable {
  private let bite: Double
  private let opening: Double
  private let faceRadii: Vector
  private let faceCentre: Vector
  private let neckRadius: Double
  private let chinThickness: Double
  private let fatThickness: Double
  private let throat: Vector
  private let throatRadii: SIMD2<Double>
  private let mouthRadii: Vector
  private let hasMouthAir: Bool
  private let sinusRadii: Vector
  private let spineBack: Double
  private let spinePhase: Double
  private let hyoid: Vector
  private let hyoidRadius: Double
  private let maxillaHalf: Double
  /// The grey value of everything around a bare jaw, or `nil` in a whole head.
  private let surroundings: Double?
  private let seed: UInt32

  /// What a place of the head is, with the mandible left out.
  struct Sample {
    /// The grey value of soft tissue.
    var soft: Double
    /// The signed distance to air, negative inside tissue's complement: below 0 in air.
    var tissueDepth: Double
    /// The signed distance to the other bones, negative inside.
    var bone: Double
  }

  init(bite: Double, opening: Double, bodyLength: Double, isBare: Bool, random: inout SeededGenerator) {
    self.bite = bite
    self.opening = opening
    faceRadii = Vector(random.uniform(64...78), random.uniform(82...94), random.uniform(95...120))
    faceCentre = Vector(0, faceRadii.y - random.uniform(11...17), 45)
    neckRadius = random.uniform(50...64)
    chinThickness = random.uniform(7...13)
    fatThickness = random.uniform(2...9)
    throat = Vector(random.uniform(-2...2), bodyLength * 0.82 + random.uniform(-4...6), 0)
    throatRadii = SIMD2(random.uniform(6...15), random.uniform(3...9))
    mouthRadii = Vector(random.uniform(12...22), random.uniform(18...30), random.uniform(1.5...6) + opening / 2)
    hasMouthAir = random.happens(0.7)
    sinusRadii = Vector(random.uniform(9...14), random.uniform(14...19), random.uniform(11...16))
    spineBack = throat.y + throatRadii.y + random.uniform(14...19)
    spinePhase = random.uniform(0...18)
    hyoid = Vector(random.uniform(-2...2), throat.y - random.uniform(16...22), random.uniform(-16...2))
    hyoidRadius = random.uniform(1.8...3.6)
    maxillaHalf = random.uniform(4.5...6.5)
    let even = random.happens(0.3) ? -1000 : random.uniform(-120...90)
    surroundings = isBare ? even : nil
    seed = UInt32(truncatingIfNeeded: random.next())
  }

  /// The head at a place, where the mandible's surface is `mandible` away and the arch is `along` and `offset`.
  func sample(at point: Vector, mandible: Double, along: Double, offset: Double, ramusShare: Double) -> Sample {
    if let surroundings { return Sample(soft: surroundings, tissueDepth: 100, bone: 100) }
    let upper = bite + opening
    // Skin: face, chin and neck together.
    let face = Self.ellipsoid(point - faceCentre, faceRadii)
    let neck = max(SIMD2(point.x * 0.9, point.y - 92).lengthOfPlane - neckRadius, point.z - 30)
    var inside = smoothMinimum(smoothMinimum(face, neck, radius: 30), mandible - chinThickness, radius: 16)
    let skinDepth = -inside

    // Air spaces inside.
    let throatPlace = SIMD2(
      (point.x - throat.x) / throatRadii.x, (point.y - throat.y - 0.12 * (point.z - 20)) / throatRadii.y)
    let throatDistance = (throatPlace.lengthOfPlane - 1) * throatRadii.y
    inside = max(inside, -throatDistance)
    if hasMouthAir {
      let tongue = Self.ellipsoid(point - Vector(0, 34, bite + opening / 2 + 3), mouthRadii)
      inside = max(inside, -tongue)
    }
    let mirrored = Vector(abs(point.x), point.y, point.z)
    let sinus = Self.ellipsoid(mirrored - Vector(27, 44, upper + 34), sinusRadii)
    let nose = smoothMaximum(abs(mirrored.x - 7) - 5, max(upper + 25 - point.z, max(-point.y, point.y - 66)), radius: 4)
    inside = max(inside, max(-sinus, -nose))

    // Maxilla: alveolar process, palate, walls of the sinuses; then spine, hyoid bone and cheekbone.
    let process = smoothMaximum(
      abs(offset - 1.5) - maxillaHalf, max(abs(point.z - upper - 17.5) - 8.5, along - 52), radius: 4)
    let palate = smoothMaximum(
      abs(point.z - upper - 21 + 0.008 * point.x * point.x) - 1.1, max(abs(point.x) - 20, abs(point.y - 24) - 22),
      radius: 1)
    let wall = max(abs(sinus) - 0.8, -point.y)
    var bone = min(process, min(palate, wall))
    let level = (point.z + spinePhase) / 18
    let within = abs(level - level.rounded()) * 18
    let bodyRadius = 10.5 - 0.25 * (within - 4.5).magnitude
    let spine = max(SIMD2(point.x * 0.8, point.y - spineBack).lengthOfPlane - bodyRadius, 2.2 - (9 - within))
    let arms = max(SIMD2(point.x * 0.42, (point.y - spineBack - 11)).lengthOfPlane - 8.5, 4 - (9 - within))
    bone = min(bone, min(spine, arms))
    let horseshoe = SIMD2(point.x - hyoid.x, min(point.y - hyoid.y, 0)).lengthOfPlane - 16
    let hyoidDistance =
      (horseshoe * horseshoe + (point.z - hyoid.z - 0.15 * (point.y - hyoid.y))
        * (point.z - hyoid.z - 0.15 * (point.y - hyoid.y)))
      .squareRoot() - hyoidRadius
    bone = min(bone, max(hyoidDistance, point.y - hyoid.y - 26))
    let cheek = Self.capsule(mirrored, Vector(50, 22, upper + 26), Vector(65, 84, upper + 34)) - 3.4
    bone = min(bone, cheek)

    return Sample(soft: softValue(point, skinDepth, offset, along, ramusShare), tissueDepth: -inside, bone: bone)
  }

  /// The grey value of soft tissue: muscle on the ramus and in the tongue, fat under the skin and between.
  private func softValue(
    _ point: Vector, _ skinDepth: Double, _ offset: Double, _ along: Double, _ ramusShare: Double
  ) -> Double {
    let noise = Double(
      canalis_gradient_noise(Float(point.x / 13), Float(point.y / 13), Float(point.z / 17), seed))
    let fine = Double(canalis_gradient_noise(Float(point.x / 5), Float(point.y / 5), Float(point.z / 5), seed &+ 1))
    var fat = 0.15 + noise
    fat += 1.4 * (1 - smoothStep(fatThickness * 0.6, fatThickness * 1.4, skinDepth))
    fat -= 0.9 * ramusShare * (1 - smoothStep(10, 18, abs(offset)))
    fat -= 0.7 * smoothStep(6, 14, -offset) * (1 - ramusShare)
    return mix(60, -95, smoothStep(0.2, 0.75, fat)) + 14 * fine
  }

  private static func ellipsoid(_ point: Vector, _ radii: Vector) -> Double {
    ((point / radii).length - 1) * min(radii.x, min(radii.y, radii.z))
  }

  private static func capsule(_ point: Vector, _ start: Vector, _ end: Vector) -> Double {
    let axis = end - start
    let share = clamp((point - start).dot(axis) / axis.dot(axis), 0, 1)
    return (point - start - axis * share).length
  }
}

extension SIMD2<Double> {
  /// The Euclidean length.
  var lengthOfPlane: Double { (x * x + y * y).squareRoot() }
}
