/// A map from voxel indices to patient coordinates in millimetres, NIfTI's convention (RAS+): x grows toward the
/// patient's right, y toward the front, z toward the head.
///
/// Row r of `rows` gives coordinate r as `rows[r][0] * i + rows[r][1] * j + rows[r][2] * k + rows[r][3]`, where
/// `(i, j, k)` = `(axis2, axis1, axis0)`.
public struct Affine: Sendable, Equatable {
  /// Three rows of four numbers.
  public let rows: [[Double]]

  /// Creates a map from three rows of four numbers.
  public init(rows: [[Double]]) {
    precondition(rows.count == 3 && rows.allSatisfy { $0.count == 4 }, "an affine has three rows of four numbers")
    self.rows = rows
  }

  /// The step in millimetres, `[x, y, z]`, from a voxel to the next along an array axis, 0 to 2.
  public func step(alongAxis axis: Int) -> SIMD3<Double> {
    precondition((0..<3).contains(axis), "an axis is 0, 1 or 2")
    return SIMD3(rows[0][2 - axis], rows[1][2 - axis], rows[2][2 - axis])
  }

  /// The place of voxel (0, 0, 0), millimetres.
  public var origin: SIMD3<Double> { SIMD3(rows[0][3], rows[1][3], rows[2][3]) }

  /// Creates a map from its steps along the array axes and its origin, all `[x, y, z]` in millimetres.
  public init(steps: Axes3<SIMD3<Double>>, origin: SIMD3<Double>) {
    self.init(rows: (0..<3).map { [steps.axis2[$0], steps.axis1[$0], steps.axis0[$0], origin[$0]] })
  }

  /// Whether every number is finite and no axis is parallel to a combination of the others.
  public var isUsable: Bool {
    guard rows.allSatisfy({ $0.allSatisfy(\.isFinite) }) else { return false }
    let lengths = (0..<3).map { length(step(alongAxis: $0)) }
    guard lengths.allSatisfy({ $0.isFinite && $0 > 0 }) else { return false }
    return abs(determinant(ofStepsDividedBy: lengths)) > 1e-6
  }

  /// Finds the patient position of a voxel.
  ///
  /// - Parameter voxel: A voxel index, `[axis0, axis1, axis2]`; fractions lie between voxel centres.
  /// - Returns: Where the voxel's centre lies.
  public func position(ofVoxel voxel: Axes3<Double>) -> PatientPosition {
    var result = origin
    for axis in 0..<3 { result += step(alongAxis: axis) * voxel[axis] }
    return PatientPosition(right: result.x, anterior: result.y, superior: result.z)
  }

  /// Finds the voxel at a patient position.
  ///
  /// - Parameter position: A place in the patient.
  /// - Returns: The voxel index, `[axis0, axis1, axis2]`, with fractions, possibly outside the grid; `nil` when the
  ///   affine is singular.
  public func voxel(at position: PatientPosition) -> Axes3<Double>? {
    guard isUsable else { return nil }
    let steps = Axes3(0, 1, 2).map { step(alongAxis: $0) }
    let offset = SIMD3(position.right, position.anterior, position.superior) - origin
    let volume = dot(steps.axis0, cross(steps.axis1, steps.axis2))
    return Axes3(
      dot(offset, cross(steps.axis1, steps.axis2)) / volume,
      dot(offset, cross(steps.axis2, steps.axis0)) / volume,
      dot(offset, cross(steps.axis0, steps.axis1)) / volume)
  }

  private func determinant(ofStepsDividedBy lengths: [Double]) -> Double {
    let unit = (0..<3).map { step(alongAxis: $0) / lengths[$0] }
    return dot(unit[0], cross(unit[1], unit[2]))
  }

  private func length(_ vector: SIMD3<Double>) -> Double { dot(vector, vector).squareRoot() }

  private func dot(_ first: SIMD3<Double>, _ second: SIMD3<Double>) -> Double { (first * second).sum() }

  private func cross(_ first: SIMD3<Double>, _ second: SIMD3<Double>) -> SIMD3<Double> {
    SIMD3(
      first.y * second.z - first.z * second.y,
      first.z * second.x - first.x * second.z,
      first.x * second.y - first.y * second.x)
  }
}

/// A place in the patient, millimetres from the scanner's origin.
public struct PatientPosition: Sendable, Equatable {
  /// Millimetres toward the patient's right (NIfTI's x).
  public var right: Double
  /// Millimetres toward the front (NIfTI's y).
  public var anterior: Double
  /// Millimetres toward the head (NIfTI's z).
  public var superior: Double

  /// Creates a place from NIfTI's x, y and z.
  public init(right: Double, anterior: Double, superior: Double) {
    self.right = right
    self.anterior = anterior
    self.superior = superior
  }

  /// The place as clinicians write it: each coordinate without a sign behind the direction it is measured in, for
  /// instance `L 12.3 P 4.0 S 30.1`.
  public var lettered: String {
    func part(_ value: Double, _ positive: String, _ negative: String) -> String {
      let tenths = (abs(value) * 10).rounded() / 10
      return "\(value < 0 ? negative : positive) \(tenths)"
    }
    return [part(right, "R", "L"), part(anterior, "A", "P"), part(superior, "S", "I")].joined(separator: " ")
  }
}
