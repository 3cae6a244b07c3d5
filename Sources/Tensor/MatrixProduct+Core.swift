import COpenBLAS

extension MatrixProduct {
  /// The processor whose kernels OpenBLAS runs, in its words; sums can differ in their last bit between two of them.
  public static var core: String { openblas_get_corename().map { String(cString: $0) } ?? "unknown" }

  /// The value that the environment variable `OPENBLAS_CORETYPE` should have when the program starts, or `nil` when
  /// OpenBLAS has chosen well by itself.
  ///
  /// OpenBLAS 0.3.21 takes a processor that it does not know (Emerald Rapids, for instance) for one of 2004 and runs at
  /// a fifth of its speed; and its kernels for the processors after Skylake have had faults that Skylake's have not.
  public static var recommendedCore: String? {
    guard let name = openblas_get_corename() else { return nil }
    let chosen = String(cString: name)
    switch InstructionSet.best {
    case .avx512: return chosen == "SkylakeX" ? nil : "SkylakeX"
    case .avx2: return ["Haswell", "Zen", "Excavator"].contains(chosen) ? nil : "Haswell"
    case .sse2: return nil
    }
  }
}
