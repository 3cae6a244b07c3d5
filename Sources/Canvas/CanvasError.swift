/// Why a frame cannot be made into a file.
public enum CanvasError: Error, Equatable, Sendable, CustomStringConvertible {
  /// The picture would have no pixels, or more than 65,536 in a row or column.
  case pictureSize(width: Int, height: Int)
  /// libpng refused, and why.
  case encoding(String)

  /// What is wrong and what to do.
  public var description: String {
    switch self {
    case .pictureSize(let width, let height):
      return """
        A picture of \(width) x \(height) pixels cannot be written: each side must be 1 to 65536. Choose another size \
        in cells (a cell is 8 x 16 pixels).
        """
    case .encoding(let reason):
      return "The picture cannot be encoded as PNG: \(reason)."
    }
  }
}
