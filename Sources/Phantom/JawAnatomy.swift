import CKernels
import Volume

/// A whole head's anatomy, drawn from a seed and independent of any grid.
struct JawAnatomy: Sendable {
  let left: JawSide
  let right: JawSide
  let leftCourse: CanalBuilder.Course
  let rightCourse: CanalBuilder.Course
  let dentition: Dentition
  let tissue: HeadTissue
  let bone: BoneTexture
  let lesions: [Lesion]

  init(ranges: PhantomRanges, random source: SeededGenerator) {
    var shape = source.split(1)
    let tooth = source.split(2)
    var canals = source.split(3)
    var texture = source.split(4)
    var head = source.split(5)

    let teeth = Self.teethState(ranges: ranges, random: &shape)
    bone = BoneTexture(ranges: ranges, random: &texture)
    let lowering = teeth.missing >= 1 ? shape.uniform(ranges.ridgeResorption) : 0
    func lowered(_ height: Double) -> Double { max(height - lowering * (height - 13), 12) }
    let symphysis = lowered(shape.uniform(ranges.symphysisHeight))
    let molar = lowered(shape.uniform(ranges.molarHeight))
    let turn = shape.uniform(ranges.archTurn)
    let divergence = shape.uniform(ranges.archDivergenceInDegrees)
    let length = shape.uniform(ranges.bodyLength)
    let angle = shape.uniform(ranges.gonialAngleInDegrees)
    let height = shape.uniform(ranges.ramusHeight)
    let width = shape.uniform(ranges.ramusWidth)
    let half = shape.uniform(ranges.bodyHalfThickness)
    let ramusHalf = shape.uniform(ranges.ramusHalfThickness)
    let difference = shape.uniform(ranges.asymmetry) * (shape.happens(0.5) ? 0.5 : -0.5)
    func side(_ sign: Double) -> JawSide {
      JawSide(
        sign: sign, scale: 1 + sign * difference, archTurn: turn, divergence: divergence, symphysisHeight: symphysis,
        molarHeight: molar, bodyLength: length, gonialAngle: angle, ramusHeight: height, ramusWidth: width,
        bodyHalfThickness: half, ramusHalfThickness: ramusHalf, random: &shape)
    }
    left = side(1)
    right = side(-1)
    leftCourse = CanalBuilder(side: left, ranges: ranges, marrow: bone.marrow, texture: bone.amplitude).course(&canals)
    rightCourse = CanalBuilder(side: right, ranges: ranges, marrow: bone.marrow, texture: bone.amplitude).course(
      &canals)

    let bite = max(molar, 20) + shape.uniform(6.5...9)
    let opening = shape.happens(0.5) ? shape.uniform(0...2) : shape.uniform(2...12)
    let habits = Dentition.Habits(
      missing: teeth.missing, implant: teeth.hasImplants ? ranges.implantProbability : 0,
      filling: teeth.hasMetal ? ranges.fillingProbability : 0, metalValue: ranges.metalValue,
      scale: shape.uniform(0.9...1.07), impacted: ranges.impactedProbability,
      hasBrackets: teeth.hasMetal && shape.happens(ranges.bracketProbability), bite: bite, opening: opening,
      pulpShare: shape.uniform(0.15...0.4),
      enamelThickness: shape.uniform(0.7...1.4))
    var dentition = Dentition()
    var leftTeeth = tooth.split(1)
    var rightTeeth = tooth.split(2)
    dentition.add(side: left, canal: leftCourse, habits: habits, random: &leftTeeth)
    dentition.add(side: right, canal: rightCourse, habits: habits, random: &rightTeeth)
    self.dentition = dentition
    tissue = HeadTissue(
      bite: bite, opening: opening, bodyLength: length, isBare: head.happens(ranges.bareProbability), random: &head)
    var lesion = source.split(6)
    let sides = [left, right]
    lesions = (0..<lesion.integer(ranges.lesions)).map { _ in
      Lesion(side: sides[lesion.integer(0...1)], random: &lesion)
    }
  }

  private static func teethState(
    ranges: PhantomRanges, random: inout SeededGenerator
  ) -> (missing: Double, hasImplants: Bool, hasMetal: Bool) {
    let draw = random.unit()
    let hasMetal = random.happens(ranges.metalProbability)
    let hasImplants = hasMetal && random.happens(0.5)
    if draw < ranges.edentulousProbability { return (1, hasImplants, hasMetal) }
    if draw < ranges.edentulousProbability + ranges.dentateProbability {
      return (random.uniform(0...0.12), hasImplants, hasMetal)
    }
    return (random.uniform(0.2...0.7), hasImplants, hasMetal)
  }

