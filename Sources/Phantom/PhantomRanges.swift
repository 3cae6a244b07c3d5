/// Between which limits the anatomy and the looks of synthetic jaws are drawn; lengths in millimetres, grey values in
/// Hounsfield units before the scanner's own scale, probabilities 0 to 1.
///
/// docs/phantom.md gives the published measurements behind the anatomical limits.
public struct PhantomRanges: Sendable, Equatable {
  // MARK: Mandible

  /// The distance along the arch from the midline over which it turns backward.
  public var archTurn: ClosedRange<Double> = 12...18
  /// The angle between the body behind the premolars and the midplane, in degrees.
  public var archDivergenceInDegrees: ClosedRange<Double> = 16...23
  /// The largest difference between the two sides' lengths, as a share.
  public var asymmetry: ClosedRange<Double> = 0...0.04
  /// The height of the body at the midline, with its teeth.
  public var symphysisHeight: ClosedRange<Double> = 26...36
  /// The height of the body at the first molar, with its teeth.
  public var molarHeight: ClosedRange<Double> = 23...32
  /// The share of the height above the canal that is lost where the teeth are.
  public var ridgeResorption: ClosedRange<Double> = 0.1...0.75
  /// The distance along the arch from the midline to the jaw angle.
  public var bodyLength: ClosedRange<Double> = 75...92
  /// The angle between body and ramus, in degrees.
  public var gonialAngleInDegrees: ClosedRange<Double> = 110...138
  /// The length of the ramus from the jaw angle to the condyle.
  public var ramusHeight: ClosedRange<Double> = 50...70
  /// The least width of the ramus from front to back.
  public var ramusWidth: ClosedRange<Double> = 27...38
  /// Half the body's thickness from cheek to tongue.
  public var bodyHalfThickness: ClosedRange<Double> = 4.6...7.2
  /// Half the ramus's thickness.
  public var ramusHalfThickness: ClosedRange<Double> = 2.8...4.8
  /// The thickness of the cortex at the lower border.
  public var basalCortex: ClosedRange<Double> = 1.8...4.5
  /// The thickness of the cortex on the cheek's side.
  public var buccalCortex: ClosedRange<Double> = 1.2...3.2
  /// The thickness of the cortex on the tongue's side.
  public var lingualCortex: ClosedRange<Double> = 0.9...2.6
  /// The thickness of the cortex of the ridge.
  public var crestalCortex: ClosedRange<Double> = 0.3...1.4
  /// The width over which cortex turns into marrow.
  public var endostealSoftness: ClosedRange<Double> = 0.3...1.8
  /// The grey value of cortex.
  public var corticalValue: ClosedRange<Double> = 1050...1900
  /// The mean grey value of marrow, fatty and dark to dense.
  public var marrowValue: ClosedRange<Double> = -130...650
  /// The deviation of grey values that trabeculae make.
  public var trabecularAmplitude: ClosedRange<Double> = 30...400
  /// The distance between trabeculae.
  public var trabecularWavelength: ClosedRange<Double> = 1.1...3.0

  // MARK: Canal

  /// The canal's mean diameter; along its course it varies by up to a third, kept within 2.0 to 5.5.
  public var canalDiameter: ClosedRange<Double> = 2.1...4.4
  /// The thickness of the canal's wall.
  public var wallThickness: ClosedRange<Double> = 0.3...1.2
  /// The grey value of the wall.
  public var wallValue: ClosedRange<Double> = 500...1500
  /// How much of the wall's grey value is seen where it is best: 0 none, 1 all.
  public var wallVisibility: ClosedRange<Double> = 0...1
  /// The share of the canal's length along which the wall is missing.
  public var brokenWall: ClosedRange<Double> = 0...0.6
  /// The grey value of nerve and vessels inside the wall.
  public var coreValue: ClosedRange<Double> = -60...360
  /// The ratio of the canal's height to its width.
  public var flattening: ClosedRange<Double> = 0.75...1.35
  /// The distance of the canal's centre from the lower border below the first molar.
  public var canalHeight: ClosedRange<Double> = 6.5...12
  /// The distance along the arch from the midline to the mental foramen.
  public var mentalForamenDistance: ClosedRange<Double> = 25...33
  /// The height of the mental foramen's centre above the lower border.
  public var mentalForamenHeight: ClosedRange<Double> = 9.5...15.5
  /// The probability of an anterior loop.
  public var loopProbability: Double = 0.36
  /// How far the loop reaches in front of the foramen.
  public var loopLength: ClosedRange<Double> = 1...5.5
  /// The probability of a second branch of the canal.
  public var bifidProbability: Double = 0.2
  /// The probability of an incisive canal that can be seen.
  public var incisiveProbability: Double = 0.85
  /// The number of unlabelled tubes a side that look like canals.
  public var lookAlikes: ClosedRange<Int> = 0...5
  /// The probability of a tube with the canal's own looks beside it, a side.
  public var twinProbability: Double = 0.25

