/// Three values, one for each axis of a volume, slowest axis first.
///
/// Axis 0 runs through the slices, axis 1 through the rows, axis 2 along a row: the order of a NIfTI or MetaImage
/// array read slowest axis first, `(k, j, i)` in NIfTI's own letters.
public struct Axes3<Value> {
  /// The value of the slowest axis (slices; superior-inferior in a scan stored as LPS or RAS).
  public var axis0: Value
  /// The value of the middle axis (rows; anterior-posterior).
  public var axis1: Value
  /// The value of the fastest axis (columns; left-right).
  public var axis2: Value

  /// Creates three values in axis order.
  public init(_ axis0: Value, _ axis1: Value, _ axis2: Value) {
    self.axis0 = axis0
    self.axis1 = axis1
    self.axis2 = axis2
  }

  /// Creates the same value for every axis.
  public init(repeating value: Value) {
    self.init(value, value, value)
  }

  /// The value of one axis, 0 to 2.
  public subscript(axis: Int) -> Value {
    get {
      precondition((0..<3).contains(axis), "an axis is 0, 1 or 2")
      return axis == 0 ? axis0 : axis == 1 ? axis1 : axis2
    }
    set {
      precondition((0..<3).contains(axis), "an axis is 0, 1 or 2")
      switch axis {
      case 0: axis0 = newValue
      case 1: axis1 = newValue
      default: axis2 = newValue
      }
    }
  }

  /// The values as an array, axis 0 first.
  public var array: [Value] { [axis0, axis1, axis2] }

  /// Returns the three values transformed.
  public func map<Result>(_ transform: (Value) throws -> Result) rethrows -> Axes3<Result> {
    Axes3<Result>(try transform(axis0), try transform(axis1), try transform(axis2))
  }
}

extension Axes3: Sendable where Value: Sendable {}
extension Axes3: Equatable where Value: Equatable {}
extension Axes3: Hashable where Value: Hashable {}

extension Axes3: Codable where Value: Codable {
  /// Reads the three values from an array of exactly three.
  public init(from decoder: any Decoder) throws {
    var container = try decoder.unkeyedContainer()
    let axis0 = try container.decode(Value.self)
    let axis1 = try container.decode(Value.self)
    let axis2 = try container.decode(Value.self)
    guard container.isAtEnd else {
      throw DecodingError.dataCorruptedError(in: container, debugDescription: "expected exactly three values")
    }
    self.init(axis0, axis1, axis2)
  }

  /// Writes the three values as an array.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.unkeyedContainer()
    try container.encode(axis0)
    try container.encode(axis1)
    try container.encode(axis2)
  }
}

extension Axes3 where Value == Int {
  /// The product of the three values: the number of voxels of a shape.
  public var product: Int { axis0 * axis1 * axis2 }

  /// Whether an index lies inside an array of this shape.
  public func contains(_ index: Axes3<Int>) -> Bool {
    index.axis0 >= 0 && index.axis0 < axis0 && index.axis1 >= 0 && index.axis1 < axis1 && index.axis2 >= 0
      && index.axis2 < axis2
  }

  /// The position of an index in an array of this shape, axis 2 fastest.
  public func offset(of index: Axes3<Int>) -> Int {
    (index.axis0 * axis1 + index.axis1) * axis2 + index.axis2
  }

  /// The index at a position in an array of this shape, the inverse of `offset(of:)`.
  public func index(at offset: Int) -> Axes3<Int> {
    Axes3(offset / (axis1 * axis2), offset / axis2 % axis1, offset % axis2)
  }

  /// How far the centres of two voxels lie apart, squared.
  ///
  /// - Parameters:
  ///   - other: The other voxel.
  ///   - spacing: The distance between voxel centres along each axis; the result has its unit, squared.
  /// - Returns: The squared distance.
  public func squaredDistance(to other: Axes3<Int>, spacing: Axes3<Double>) -> Double {
    let apart = Axes3<Double>(
      Double(axis0 - other.axis0) * spacing.axis0, Double(axis1 - other.axis1) * spacing.axis1,
      Double(axis2 - other.axis2) * spacing.axis2)
    return apart.axis0 * apart.axis0 + apart.axis1 * apart.axis1 + apart.axis2 * apart.axis2
  }
}