  /// What is at a place of the jaw, at the scale of a millimetre.
  struct Sample {
    /// The signed distance to the mandible's surface, negative inside.
    var mandible = 0.0
    /// The thickness of its cortex here.
    var cortex = 0.0
    /// The mean grey value of its marrow here.
    var marrow = 0.0
    /// The rest of the head.
    var head = HeadTissue.Sample(soft: 0, tissueDepth: 0, bone: 0)
  }

  func sample(at point: Vector) -> Sample {
    let side = point.x >= 0 ? left : right
    let (along, offset) = side.unrolled(SIMD2(point.x * side.sign, point.y))
    let section = side.section(along: along, height: point.z)
    var mandible = side.distance(along: along, offset: offset, height: point.z)
    var sample = Sample()
    let ramusShare = smoothStep(side.bodyLength - 30, side.bodyLength - 12, along)
    if mandible < 12 {
      let slow = bone.slowNoise(at: point)
      mandible += 0.35 * slow
      sample.cortex = bone.cortex(
        relativeHeight: point.z / side.crestHeight(along: min(along, 60)),
        outward: (offset - section.middle) / section.half,
        ramusShare: ramusShare, noise: slow)
      sample.marrow = bone.marrowValue(at: point, along: along)
    }
    sample.mandible = mandible
    sample.head = tissue.sample(
      at: point, mandible: mandible, along: along, offset: offset, ramusShare: ramusShare)
    return sample
  }
}

/// Cortex and marrow: thicknesses, grey values and textures.
struct BoneTexture: Sendable {
  let corticalValue: Double
  let softness: Double
  let marrow: Double
  let amplitude: Double
  let wavelength: Double
  /// The share of the texture made of ridges (plates and rods) rather than of waves.
  let ridgeShare: Double
  /// The share of coarse texture: marrow spaces as wide as a canal.
  let coarseShare: Double
  let seed: UInt32
  private let basal: Double
  private let buccal: Double
  private let lingual: Double
  private let crestal: Double
  private let slowAmplitude: Double
  private let frontRise: Double

  init(ranges: PhantomRanges, random: inout SeededGenerator) {
    corticalValue = random.uniform(ranges.corticalValue)
    softness = random.uniform(ranges.endostealSoftness)
    marrow = random.uniform(ranges.marrowValue)
    amplitude = random.uniform(ranges.trabecularAmplitude) * mix(0.6, 1, smoothStep(-100, 500, marrow))
    wavelength = random.uniform(ranges.trabecularWavelength)
    ridgeShare = random.uniform(0...0.9)
    coarseShare = random.uniform(0...0.9)
    basal = random.uniform(ranges.basalCortex)
    buccal = random.uniform(ranges.buccalCortex)
    lingual = random.uniform(ranges.lingualCortex)
    crestal = random.uniform(ranges.crestalCortex)
    slowAmplitude = random.uniform(20...160)
    frontRise = random.uniform(-60...220)
    seed = UInt32(truncatingIfNeeded: random.next())
  }

  /// Noise of about a centimetre's wavelength.
  func slowNoise(at point: Vector) -> Double {
    Double(canalis_gradient_noise(Float(point.x / 9), Float(point.y / 9), Float(point.z / 9), seed &+ 11))
  }

  func cortex(relativeHeight: Double, outward: Double, ramusShare: Double, noise: Double) -> Double {
    let sideways = mix(lingual, buccal, smoothStep(-0.6, 0.6, outward))
    let body = mix(sideways, basal, 1 - smoothStep(0, 0.32, relativeHeight))
    let crest = mix(body, crestal, smoothStep(0.78, 0.98, relativeHeight))
    return mix(crest, 0.75 * sideways, ramusShare) * (1 + 0.35 * noise)
  }

  func marrowValue(at point: Vector, along: Double) -> Double {
    let noise = Double(
      canalis_gradient_noise(Float(point.x / 14), Float(point.y / 14), Float(point.z / 14), seed &+ 12))
    return marrow + slowAmplitude * noise + frontRise * (1 - smoothStep(10, 45, along))
  }
}
