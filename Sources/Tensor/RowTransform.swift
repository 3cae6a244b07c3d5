/// Convolution along one axis with fewer products (Winograd, "Arithmetic Complexity of Computations", 1980; Toom and
/// Cook's construction): `m` outputs of a filter of `r` taps are `A ((G g) * (B d))` with `n = m + r - 1` products instead
/// of `m r`, where `d` are the `n` values that they read.
///
/// The points where the polynomials are evaluated are small and powers of two, so `A` and `B` are exact in single
/// precision, and rounding errors are about twice those of the plain sum.
struct RowTransform: Equatable {
  /// `m`.
  let outputs: Int
  /// `n`.
  let terms: Int
  /// `B`, `[terms][terms]`.
  let input: [[Double]]
  /// `G`, `[terms][taps]`.
  let filter: [[Double]]
  /// `A`, `[outputs][terms]`.
  let output: [[Double]]
  /// The term whose share of every output is the same, 1: what is added to it is added to all outputs.
  let commonTerm: Int

  /// The transform for a filter.
  ///
  /// - Parameter taps: The filter's length.
  /// - Returns: The transform, or `nil` for lengths that have none.
  static func filter(taps: Int) -> RowTransform? {
    switch taps {
    case 2: RowTransform(points: [1, 0, -1], taps: 2)
    case 3: RowTransform(points: [1, 0, -1, 0.5, -2], taps: 3)
    default: nil
    }
  }

  /// Builds a transform; the last term belongs to the point at infinity.
  ///
  /// - Parameters:
  ///   - points: Different numbers, 1 the first.
  ///   - taps: The filter's length.
  private init(points: [Double], taps: Int) {
    precondition(points.first == 1, "the first term is the common one")
    func powers(_ point: Double, _ count: Int) -> [Double] {
      (0..<count).reduce(into: []) { list, _ in list.append((list.last.map { $0 * point }) ?? 1) }
    }
    /// The polynomial that is zero at every point but one, lowest power first.
    func product(without excluded: Int?) -> [Double] {
      points.enumerated().reduce([1]) { polynomial, point in
        guard point.offset != excluded else { return polynomial }
        let shifted = [0] + polynomial
        let scaled = polynomial.map { -$0 * point.element } + [0]
        return zip(shifted, scaled).map { $0 + $1 }
      }
    }
    let terms = points.count + 1
    let outputs = terms - taps + 1
    self.outputs = outputs
    self.terms = terms
    commonTerm = 0
    input = points.indices.map { product(without: $0) + [0] } + [product(without: nil)]
    filter =
      points.indices.map { index in
        let divisor = points.indices.reduce(1) { $1 == index ? $0 : $0 * (points[index] - points[$1]) }
        return powers(points[index], taps).map { $0 / divisor }
      } + [[Double](repeating: 0, count: taps - 1) + [1]]
    let columns =
      points.map { powers($0, outputs) } + [[Double](repeating: 0, count: outputs - 1) + [1]]
    output = (0..<outputs).map { row in columns.map { $0[row] } }
  }
}
