import Foundation
import Tensor

/// Turns clicks and grid cells into tokens: a random Fourier code of the position, and an embedding of the kind
/// (Kirillov et al., arXiv:2304.02643).
public final class PointEncoder {
  private let channels: Int
  private let matrix: [Float]
  private let kinds: [[Float]]
  private let notAPoint: [Float]

  /// Reads the parameters.
  ///
  /// - Parameters:
  ///   - scope: Holds `pe_layer`, `point_embeddings` and `not_a_point_embed`.
  ///   - channels: Length of a token, even.
  ///   - kinds: Click kinds.
  /// - Throws: The source's error.
  public init(_ scope: ParameterScope, channels: Int, kinds: Int) throws {
    self.channels = channels
    matrix = try scope.values("pe_layer.positional_encoding_gaussian_matrix", [3, channels / 2])
    self.kinds = try (0..<kinds).map { try scope.values("point_embeddings.\($0).weight", [1, channels]) }
    notAPoint = try scope.values("not_a_point_embed.weight", [1, channels])
  }

  /// The number of click kinds.
  public var kindCount: Int { kinds.count }

  /// Codes every cell of a grid by its centre.
  ///
  /// - Parameter grid: The size of the grid.
  /// - Returns: `[cells, channels]`, in C order.
  public func encode(grid: Extent) -> Tokens {
    var tokens = Tokens(count: grid.count, width: channels)
    var row = 0
    for depth in 0..<grid.depth {
      for height in 0..<grid.height {
        for width in 0..<grid.width {
          let point = [
            (Double(depth) + 0.5) / Double(grid.depth), (Double(height) + 0.5) / Double(grid.height),
            (Double(width) + 0.5) / Double(grid.width),
          ]
          code(point, into: &tokens, row: row)
          row += 1
        }
      }
    }
    return tokens
  }

  /// Codes clicks, and one not-a-point token after them.
  ///
  /// - Parameter clicks: For each click its position, 0 to 1 along each axis, and its kind; kind -1 is the not-a-point
  ///   token, which has no position.
  /// - Returns: `[clicks + 1, channels]`.
  public func encode(clicks: [(position: [Double], kind: Int)]) -> Tokens {
    var tokens = Tokens(count: clicks.count + 1, width: channels)
    for (row, click) in clicks.enumerated() {
      precondition(click.kind < kinds.count, "the kind has no embedding")
      if click.kind >= 0 {
        code(click.position, into: &tokens, row: row)
        for index in 0..<channels { tokens.values[row * channels + index] += kinds[click.kind][index] }
      } else {
        for index in 0..<channels { tokens.values[row * channels + index] = notAPoint[index] }
      }
    }
    for index in 0..<channels { tokens.values[clicks.count * channels + index] = notAPoint[index] }
    return tokens
  }

  /// Stores `[sin t, cos t]` with `t = 2π (2p - 1) G`.
  private func code(_ point: [Double], into tokens: inout Tokens, row: Int) {
    let half = channels / 2
    for index in 0..<half {
      var angle = 0.0
      for axis in 0..<3 { angle += (2 * point[axis] - 1) * Double(matrix[axis * half + index]) }
      angle *= 2 * Double.pi
      tokens.values[row * channels + index] = Float(sin(angle))
      tokens.values[row * channels + half + index] = Float(cos(angle))
    }
  }
}
