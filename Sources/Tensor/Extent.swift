/// The size of a volume of features along its three axes, slowest first.
public struct Extent: Sendable, Hashable {
  /// Slices.
  public var depth: Int
  /// Rows of a slice.
  public var height: Int
  /// Columns of a row.
  public var width: Int

  /// Creates a size.
  public init(_ depth: Int, _ height: Int, _ width: Int) {
    self.depth = depth
    self.height = height
    self.width = width
  }

  /// Creates the same size along every axis.
  public init(repeating size: Int) {
    self.init(size, size, size)
  }

  /// Depth times height times width.
  public var count: Int { depth * height * width }

  /// The sizes in axis order.
  public var array: [Int] { [depth, height, width] }

  /// Where a position lies in row-major order in a volume of this size.
  func offset(of position: Extent) -> Int {
    (position.depth * height + position.height) * width + position.width
  }

  /// This size divided by another, axis by axis.
  public func divided(by divisor: Extent) -> Extent {
    Extent(depth / divisor.depth, height / divisor.height, width / divisor.width)
  }

  /// This size multiplied by another, axis by axis.
  public func multiplied(by factor: Extent) -> Extent {
    Extent(depth * factor.depth, height * factor.height, width * factor.width)
  }
}
