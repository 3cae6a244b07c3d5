import COpenBLAS

/// Matrix products by OpenBLAS, all matrices row by row.
public enum MatrixProduct {
  /// A product of at most so many multiply-accumulates is left to one thread. It takes less than a millisecond; threads
  /// of OpenBLAS's own, once woken, look for more work for longer than that, on cores that the kernels need.
  private static let mostWorkOfOneThread = 1 << 25
  /// Whether OpenBLAS has threads of its own. Where it uses OpenMP's, their number is not ours to change from here.
  private static let hasOwnThreads = openblas_get_parallel() == 1

  /// Tells OpenBLAS how many threads the next product is worth.
  private static func chooseThreads(rows: Int, columns: Int, inner: Int) {
    guard hasOwnThreads else { return }
    openblas_set_num_threads(rows * columns * inner <= mostWorkOfOneThread ? 1 : Int32(clamping: Threads.count))
  }

  /// Computes `result = left · rightᵀ (+ result)` in single precision.
  ///
  /// - Parameters:
  ///   - left: `[rows, inner]`.
  ///   - right: `[columns, inner]`.
  ///   - result: `[rows, columns]`.
  ///   - rows: Rows of the result.
  ///   - columns: Columns of the result.
  ///   - inner: The length of the sums.
  ///   - scale: Multiplies the product.
  ///   - accumulate: Whether the product is added to what the result holds.
  public static func multiply(
    _ left: UnsafePointer<Float>, transposed right: UnsafePointer<Float>, into result: UnsafeMutablePointer<Float>,
    rows: Int, columns: Int, inner: Int, scale: Float = 1, accumulate: Bool = false
  ) {
    guard rows > 0, columns > 0 else { return }
    chooseThreads(rows: rows, columns: columns, inner: inner)
    cblas_sgemm(
      CblasRowMajor, CblasNoTrans, CblasTrans, Int32(rows), Int32(columns), Int32(inner), scale, left, Int32(inner),
      right, Int32(inner), accumulate ? 1 : 0, result, Int32(columns))
  }

  /// Computes `result = left · rightᵀ` in double precision.
  ///
  /// - Parameters:
  ///   - left: `[rows, inner]`.
  ///   - right: `[columns, inner]`.
  ///   - rows: Rows of the result.
  ///   - columns: Columns of the result.
  ///   - inner: The length of the sums.
  /// - Returns: `[rows, columns]`.
  public static func multiply(
    _ left: [Double], transposed right: [Double], rows: Int, columns: Int, inner: Int
  ) -> [Double] {
    precondition(left.count == rows * inner && right.count == columns * inner, "the matrices' shapes do not agree")
    var result = [Double](repeating: 0, count: rows * columns)
    guard rows > 0, columns > 0 else { return result }
    chooseThreads(rows: rows, columns: columns, inner: inner)
    cblas_dgemm(
      CblasRowMajor, CblasNoTrans, CblasTrans, Int32(rows), Int32(columns), Int32(inner), 1, left, Int32(inner),
      right, Int32(inner), 0, &result, Int32(columns))
    return result
  }

  /// Adds `left · right` to `result` in double precision.
  ///
  /// - Parameters:
  ///   - left: `[rows, inner]`.
  ///   - right: `[inner, columns]`.
  ///   - result: `[rows, columns]`.
  ///   - rows: Rows of the result.
  ///   - columns: Columns of the result.
  ///   - inner: The length of the sums.
  static func add(
    _ left: UnsafePointer<Double>, _ right: UnsafePointer<Double>, to result: UnsafeMutablePointer<Double>, rows: Int,
    columns: Int, inner: Int
  ) {
    chooseThreads(rows: rows, columns: columns, inner: inner)
    cblas_dgemm(
      CblasRowMajor, CblasNoTrans, CblasNoTrans, Int32(rows), Int32(columns), Int32(inner), 1, left, Int32(inner),
      right, Int32(columns), 1, result, Int32(columns))
  }
}