  /// The number of dark defects and bright islands in the mandible's marrow.
  public var lesions: ClosedRange<Int> = 0...3
  /// The probability of a bare jaw: a bone in even surroundings, without other bones and air spaces.
  public var bareProbability: Double = 0.08

  // MARK: Teeth and metal

  /// The probability that no tooth is missing by more than chance.
  public var dentateProbability: Double = 0.62
  /// The probability that all teeth are missing.
  public var edentulousProbability: Double = 0.14
  /// The probability that a missing tooth is replaced by an implant, in a jaw with implants.
  public var implantProbability: Double = 0.4
  /// The probability that a tooth has a filling or a crown of metal, in a jaw with fillings.
  public var fillingProbability: Double = 0.3
  /// The probability that a third molar lies deep and leans forward.
  public var impactedProbability: Double = 0.35
  /// The probability of orthodontic brackets, in a jaw with metal.
  public var bracketProbability: Double = 0.1
  /// The probability that a jaw has metal at all.
  public var metalProbability: Double = 0.45
  /// The grey value of metal.
  public var metalValue: ClosedRange<Double> = 2800...9000
  /// The strength of streaks beside metal, in Hounsfield units at its edge.
  public var streakStrength: ClosedRange<Double> = 100...1100

  // MARK: Position

  /// Chin up (negative) or down, in degrees, from a level lower border.
  public var pitchInDegrees: ClosedRange<Double> = -6...30
  /// Turned to the left or right, in degrees.
  public var yawInDegrees: ClosedRange<Double> = -12...12
  /// Leaning to the left or right, in degrees.
  public var rollInDegrees: ClosedRange<Double> = -10...10

  // MARK: Scanner

  /// The voxel size, isotropic.
  public var spacing: ClosedRange<Double> = 0.2...0.6
  /// The probability of slices of another thickness than the voxel size in the plane.
  public var anisotropicProbability: Double = 0.15
  /// The ratio of slice distance to voxel size then.
  public var anisotropy: ClosedRange<Double> = 0.6...2
  /// The probability of a small field of view over one side or the chin.
  public var smallFieldProbability: Double = 0.2
  /// The probability that grey values end at a cylinder inside the array.
  public var cylinderProbability: Double = 0.45
  /// The deviation of the blur.
  public var blur: ClosedRange<Double> = 0.1...0.42
  /// The deviation of the noise.
  public var noise: ClosedRange<Double> = 15...150
  /// The share of the noise that is correlated between neighbours.
  public var noiseCorrelation: ClosedRange<Double> = 0...0.9
  /// The deviation of the correlated noise's blur, in voxels.
  public var noiseGrain: ClosedRange<Double> = 0.5...1.2
  /// The fall (negative) or rise of grey values from the axis to the edge of the field.
  public var cupping: ClosedRange<Double> = -150...260
  /// The deviation of slow shading.
  public var shading: ClosedRange<Double> = 0...90
  /// The height of ring artefacts.
  public var rings: ClosedRange<Double> = 0...35
  /// The probability of motion that doubles edges.
  public var motionProbability: Double = 0.15
  /// The distance of the doubled edges.
  public var motion: ClosedRange<Double> = 0.3...1.1
  /// The stored value of one Hounsfield unit.
  public var gain: ClosedRange<Double> = 0.55...1.5
  /// The stored value of water.
  public var offset: ClosedRange<Double> = -350...650
  /// The largest stored value that is not cut off.
  public var ceiling: ClosedRange<Double> = 2200...4095

  /// The ranges that models are trained on.
  public static let training = PhantomRanges()

  /// Looks and shapes outside the training ranges, for evaluation alone: each of these is drawn from beyond one end of
  /// its training range, or reaches beyond both.
  public static let outside: PhantomRanges = {
    var ranges = PhantomRanges()
    ranges.gonialAngleInDegrees = 104...142
    ranges.bodyHalfThickness = 4.2...7.8
    ranges.corticalValue = 1900...2200
    ranges.endostealSoftness = 1.8...2.2
    ranges.trabecularWavelength = 3.0...3.8
    ranges.canalHeight = 5.5...13.5
    ranges.pitchInDegrees = 30...38
    ranges.yawInDegrees = -20...20
    ranges.rollInDegrees = -15...15
    ranges.blur = 0.42...0.5
    ranges.noise = 150...180
    ranges.cupping = 260...340
    ranges.shading = 90...130
    ranges.gain = 1.5...2
    ranges.offset = 650...1000
    ranges.ceiling = 4095...6000
    ranges.streakStrength = 1100...1500
    return ranges
  }()
}
