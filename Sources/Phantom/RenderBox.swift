import Volume

/// A box of voxels of a scan being made, with its buffers. Axis 0 grows upward, axis 1 backward, axis 2 to the left.
struct RenderBox {
  /// The first voxel, in the scan's voxels; may lie outside the scan.
  let origin: Axes3<Int>
  let shape: Axes3<Int>
  let spacing: Axes3<Double>
  /// Grey values in Hounsfield units.
  var values: [Float]
  /// The signed distance to the mandible's surface in millimetres.
  var mandible: [Float]
  /// `PhantomStructure` numbers.
  var structures: [UInt8]
  /// The truth's labels.
  var truth: [UInt8]

  init(origin: Axes3<Int>, shape: Axes3<Int>, spacing: Axes3<Double>) {
    self.origin = origin
    self.shape = shape
    self.spacing = spacing
    values = [Float](repeating: 0, count: shape.product)
    mandible = [Float](repeating: 0, count: shape.product)
    structures = [UInt8](repeating: 0, count: shape.product)
    truth = [UInt8](repeating: 0, count: shape.product)
  }

  /// The width over which an edge changes from one side to the other: a voxel.
  var edge: Float { Float((spacing.axis0 + spacing.axis1 + spacing.axis2) / 3) }

  /// The centre of one of the box's voxels, (left, back, up) in millimetres from the scan's first voxel: the same bits
  /// for a voxel of the scan whatever box it is in.
  @inline(__always)
  func place(_ index0: Int, _ index1: Int, _ index2: Int) -> SIMD3<Float> {
    SIMD3<Float>(
      Float(origin.axis2 + index2) * Float(spacing.axis2), Float(origin.axis1 + index1) * Float(spacing.axis1),
      Float(origin.axis0 + index0) * Float(spacing.axis0))
  }

  /// The box's voxels within a box of millimetres from the scan's first voxel, or `nil` when there is none.
  func voxels(from low: SIMD3<Float>, to high: SIMD3<Float>) -> (low: Axes3<Int>, high: Axes3<Int>)? {
    var first = Axes3(0, 0, 0)
    var last = Axes3(0, 0, 0)
    for axis in 0..<3 {
      let step = Float(spacing[axis])
      // Kept within the box before the conversion, for places far away.
      let limit = Float(shape[axis])
      let start = Float(origin[axis])
      first[axis] = max(0, Int(clamp(low[2 - axis] / step - start, -1, limit).rounded(.up)))
      last[axis] = min(shape[axis] - 1, Int(clamp(high[2 - axis] / step - start, -1, limit).rounded(.down)))
      if first[axis] > last[axis] { return nil }
    }
    return (first, last)
  }
}
