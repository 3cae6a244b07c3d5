import CKernels

/// The recurrence at the heart of Mamba2 (Dao & Gu, arXiv:2405.21060): per head, a state `S[P, N]` from zero,
/// `S = exp(dt A) S + dt x Bᵀ`, `y = S C + D x`.
public enum SelectiveScan {
  /// Runs the recurrence over all tokens, in double precision: rounding errors of its input come out of it many times
  /// larger.
  ///
  /// - Parameters:
  ///   - rows: `[tokens, rowStride]`: x of all heads, then B, then C.
  ///   - rowStride: Length of a row.
  ///   - steps: dt, `[tokens, heads]`.
  ///   - decay: A, negative, one a head.
  ///   - skip: D, one a head.
  ///   - states: N.
  ///   - output: Receives y, `[tokens, heads * P]`.
  ///   - instructionSet: One that the processor has.
  public static func run(
    _ rows: [Double], rowStride: Int, steps: [Double], decay: [Double], skip: [Double], states: Int,
    into output: inout [Double], instructionSet: InstructionSet = .best
  ) {
    let tokens = rows.count / rowStride
    let heads = decay.count
    let inner = rowStride - 2 * states
    precondition(output.count == tokens * inner && steps.count == tokens * heads, "the scan's shapes do not agree")
    var state = [Double](repeating: 0, count: inner * states)
    rows.withUnsafeBufferPointer { rows in
      steps.withUnsafeBufferPointer { steps in
        decay.withUnsafeBufferPointer { decay in
          skip.withUnsafeBufferPointer { skip in
            state.withUnsafeMutableBufferPointer { state in
              output.withUnsafeMutableBufferPointer { output in
                var scan = ck_scan(
                  isa: Int32(instructionSet.rawValue), x: rows.baseAddress, row_stride: Int64(rowStride),
                  steps: steps.baseAddress,
                  decay: decay.baseAddress, skip: skip.baseAddress, y: output.baseAddress, state: state.baseAddress,
                  tokens: Int64(tokens), heads: Int64(heads), head_width: Int64(inner / heads),
                  states: Int64(states))
                ck_run_scan(&scan, Int32(Threads.count))
              }
            }
          }
        }
      }
    }
  }
}
