import Volume

/// A scan's voxels seen in patient axes: 0 grows to the patient's left, 1 to the back, 2 to the head.
///
/// All that the screen shows is laid out in these axes, so that left is the patient's left however the file was stored.
struct PatientGeometry: Sendable {
  /// Voxels along each patient axis.
  let shape: SIMD3<Int>
  /// Millimetres between voxel centres along each patient axis.
  let spacing: SIMD3<Double>
  /// Steps in the stored array for one voxel along each patient axis; negative where the file runs the other way.
  let strides: SIMD3<Int>
  /// Position in the stored array of the patient voxel (0, 0, 0).
  let base: Int
  /// The stored axis (0 slowest) that each patient axis is.
  let storedAxes: SIMD3<Int>
  /// Whether each patient axis runs against its stored axis.
  let isReversed: [Bool]
  /// Whether the header says how the patient lay; otherwise the array is taken as left-posterior-superior.
  let isOrientationKnown: Bool

  /// Lays out a grid.
  init(grid: Grid) {
    let orientation = grid.orientation
    isOrientationKnown = orientation != nil
    var axes = SIMD3<Int>(2, 1, 0)
    var reversed = [false, false, false]
    for storedAxis in 0..<3 {
      switch (orientation ?? .lps).directions[storedAxis] {
      case .left: (axes[0], reversed[0]) = (storedAxis, false)
      case .right: (axes[0], reversed[0]) = (storedAxis, true)
      case .posterior: (axes[1], reversed[1]) = (storedAxis, false)
      case .anterior: (axes[1], reversed[1]) = (storedAxis, true)
      case .superior: (axes[2], reversed[2]) = (storedAxis, false)
      case .inferior: (axes[2], reversed[2]) = (storedAxis, true)
      }
    }
    let storedStrides = [grid.shape.axis1 * grid.shape.axis2, grid.shape.axis2, 1]
    var shape = SIMD3<Int>()
    var spacing = SIMD3<Double>()
    var strides = SIMD3<Int>()
    var base = 0
    for axis in 0..<3 {
      let stored = axes[axis]
      shape[axis] = grid.shape[stored]
      spacing[axis] = grid.spacing[stored]
      strides[axis] = reversed[axis] ? -storedStrides[stored] : storedStrides[stored]
      if reversed[axis] { base += (shape[axis] - 1) * storedStrides[stored] }
    }
    self.shape = shape
    self.spacing = spacing
    self.strides = strides
    self.base = base
    storedAxes = axes
    isReversed = reversed
  }

  /// The size of the scan along each patient axis in millimetres.
  var size: SIMD3<Double> { SIMD3(Double(shape.x), Double(shape.y), Double(shape.z)) * spacing }

  /// The stored index, `[axis0, axis1, axis2]`, of a patient voxel.
  func stored(_ voxel: SIMD3<Int>) -> Axes3<Int> {
    var result = Axes3(repeating: 0)
    for axis in 0..<3 { result[storedAxes[axis]] = isReversed[axis] ? shape[axis] - 1 - voxel[axis] : voxel[axis] }
    return result
  }

  /// The patient voxel of a stored index.
  func patient(_ voxel: Axes3<Int>) -> SIMD3<Int> {
    var result = SIMD3<Int>()
    for axis in 0..<3 {
      let value = voxel[storedAxes[axis]]
      result[axis] = isReversed[axis] ? shape[axis] - 1 - value : value
    }
    return result
  }

  /// The nearest voxel inside the scan.
  func clamped(_ voxel: SIMD3<Int>) -> SIMD3<Int> {
    var result = voxel
    for axis in 0..<3 { result[axis] = max(0, min(shape[axis] - 1, voxel[axis])) }
    return result
  }

  /// NIfTI's letter (`k`, `j` or `i`) of the stored axis that a patient axis is.
  func storedLetter(_ axis: Int) -> Character {
    switch storedAxes[axis] {
    case 0: "k"
    case 1: "j"
    default: "i"
    }
  }
}
