import Dispatch
import Volume

/// The exact Euclidean distance from every voxel of an array to the nearest site.
///
/// Felzenszwalb and Huttenlocher, "Distance transforms of sampled functions", Theory of Computing 8 (2012): one pass a
/// axis, each the lower envelope of parabolas; the time is linear in the number of voxels.
public enum DistanceTransform {
  /// Returns the squared distance from each voxel centre to the nearest site's centre.
  ///
  /// - Parameters:
  ///   - sites: whether each voxel is a site, axis 2 fastest; `shape.product` of them.
  ///   - shape: the voxels along each axis.
  ///   - spacing: the distance between voxel centres along each axis; the result has its unit, squared.
  /// - Returns: squared distances in the order of `sites`; infinity everywhere when there is no site.
  public static func squaredDistances(
    sites: [Bool], shape: Axes3<Int>, spacing: Axes3<Double>
  ) -> [Double] {
    precondition(sites.count == shape.product, "one site flag for each voxel")
    let (count0, count1, count2) = (shape.axis0, shape.axis1, shape.axis2)
    return [Double](unsafeUninitializedCapacity: sites.count) { buffer, initialized in
      initialized = sites.count
      nonisolated(unsafe) let values = buffer
      sites.withUnsafeBufferPointer { flags in
        nonisolated(unsafe) let flags = flags
        // Rows, then columns of each slice: slices are independent of one another.
        DispatchQueue.concurrentPerform(iterations: count0) { index0 in
          var envelope = LowerEnvelope(capacity: count1)
          let slice = index0 * count1 * count2
          for index1 in 0..<count1 {
            let row = slice + index1 * count2
            scanRow(flags, values, start: row, count: count2, spacing: spacing.axis2)
          }
          for index2 in 0..<count2 {
            envelope.transform(values, start: slice + index2, stride: count2, count: count1, spacing: spacing.axis1)
          }
        }
      }
      DispatchQueue.concurrentPerform(iterations: count1) { index1 in
        var envelope = LowerEnvelope(capacity: count0)
        for index2 in 0..<count2 {
          envelope.transform(
            values, start: index1 * count2 + index2, stride: count1 * count2, count: count0, spacing: spacing.axis0)
        }
      }
    }
  }

  /// Fills one row with the squared distance to the nearest site of the same row.
  private static func scanRow(
    _ flags: UnsafeBufferPointer<Bool>, _ values: UnsafeMutableBufferPointer<Double>, start: Int, count: Int,
    spacing: Double
  ) {
    var steps = Int.max
    for index in start..<start + count {
      steps = flags[index] ? 0 : steps == Int.max ? steps : steps + 1
      let distance = steps == Int.max ? Double.infinity : Double(steps) * spacing
      values.initializeElement(at: index, to: distance * distance)
    }
    steps = Int.max
    for index in stride(from: start + count - 1, through: start, by: -1) {
      if flags[index] { steps = 0 } else if steps != Int.max { steps += 1 } else { continue }
      let distance = Double(steps) * spacing
      values[index] = min(values[index], distance * distance)
    }
  }
}

/// The lower envelope of the parabolas of one line of voxels, with its buffers.
private struct LowerEnvelope {
  /// Position of each parabola of the envelope.
  private var vertices: [Int]
  /// Where each parabola begins to be the lowest, in voxels.
  private var begins: [Double]
  /// Height of each parabola of the envelope.
  private var heights: [Double]

  init(capacity: Int) {
    vertices = Array(repeating: 0, count: capacity)
    begins = Array(repeating: 0, count: capacity)
    heights = Array(repeating: 0, count: capacity)
  }

  /// Replaces each value f(q) of a line by the smallest ((p - q) · spacing)² + f(q) over all q.
  mutating func transform(
    _ values: UnsafeMutableBufferPointer<Double>, start: Int, stride: Int, count: Int, spacing: Double
  ) {
    let square = spacing * spacing
    var top = -1
    vertices.withUnsafeMutableBufferPointer { vertices in
      begins.withUnsafeMutableBufferPointer { begins in
        heights.withUnsafeMutableBufferPointer { heights in
          for position in 0..<count {
            let height = values[start + position * stride]
            if height == .infinity { continue }
            var begin = -Double.infinity
            while top >= 0 {
              let vertex = vertices[top]
              let rise = (height - heights[top]) / square
              begin = 0.5 * (rise / Double(position - vertex) + Double(position + vertex))
              if begin > begins[top] { break }
              top -= 1
              begin = -Double.infinity
            }
            top += 1
            vertices[top] = position
            begins[top] = begin
            heights[top] = height
          }
          if top < 0 { return }
          var current = 0
          for position in 0..<count {
            while current < top && begins[current + 1] < Double(position) { current += 1 }
            let distance = Double(position - vertices[current]) * spacing
            values[start + position * stride] = distance * distance + heights[current]
          }
        }
      }
    }
  }
}
