import Volume

/// The logits of the whole resampled grid, for those who ask.
struct KeptLogits {
  private let geometry: ScanGeometry
  private let classes: Int
  private var values: [Float]

  init(classes: Int, geometry: ScanGeometry) {
    self.geometry = geometry
    self.classes = classes
    values = [Float](repeating: 0, count: classes * geometry.resampledShape.product)
  }

  /// What was copied so far.
  var logits: SegmentationResult.Logits {
    SegmentationResult.Logits(shape: [classes] + geometry.resampledShape.array, values: values)
  }

  /// Copies final planes of the padded grid.
  ///
  /// - Parameters:
  ///   - planes: Planes of the padded grid.
  ///   - accumulator: Logits of a region that is the whole resampled grid.
  mutating func copy(planes: Range<Int>, from accumulator: LogitAccumulator) {
    let (shape, padLow) = (geometry.resampledShape, geometry.padLow)
    values.withUnsafeMutableBufferPointer { values in
      guard let base = values.baseAddress else { return }
      for plane in planes where (0..<shape.axis0).contains(plane - padLow.axis0) {
        for label in 0..<classes {
          let target = base + (label * shape.axis0 + plane - padLow.axis0) * shape.axis1 * shape.axis2
          target.update(from: accumulator.plane(plane, label: label), count: shape.axis1 * shape.axis2)
        }
      }
    }
  }
}
