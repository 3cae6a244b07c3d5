import CKernels
import Volume

/// Turns tissue into what a cone-beam scanner records: blur and motion, streaks, rings, shading, noise, and the
/// scanner's own scale.
struct ScannerEffects {
  let scanner: Scanner
  let anatomy: JawAnatomy

  /// The weights of neighbours along an axis, centred; an odd number of them.
  func taps(axis: Int) -> [Float] {
    let spacing = scanner.spacing[axis]
    let sigma = (axis == 0 ? scanner.slicesBlur : scanner.blur) / spacing
    var shift = 0.0
    var share = 0.0
    if let motion = scanner.motion, motion.axis == axis {
      shift = motion.distance / spacing
      share = motion.share
    }
    let radius = Int((3 * max(sigma, 0.05) + shift).rounded(.up))
    let weights = (-radius...radius).map { index in
      let here = Double(index)
      return (1 - share) * Self.bell(here, sigma) + share * Self.bell(here - shift, sigma)
    }
    let total = weights.reduce(0, +)
    return weights.map { Float($0 / total) }
  }

  private static func bell(_ distance: Double, _ sigma: Double) -> Double {
    // Below half a voxel a bell sampled at voxels would vanish between them.
    let width = max(sigma, 0.3)
    return Elementary.exponential(-min(distance * distance / (2 * width * width), 200))
  }

  /// How many voxels around a region are needed to record it.
  var margin: Axes3<Int> { Axes3(0, 1, 2).map { taps(axis: $0).count / 2 } }

  /// Records a box whose margin is `margin` larger than the region wanted: values in region order, axis 2 fastest.
  func recorded(_ box: RenderBox) -> [Float] {
    let margin = margin
    let region = Axes3(
      box.shape.axis0 - 2 * margin.axis0, box.shape.axis1 - 2 * margin.axis1, box.shape.axis2 - 2 * margin.axis2)
    let origin = Axes3(
      box.origin.axis0 + margin.axis0, box.origin.axis1 + margin.axis1, box.origin.axis2 + margin.axis2)
    var values = SeparableFilter.filtered(box.values, shape: box.shape, taps: Axes3(0, 1, 2).map(taps))
    addStreaks(&values, origin: origin, shape: region)
    addShadingAndRings(&values, origin: origin, shape: region)
    addNoise(&values, origin: origin, shape: region)
    store(&values, origin: origin, shape: region)
    return values
  }

  // MARK: Metal

  private func addStreaks(_ values: inout [Float], origin: Axes3<Int>, shape: Axes3<Int>) {
    for (number, metal) in anatomy.dentition.metals.enumerated() {
      var random = SeededGenerator(seed: UInt64(scanner.seed)).split(UInt64(number) + 1000)
      let ends = metal.points.map { scanner.scanned($0) }
      let middle = ends.reduce(Vector(), +) / Double(ends.count)
      let size = max(metal.radius, 1.5)
      let height = size + ends.map { abs($0.z - middle.z) }.reduce(0, max)
      let strength = scanner.streakStrength * min(metal.value / 5000, 1.5)
      let rays = (0..<random.integer(5...11)).map { _ in
        (
          direction: Elementary.sineAndCosine(random.uniform(0...Double.pi)),
          amplitude: strength * random.uniform(-0.8...0.7), width: size * random.uniform(0.25...0.8),
          spread: random.uniform(0.01...0.06), reach: random.uniform(6...30)
        )
      }
      let (rise, run) = (scanner.spacing.axis1, scanner.spacing.axis2)
      values.withUnsafeMutableBufferPointer { values in
        guard let base = values.baseAddress else { return }
        for index0 in 0..<shape.axis0 {
          let apart = abs(Double(origin.axis0 + index0) * scanner.spacing.axis0 - middle.z) / height
          let share = Elementary.exponential(-apart * apart * apart * apart)
          guard share > 0.01 else { continue }
          for index1 in 0..<shape.axis1 {
            let row = base + (index0 * shape.axis1 + index1) * shape.axis2
            let dy = Double(origin.axis1 + index1) * rise - middle.y
            for ray in rays {
              canalis_streak_row(
                row, shape.axis2, Int32(origin.axis2), Float(-middle.x), Float(dy), Float(run),
                Float(ray.direction.cosine),
                Float(ray.direction.sine), Float(ray.width), Float(ray.spread), Float(ray.reach),
                Float(ray.amplitude * share))
            }
          }
        }
      }
    }
  }

  // MARK: Shading and rings

