/// Rows of features, `[count, width]`.
public struct Tokens: Sendable, Equatable {
  /// The values, row by row.
  public var values: [Float]
  /// Number of rows.
  public let count: Int
  /// Length of a row.
  public let width: Int

  /// Creates rows of zeros.
  ///
  /// - Parameters:
  ///   - count: Number of rows.
  ///   - width: Length of a row.
  public init(count: Int, width: Int) {
    self.count = count
    self.width = width
    values = [Float](repeating: 0, count: count * width)
  }

  /// Creates rows from the channels of a feature map, `[width, count]`.
  ///
  /// - Parameters:
  ///   - channels: The map, finished.
  ///   - count: Voxels of a channel.
  ///   - width: Number of channels.
  public init(channels: UnsafePointer<Float>, count: Int, width: Int) {
    self.init(count: count, width: width)
    values.withUnsafeMutableBufferPointer { values in
      for column in 0..<width {
        for row in 0..<count { values[row * width + column] = channels[column * count + row] }
      }
    }
  }

  /// Stores the rows as channels, `[width, count]`.
  ///
  /// - Parameter channels: Room for all values.
  public func store(channels: UnsafeMutablePointer<Float>) {
    values.withUnsafeBufferPointer { values in
      for row in 0..<count {
        for column in 0..<width { channels[column * count + row] = values[row * width + column] }
      }
    }
  }

  /// The sum of two sets of rows of the same shape.
  public static func + (left: Tokens, right: Tokens) -> Tokens {
    precondition(left.count == right.count && left.width == right.width, "the rows have different shapes")
    var sum = left
    sum.values.withUnsafeMutableBufferPointer { sum in
      right.values.withUnsafeBufferPointer { right in
        for index in sum.indices { sum[index] += right[index] }
      }
    }
    return sum
  }
}
