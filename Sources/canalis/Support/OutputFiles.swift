import Foundation
import Volume

/// Looks at outputs before long work begins, so that nobody waits for a mask that cannot be written.
enum OutputFiles {
  /// Makes sure that outputs can be written.
  ///
  /// - Parameters:
  ///   - paths: The outputs that are no masks.
  ///   - masks: Masks; each has a side file.
  ///   - force: Whether existing files may be replaced.
  ///   - inputs: Files that are never replaced.
  /// - Throws: `CommandFailure` when a file exists, its folder does not, one is named twice, is an input or no regular
  ///   file; `VolumeError` when a mask's name says no format.
  static func check(_ paths: [String], masks: [String] = [], force: Bool, protecting inputs: [String]) throws {
    let outputs = try masks.flatMap { try MaskWriter.files(of: $0) + [MaskExport.sideFile(of: $0)] } + paths
    let manager = FileManager.default
    for path in outputs {
      if manager.fileExists(atPath: path), !force {
        throw CommandFailure("\(DisplayText.escaped(path)) exists; give --force to replace it, or another name")
      }
      let folder = URL(fileURLWithPath: path).deletingLastPathComponent().path
      if !manager.isWritableFile(atPath: folder) {
        throw CommandFailure(
          "\(DisplayText.escaped(path)): the folder \(DisplayText.escaped(folder)) is not there or may not be written to"
        )
      }
      if outputs.filter({ URL(fileURLWithPath: $0).path == URL(fileURLWithPath: path).path }).count > 1 {
        throw CommandFailure("\(DisplayText.escaped(path)) is named for two outputs; give each a name of its own")
      }
      // Opened as it will be, and thrown away: what refuses it then refuses it now.
      do {
        try AtomicFile(path: path, overwrite: force, protecting: inputs).discard()
      } catch let error as VolumeError {
        throw CommandFailure(error.description)
      }
    }
  }
}
