import CKernels

/// The threads of the process's one pool, OpenMP's, which the kernels and OpenBLAS share.
public enum Threads {
  /// Threads that a kernel uses: the cores that the process may use, or `OMP_NUM_THREADS`.
  public static var count: Int { Int(ck_available_threads()) }

  /// Sets the number of threads; to be called once, before the first kernel.
  ///
  /// - Parameter count: At least 1.
  public static func use(count: Int) {
    ck_set_threads(Int32(clamping: count))
  }
}
