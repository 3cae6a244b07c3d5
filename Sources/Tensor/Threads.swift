import CKernels
import Synchronization

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

  /// Runs a body for every number from 0 to `count`, several at once, in any order.
  ///
  /// - Parameters:
  ///   - count: How often the body runs.
  ///   - body: The work; called from several threads.
  package static func forEach(_ count: Int, _ body: (Int) -> Void) {
    if count <= 1 || Self.count == 1 {
      for piece in 0..<count { body(piece) }
      return
    }
    withoutActuallyEscaping(body) { body in
      let work = Pieces(count: count, body: body)
      ck_parallel(
        Int32(clamping: min(count, Self.count)),
        { context in
          guard let context else { return }
          Unmanaged<Pieces>.fromOpaque(context).takeUnretainedValue().run()
        }, Unmanaged.passUnretained(work).toOpaque())
    }
  }

  /// Numbered pieces of work that threads take one after the other.
  private final class Pieces {
    private let count: Int
    private let body: (Int) -> Void
    private let next = Atomic(0)

    init(count: Int, body: @escaping (Int) -> Void) {
      self.count = count
      self.body = body
    }

    func run() {
      while true {
        let piece = next.wrappingAdd(1, ordering: .relaxed).oldValue
        if piece >= count { return }
        body(piece)
      }
    }
  }
}