  private func addShadingAndRings(_ values: inout [Float], origin: Axes3<Int>, shape: Axes3<Int>) {
    let middle = scanner.halfExtent
    let spacing = scanner.spacing
    let radius = Float(max(middle.x, middle.y, 1))
    let cupping = Float(scanner.cupping)
    let rings = ringProfile()
    let wavelength: Float = 45
    values.withUnsafeMutableBufferPointer { values in
      guard let base = values.baseAddress else { return }
      for index0 in 0..<shape.axis0 {
        let z = Float(origin.axis0 + index0) * Float(spacing.axis0)
        for index1 in 0..<shape.axis1 {
          let row = base + (index0 * shape.axis1 + index1) * shape.axis2
          let y = Float(origin.axis1 + index1) * Float(spacing.axis1)
          canalis_gradient_noise_row(
            row, shape.axis2, Int32(origin.axis2), 0, y / wavelength, z / wavelength,
            Float(spacing.axis2) / wavelength, 0, 0, scanner.seed &+ 5, Float(scanner.shading) * 2)
          let dy = y - Float(middle.y)
          for index2 in 0..<shape.axis2 {
            let dx = Float(origin.axis2 + index2) * Float(spacing.axis2) - Float(middle.x)
            let square = dx * dx + dy * dy
            row[index2] += cupping * (square / (radius * radius) - 0.4)
            if !rings.isEmpty {
              let place = square.squareRoot() * 4
              let index = Int(place)
              if index + 1 < rings.count { row[index2] += mix(rings[index], rings[index + 1], place - Float(index)) }
            }
          }
        }
      }
    }
  }

  /// The height of rings at every quarter of a millimetre from the axis; empty without rings.
  private func ringProfile() -> [Float] {
    guard scanner.rings > 0 else { return [] }
    var random = SeededGenerator(seed: UInt64(scanner.seed)).split(77)
    var profile = [Float](repeating: 0, count: 400)
    for _ in 0..<random.integer(3...14) {
      let at = random.integer(2...390)
      profile[at] += Float(scanner.rings * random.uniform(-1...1))
      profile[at + 1] += profile[at] * 0.5
    }
    return profile
  }

  // MARK: Noise

  private func addNoise(_ values: inout [Float], origin: Axes3<Int>, shape: Axes3<Int>) {
    let correlated = Float((scanner.noiseCorrelation).squareRoot() * scanner.noise)
    let white = Float((1 - scanner.noiseCorrelation).squareRoot() * scanner.noise)
    let radius = 2
    let grain = (-radius...radius).map { Float(Self.bell(Double($0), scanner.noiseGrain)) }
    let norm = grain.reduce(0) { $0 + $1 * $1 }.squareRoot()
    let taps = grain.map { $0 / norm }
    let padded = shape.map { $0 + 2 * radius }
    let source = noise(origin: origin.map { $0 - radius }, shape: padded, seed: scanner.seed &+ 31)
    let smooth = SeparableFilter.filtered(source, shape: padded, taps: Axes3(repeating: taps))
    let rough = noise(origin: origin, shape: shape, seed: scanner.seed &+ 32)
    for index in values.indices { values[index] += correlated * smooth[index] + white * rough[index] }
  }

  private func noise(origin: Axes3<Int>, shape: Axes3<Int>, seed: UInt32) -> [Float] {
    [Float](unsafeUninitializedCapacity: shape.product) { buffer, count in
      guard let base = buffer.baseAddress else { return }
      for index0 in 0..<shape.axis0 {
        for index1 in 0..<shape.axis1 {
          canalis_white_noise_row(
            base + (index0 * shape.axis1 + index1) * shape.axis2, shape.axis2, Int32(origin.axis2),
            Int32(origin.axis1 + index1), Int32(origin.axis0 + index0), seed)
        }
      }
      count = shape.product
    }
  }

  // MARK: Scale

  private func store(_ values: inout [Float], origin: Axes3<Int>, shape: Axes3<Int>) {
    let middle = scanner.halfExtent
    let (gain, offset) = (Float(scanner.gain), Float(scanner.offset))
    let (floor, ceiling) = (Float(scanner.floor), Float(scanner.ceiling))
    let limit = scanner.cylinderRadius.map { Float($0 * $0) }
    var at = 0
    for _ in 0..<shape.axis0 {
      for index1 in 0..<shape.axis1 {
        let dy = Float(origin.axis1 + index1) * Float(scanner.spacing.axis1) - Float(middle.y)
        for index2 in 0..<shape.axis2 {
          let dx = Float(origin.axis2 + index2) * Float(scanner.spacing.axis2) - Float(middle.x)
          if let limit, dx * dx + dy * dy > limit {
            values[at] = floor
          } else {
            values[at] = clamp((values[at] * gain + offset).rounded(), floor, ceiling)
          }
          at += 1
        }
      }
    }
  }
}
