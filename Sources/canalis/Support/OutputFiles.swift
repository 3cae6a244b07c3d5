import Foundation
import Volume

/// Looks at outputs before long work begins, so that nobody waits for a mask that cannot be written.
enum OutputFiles {
  /// Makes sure that outputs can be written.
  ///
  /// - Parameters:
  ///   - paths: The outputs.
  ///   - force: Whether existing files may be replaced.
  /// - Throws: `CommandFailure` when a file exists or its folder does not.
  static func check(_ paths: [String], force: Bool) throws {
    let manager = FileManager.default
    for path in paths {
      if manager.fileExists(atPath: path), !force {
        throw CommandFailure("\(DisplayText.escaped(path)) exists; give --force to replace it, or another name")
      }
      let folder = URL(fileURLWithPath: path).deletingLastPathComponent().path
      if !manager.isWritableFile(atPath: folder) {
        throw CommandFailure(
          "\(DisplayText.escaped(path)): the folder \(DisplayText.escaped(folder)) is not there or may not be written to"
        )
      }
    }
  }
}
