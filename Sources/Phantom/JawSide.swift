import Volume

/// One half of a mandible as an unrolled sheet: a place is given by the distance along the arch from the midline, the
/// offset from the arch (outward positive) and the height above the lower border.
///
/// Coordinates of the jaw: x to the patient's left, y to the back, z to the head, in millimetres; the origin lies in
/// the arch at the midline, at the height of the lower border.
struct JawSide: Sendable {
  /// 1 on the patient's left, -1 on the right.
  let sign: Double
  let symphysisHeight: Double
  let molarHeight: Double
  let bodyLength: Double
  let ramusHeight: Double
  let ramusWidth: Double
  let bodyHalfThickness: Double
  let ramusHalfThickness: Double
  /// The direction of the ramus upward along its back, in (along, height).
  let ramusDirection: SIMD2<Double>
  let lingualLean: Double
  let fossaDepth: Double
  let flare: Double
  let condyle: SIMD2<Double>

  /// The arch at every millimetre from the midline, in (x · sign, y).
  private let arch: [SIMD2<Double>]
  private let headings: [SIMD2<Double>]
  private let outline: DistanceMap
  private let unrolling: ArchMap

  init(
    sign: Double, scale: Double, archTurn: Double, divergence: Double, symphysisHeight: Double, molarHeight: Double,
    bodyLength: Double, gonialAngle: Double, ramusHeight: Double, ramusWidth: Double, bodyHalfThickness: Double,
    ramusHalfThickness: Double, random: inout SeededGenerator
  ) {
    self.sign = sign
    self.symphysisHeight = symphysisHeight
    self.molarHeight = molarHeight
    self.bodyLength = bodyLength * scale
    self.ramusHeight = ramusHeight * scale
    self.ramusWidth = ramusWidth
    self.bodyHalfThickness = bodyHalfThickness
    self.ramusHalfThickness = ramusHalfThickness
    lingualLean = random.uniform(1...6)
    fossaDepth = random.uniform(0...2.2)
    flare = random.uniform(0.05...0.28)
    let (sine, cosine) = Elementary.sineAndCosine(Elementary.radians(gonialAngle - 90))
    ramusDirection = SIMD2(sine, cosine)

    // The arch turns from across to backward; behind the body it turns a little further.
    var points: [SIMD2<Double>] = [SIMD2(0, 0)]
    var directions: [SIMD2<Double>] = []
    let straightening = random.uniform(0...0.2)
    for step in 0...150 {
      let along = Double(step)
      let turn = along / (archTurn * scale)
      var angle =
        Elementary.radians(divergence) + (Double.pi / 2 - Elementary.radians(divergence)) / (1 + turn * turn)
      angle -= straightening * smoothStep(60, 100, along)
      let (across, back) = Elementary.sineAndCosine(angle)
      directions.append(SIMD2(across, back))
      points.append(points[step] + SIMD2(across, back))
    }
    arch = points
    headings = directions
    let corners = Self.outlineCorners(
      symphysisHeight: symphysisHeight, molarHeight: molarHeight, bodyLength: self.bodyLength,
      ramusDirection: ramusDirection, ramusHeight: self.ramusHeight, ramusWidth: ramusWidth, random: &random)
    outline = DistanceMap(polygon: corners.polygon)
    condyle = corners.condyle
    unrolling = ArchMap(arch: points, headings: directions)
  }

  /// The outline of the unrolled half seen from the side, from the midline along the lower border, and its condyle.
  private static func outlineCorners(
    symphysisHeight: Double, molarHeight: Double, bodyLength: Double, ramusDirection up: SIMD2<Double>,
    ramusHeight: Double, ramusWidth: Double, random: inout SeededGenerator
  ) -> (polygon: [SIMD2<Double>], condyle: SIMD2<Double>) {
    let angle = SIMD2(bodyLength - 2, 0.0)
    let notch = random.uniform(0.5...3.5)
    let sigmoid = random.uniform(10...16)
    func onRamus(_ height: Double, _ forward: Double) -> SIMD2<Double> {
      angle + up * height - SIMD2(forward, 0)
    }
    let crestEnd = onRamus(molarHeight / up.y, ramusWidth + 2)
    let polygon = [
      SIMD2(-40.0, 0.5), SIMD2(-15, 0.2), SIMD2(0, 0), SIMD2(20, 0), SIMD2(45, 0.6),
      SIMD2(bodyLength - 22, notch), SIMD2(bodyLength - 9, 1.2), SIMD2(bodyLength - 1, 2.5),
      onRamus(9, -2.5), onRamus(ramusHeight * 0.5, 0.5), onRamus(ramusHeight * 0.8, 0),
      onRamus(ramusHeight * 0.95, -3), onRamus(ramusHeight + 1, 1), onRamus(ramusHeight, 8),
      onRamus(ramusHeight * 0.86, 9), onRamus(ramusHeight - sigmoid, ramusWidth * 0.5),
      onRamus(ramusHeight * 0.86, ramusWidth * 0.78), onRamus(ramusHeight * 0.98, ramusWidth * 0.95),
      onRamus(ramusHeight * 0.85, ramusWidth * 1.1), onRamus(ramusHeight * 0.58, ramusWidth),
      crestEnd + SIMD2(-1, 4), crestEnd + SIMD2(-7, 0), SIMD2(42, molarHeight),
      SIMD2(22, (molarHeight + symphysisHeight) / 2), SIMD2(0, symphysisHeight), SIMD2(-15, symphysisHeight),
      SIMD2(-40, molarHeight),
    ]
    return (smoothed(smoothed(polygon)), onRamus(ramusHeight * 0.95, 4))
  }

