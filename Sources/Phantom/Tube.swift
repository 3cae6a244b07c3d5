import Volume

/// A tube along a line: a canal, a root or an implant.
struct Tube: Sendable {
  /// The centre line in the jaw's millimetres, at least two places.
  var points: [Vector]
  /// The radius of the lumen at each place.
  var radii: [Double]
  /// The ratio of the lumen's height to its width, in the plane across the tube; the area stays.
  var flattening = 1.0
  var wallThickness = 0.0
  /// The grey value of the wall.
  var wallValue = 0.0
  /// How much of the wall is seen at each place, 0 to 1.
  var wallShares: [Double]
  /// The grey value of the lumen at each place.
  var coreValues: [Double]
  var structure: PhantomStructure
  /// The truth's label, or 0.
  var label: UInt8 = 0

  /// How far beyond the centre line anything of the tube is painted.
  var reach: Double { ((radii.max() ?? 0) * max(flattening, 1 / flattening).squareRoot() + wallThickness) }
}

/// A smooth curve through points, after Catmull and Rom.
struct SmoothCurve {
  let points: [Vector]

  /// The place at a parameter from 0 to `points.count - 1`.
  func place(at parameter: Double) -> Vector {
    let last = points.count - 1
    let index = clamp(Int(parameter), 0, last - 1)
    let t = parameter - Double(index)
    let p1 = points[index]
    let p2 = points[index + 1]
    let p0 = index > 0 ? points[index - 1] : p1 * 2 - p2
    let p3 = index + 2 <= last ? points[index + 2] : p2 * 2 - p1
    let linear = (p2 - p0) * 0.5
    let square = p0 - p1 * 2.5 + p2 * 2 - p3 * 0.5
    let cube = (p3 - p0) * 0.5 + (p1 - p2) * 1.5
    return p1 + (linear + (square + cube * t) * t) * t
  }

  /// Places along the curve, nearly equally spaced.
  func sampled(step: Double, measuredBy place: (Vector) -> Vector) -> [Vector] {
    var result: [Vector] = []
    for index in 0..<points.count - 1 {
      let count = max(2, Int((place(points[index + 1]) - place(points[index])).length / step))
      for part in 0..<count {
        result.append(self.place(at: Double(index) + Double(part) / Double(count)))
      }
    }
    result.append(points[points.count - 1])
    return result
  }
}

/// A smooth random function of one number: a sum of three waves with random phases, about -1 to 1.
struct Wave {
  private let phases: [Double]
  private let frequencies: [Double]

  init(wavelength: Double, random: inout SeededGenerator) {
    phases = (0..<3).map { _ in random.uniform(0...(2 * Double.pi)) }
    frequencies = (0..<3).map { _ in 2 * Double.pi / (wavelength * random.uniform(0.6...1.8)) }
  }

  func value(at position: Double) -> Double {
    var sum = 0.0
    for (phase, frequency) in zip(phases, frequencies) {
      sum += Elementary.sineAndCosine(position * frequency + phase).sine
    }
    return sum / 1.9
  }
}
