import Foundation
import Tensor

/// What libraries read from the environment before the first line of this program runs.
///
/// libgomp and OpenBLAS look at their variables while they are loaded, so the only way to set them is to start the
/// program once more with the variables in place. That costs a few milliseconds and happens once.
enum ProcessEnvironment {
  /// Marks a program that was already started again.
  private static let marker = "CANALIS_ENVIRONMENT_IS_SET"

  /// The variables and the values they get unless the user has set them.
  ///
  /// - `OMP_WAIT_POLICY=passive`: idle threads sleep. Spinning costs milliseconds a call when the viewer and the
  ///   network share two cores.
  /// - `OPENBLAS_CORETYPE`: the processor's kernels, where OpenBLAS has not chosen them by itself.
  /// - `SWIFT_BACKTRACE`: after a crash the Swift runtime prints where it was and does not wait for a key.
  private static var defaults: [String: String] {
    var defaults = ["OMP_WAIT_POLICY": "passive", "SWIFT_BACKTRACE": "enable=yes,interactive=no"]
    defaults["OPENBLAS_CORETYPE"] = MatrixProduct.recommendedCore
    return defaults
  }

  /// Starts the program again with the variables set, unless they are. Returns when there is nothing to do or when the
  /// program cannot be started again, which costs speed only.
  static func establish() {
    guard getenv(marker) == nil else { return }
    var isComplete = true
    for (name, value) in defaults where getenv(name) == nil {
      setenv(name, value, 0)
      isComplete = false
    }
    guard !isComplete else { return }
    setenv(marker, "1", 1)
    var arguments = CommandLine.arguments.map { strdup($0) }
    arguments.append(nil)
    execv("/proc/self/exe", &arguments)
    arguments.forEach { free($0) }
  }
}