  /// A closed polygon with its corners cut, after Chaikin.
  private static func smoothed(_ polygon: [SIMD2<Double>]) -> [SIMD2<Double>] {
    polygon.indices.flatMap { index in
      let next = polygon[(index + 1) % polygon.count]
      return [polygon[index] * 0.75 + next * 0.25, polygon[index] * 0.25 + next * 0.75]
    }
  }

  /// The height of the ridge.
  func crestHeight(along: Double) -> Double {
    mix(symphysisHeight, molarHeight, smoothStep(0, 42, along))
  }

  /// The offset of the bone's middle from the arch and half its thickness, at a place of the unrolled half.
  func section(along: Double, height: Double) -> (middle: Double, half: Double) {
    let ramusShare = smoothStep(bodyLength - 30, bodyLength - 10, along + max(height - 25, 0) * 0.5)
    let relative = height / max(crestHeight(along: min(along, 60)), 12)
    let molarShare = smoothStep(15, 45, along)
    let bulge = 1 - 0.35 * (relative - 0.4) * (relative - 0.4)
    let bodyHalf =
      bodyHalfThickness * bulge * mix(0.92, 1, molarShare) - 0.25 * fossaDepth * molarShare
      * smoothStep(0, 0.25, relative) * (1 - smoothStep(0.45, 0.7, relative))
    let lean = mix(1.5, lingualLean, molarShare)
    let bodyMiddle = lean * (0.4 - relative) + 0.25 * fossaDepth * molarShare
    let head = SIMD2(along, height) - condyle
    let headShare = max(0, 1 - (head.x * head.x + head.y * head.y) / 81)
    let ramusHalf = ramusHalfThickness * (1 - 0.25 * smoothStep(20, 55, height)) + 5.5 * headShare
    let ramusMiddle = flare * (height - 15)
    return (mix(bodyMiddle, ramusMiddle, ramusShare), mix(bodyHalf, ramusHalf, ramusShare))
  }

  /// The signed distance to the outline seen from the side, negative inside; about right within a few millimetres.
  func outlineDistance(along: Double, height: Double) -> Double {
    outline.value(at: SIMD2(along, height))
  }

  /// The signed distance to the surface of the bone, negative inside.
  func distance(along: Double, offset: Double, height: Double) -> Double {
    let section = section(along: along, height: height)
    let outline = outlineDistance(along: along, height: height)
    let sheet = abs(offset - section.middle) - section.half
    // Borders are round: over nearly the whole thickness in the body, less in the thin ramus.
    return smoothMaximum(outline, sheet, radius: 1.6 * section.half)
  }

  /// The place along the arch and the offset from it of a point (x · sign, y).
  func unrolled(_ point: SIMD2<Double>) -> (along: Double, offset: Double) {
    let value = unrolling.value(at: point)
    return (value.x, value.y)
  }

  /// The place in the jaw of a place of the unrolled half.
  func place(along: Double, offset: Double, height: Double) -> Vector {
    let clamped = clamp(along, 0, Double(arch.count - 2) - 0.001)
    let index = Int(clamped)
    let share = clamped - Double(index)
    let base = arch[index] + (arch[index + 1] - arch[index]) * share
    let next = headings[min(index + 1, headings.count - 1)]
    let heading = (headings[index] + (next - headings[index]) * share)
    let beyond = along - clamped
    // Outward is to the right of the heading seen from above: across the arch away from the tongue.
    let point = base + heading * beyond + SIMD2(heading.y, -heading.x) * offset
    return Vector(point.x * sign, point.y, height)
  }
}
