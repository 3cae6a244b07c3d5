import Foundation

/// Ctrl-C and a polite kill, as something that long work can look at.
///
/// The handler only sets a flag: work throws `CancellationError` at its next report, files in progress are removed by
/// the code that writes them, and the program ends with exit code 130.
enum Interruption {
  /// Set by the signal handler. A `sig_atomic_t` is all that a handler may touch.
  nonisolated(unsafe) private static var isRequested: sig_atomic_t = 0

  /// Makes SIGINT and SIGTERM set the flag instead of ending the program. A second signal ends it at once.
  static func watch() {
    // A parent may have started this program with signals blocked.
    var signals = sigset_t()
    sigemptyset(&signals)
    for signalNumber in [SIGINT, SIGTERM] {
      sigaddset(&signals, signalNumber)
      signal(signalNumber) { _ in
        if Interruption.isRequested != 0 { _exit(130) }
        Interruption.isRequested = 1
      }
    }
    pthread_sigmask(SIG_UNBLOCK, &signals, nil)
  }

  /// Whether the user asked to stop.
  static var wasRequested: Bool { isRequested != 0 }

  /// Throws when the user asked to stop.
  ///
  /// - Throws: `CancellationError`.
  static func check() throws {
    if isRequested != 0 { throw CancellationError() }
  }
}
