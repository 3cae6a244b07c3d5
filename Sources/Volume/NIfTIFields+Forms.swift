import CNIfTI

extension NIfTIFields {
  /// Stores an affine as sform, and as qform where a qform can say the same: axes at right angles, steps equal to the
  /// spacing that the header already has.
  mutating func setForms(_ affine: Affine) {
    let rows = affine.rows.flatMap { $0.map(Float.init) }
    set(Int16(1), at: Offset.sformCode)
    for (index, value) in rows.enumerated() { set(value, at: Offset.sformRows + 4 * index) }

    var quaternion = [Float](repeating: 0, count: 3)
    var handedness: Float = 1
    canalis_nifti_rows_to_quaternion(rows, &quaternion, &handedness)
    let spacing = floats(at: Offset.pixelDimensions + 4, count: 3)
    let offset = [rows[3], rows[7], rows[11]]
    var restored = [Float](repeating: 0, count: 12)
    canalis_nifti_quaternion_to_rows(quaternion, offset, spacing, handedness, &restored)
    let tolerance = (spacing.min() ?? 0) * 1e-4
    guard zip(rows, restored).allSatisfy({ abs($0 - $1) <= tolerance }) else { return }
    set(Int16(1), at: Offset.qformCode)
    set(handedness, at: Offset.pixelDimensions)
    for index in 0..<3 {
      set(quaternion[index], at: Offset.quaternion + 4 * index)
      set(offset[index], at: Offset.quaternionOffset + 4 * index)
    }
  }
}
