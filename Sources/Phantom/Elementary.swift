/// Sine, cosine and exponential from sums and products alone, so that they have the same bits on every machine, which
/// the C library's do not.
enum Elementary {
  /// The sine and cosine of an angle in radians, to about 1e-15 for angles below 1e6.
  static func sineAndCosine(_ angle: Double) -> (sine: Double, cosine: Double) {
    let quarters = (angle / (Double.pi / 2)).rounded()
    let x = angle - quarters * (Double.pi / 2)
    let square = x * x
    var sine = 0.0
    var cosine = 0.0
    // Taylor's series by Horner's rule; |x| is at most π/4.
    for n in stride(from: 17.0, through: 1, by: -2) { sine = 1 - square / ((n + 1) * (n + 2)) * sine }
    for n in stride(from: 16.0, through: 0, by: -2) { cosine = 1 - square / ((n + 1) * (n + 2)) * cosine }
    sine *= x
    switch Int(quarters) & 3 {
    case 0: return (sine, cosine)
    case 1: return (cosine, -sine)
    case 2: return (-sine, -cosine)
    default: return (-cosine, sine)
    }
  }

  /// The exponential of a number, to about 1e-14 of its size; beyond -700 and 700 that of the limit.
  static func exponential(_ value: Double) -> Double {
    let halvings = 8
    let x = clamp(value, -700, 700) / Double(1 << halvings)
    var result = 1.0
    for n in stride(from: 20.0, through: 1, by: -1) { result = 1 + x / n * result }
    for _ in 0..<halvings { result *= result }
    return result
  }

  /// An angle in radians from degrees.
  static func radians(_ degrees: Double) -> Double { degrees * (Double.pi / 180) }
}

/// A place or direction in millimetres.
typealias Vector = SIMD3<Double>

extension SIMD3 where Scalar: FloatingPoint {
  /// The scalar product.
  func dot(_ other: Self) -> Scalar { x * other.x + y * other.y + z * other.z }
  /// The Euclidean length.
  var length: Scalar { dot(self).squareRoot() }
  /// The vector of length 1 in the same direction; the vector itself when it has no length.
  var normalized: Self { length > 0 ? self / length : self }
  /// The vector product.
  func cross(_ other: Self) -> Self {
    Self(y * other.z - z * other.y, z * other.x - x * other.z, x * other.y - y * other.x)
  }
}

/// A value between two others, or beyond them.
@inline(__always)
func mix<Value: FloatingPoint>(_ first: Value, _ second: Value, _ share: Value) -> Value {
  first + (second - first) * share
}

/// A value kept between two limits.
@inline(__always)
func clamp<Value: Comparable>(_ value: Value, _ low: Value, _ high: Value) -> Value {
  min(max(value, low), high)
}

/// A smooth step from 0 at `low` to 1 at `high`.
@inline(__always)
func smoothStep<Value: FloatingPoint>(_ low: Value, _ high: Value, _ value: Value) -> Value {
  let share = clamp((value - low) / (high - low), 0, 1)
  return share * share * (3 - 2 * share)
}

/// The larger of two distances, rounded where they are within `radius` of one another.
@inline(__always)
func smoothMaximum<Value: FloatingPoint>(_ first: Value, _ second: Value, radius: Value) -> Value {
  let overlap = max(radius - abs(first - second), 0) / radius
  return max(first, second) + overlap * overlap * radius / 4
}

/// The smaller of two distances, rounded where they are within `radius` of one another.
@inline(__always)
func smoothMinimum<Value: FloatingPoint>(_ first: Value, _ second: Value, radius: Value) -> Value {
  -smoothMaximum(-first, -second, radius: radius)
}
