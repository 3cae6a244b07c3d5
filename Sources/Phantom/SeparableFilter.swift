import CKernels
import Volume

/// A filter of three lines of weights, one an axis.
enum SeparableFilter {
  /// Filters an array; the result is smaller by the number of taps less one along each axis.
  static func filtered(_ values: [Float], shape: Axes3<Int>, taps: Axes3<[Float]>) -> [Float] {
    var values = values
    var shape = shape
    for axis in [2, 1, 0] where taps[axis].count > 1 {
      values = filtered(values, shape: shape, axis: axis, taps: taps[axis])
      shape[axis] -= taps[axis].count - 1
    }
    return values
  }

  private static func filtered(_ values: [Float], shape: Axes3<Int>, axis: Int, taps: [Float]) -> [Float] {
    var result = shape
    result[axis] -= taps.count - 1
    precondition(result[axis] >= 0, "the array is at least as long as the filter")
    return [Float](unsafeUninitializedCapacity: result.product) { buffer, count in
      values.withUnsafeBufferPointer { values in
        guard let input = values.baseAddress, let output = buffer.baseAddress else { return }
        for index0 in 0..<result.axis0 {
          for index1 in 0..<result.axis1 {
            let from = (index0 * shape.axis1 + index1) * shape.axis2
            let to = (index0 * result.axis1 + index1) * result.axis2
            let stride = axis == 2 ? 1 : axis == 1 ? shape.axis2 : shape.axis1 * shape.axis2
            canalis_filter_lines(input + from, output + to, result.axis2, stride, taps, taps.count)
          }
        }
      }
      count = result.product
    }
  }
}
