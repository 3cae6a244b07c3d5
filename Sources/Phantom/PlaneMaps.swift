/// Signed distances to a polygon on a grid of 1 mm, with bilinear values between.
struct DistanceMap: Sendable {
  private static let origin = SIMD2(-12.0, -16.0)
  private static let columns = 164
  private static let rows = 118
  private let values: [Float]

  init(polygon: [SIMD2<Double>]) {
    values = [Float](unsafeUninitializedCapacity: Self.columns * Self.rows) { buffer, count in
      for row in 0..<Self.rows {
        for column in 0..<Self.columns {
          let point = Self.origin + SIMD2(Double(column), Double(row))
          buffer.initializeElement(
            at: row * Self.columns + column, to: Float(Self.distance(from: point, to: polygon)))
        }
      }
      count = Self.columns * Self.rows
    }
  }

  private static func distance(from point: SIMD2<Double>, to polygon: [SIMD2<Double>]) -> Double {
    var nearest = Double.infinity
    var isInside = false
    var previous = polygon[polygon.count - 1]
    for corner in polygon {
      let edge = corner - previous
      let toPoint = point - previous
      let square = edge.x * edge.x + edge.y * edge.y
      let share = clamp((toPoint.x * edge.x + toPoint.y * edge.y) / square, 0, 1)
      let apart = toPoint - edge * share
      nearest = min(nearest, apart.x * apart.x + apart.y * apart.y)
      if (corner.y > point.y) != (previous.y > point.y),
        point.x < (previous.x - corner.x) * (point.y - corner.y) / (previous.y - corner.y) + corner.x
      {
        isInside.toggle()
      }
      previous = corner
    }
    return isInside ? -nearest.squareRoot() : nearest.squareRoot()
  }

  func value(at point: SIMD2<Double>) -> Double {
    let x = clamp(point.x - Self.origin.x, 0, Double(Self.columns - 2))
    let y = clamp(point.y - Self.origin.y, 0, Double(Self.rows - 2))
    let (column, row) = (Int(x), Int(y))
    let (shareX, shareY) = (x - Double(column), y - Double(row))
    return values.withUnsafeBufferPointer { values in
      let at = row * Self.columns + column
      let low = mix(Double(values[at]), Double(values[at + 1]), shareX)
      let high = mix(Double(values[at + Self.columns]), Double(values[at + Self.columns + 1]), shareX)
      return mix(low, high, shareY)
    }
  }
}

/// For places of a plane, the nearest place along an arch and the signed offset from it, on a grid of 1 mm.
struct ArchMap: Sendable {
  private static let origin = SIMD2(-3.0, -40.0)
  private static let columns = 110
  private static let rows = 190
  private let values: [SIMD2<Float>]

  init(arch: [SIMD2<Double>], headings: [SIMD2<Double>]) {
    values = [SIMD2<Float>](unsafeUninitializedCapacity: Self.columns * Self.rows) { buffer, count in
      arch.withUnsafeBufferPointer { arch in
        for row in 0..<Self.rows {
          for column in 0..<Self.columns {
            let point = Self.origin + SIMD2(Double(column), Double(row))
            var best = 0
            var bestSquare = Double.infinity
            // Every fourth point first, then those around the best of them.
            for index in stride(from: 0, to: headings.count, by: 4) {
              let apart = point - arch[index]
              let square = apart.x * apart.x + apart.y * apart.y
              if square < bestSquare { (best, bestSquare) = (index, square) }
            }
            for index in max(best - 4, 0)...min(best + 4, headings.count - 1) {
              let apart = point - arch[index]
              let square = apart.x * apart.x + apart.y * apart.y
              if square < bestSquare { (best, bestSquare) = (index, square) }
            }
            let heading = headings[best]
            let apart = point - arch[best]
            let along = Double(best) + apart.x * heading.x + apart.y * heading.y
            let offset = apart.x * heading.y - apart.y * heading.x
            buffer.initializeElement(
              at: row * Self.columns + column, to: SIMD2(Float(max(along, -12)), Float(offset)))
          }
        }
      }
      count = Self.columns * Self.rows
    }
  }

  func value(at point: SIMD2<Double>) -> SIMD2<Double> {
    let x = clamp(point.x - Self.origin.x, 0, Double(Self.columns - 2))
    let y = clamp(point.y - Self.origin.y, 0, Double(Self.rows - 2))
    let (column, row) = (Int(x), Int(y))
    let (shareX, shareY) = (Float(x - Double(column)), Float(y - Double(row)))
    return values.withUnsafeBufferPointer { values in
      let at = row * Self.columns + column
      let low = values[at] + (values[at + 1] - values[at]) * shareX
      let high = values[at + Self.columns] + (values[at + Self.columns + 1] - values[at + Self.columns]) * shareX
      return SIMD2<Double>(low + (high - low) * shareY)
    }
  }
}
