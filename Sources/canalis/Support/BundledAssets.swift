import Foundation

/// The files that come with the program: the default model and the demo scan.
enum BundledAssets {
  /// The folder of bundled files: `share/canalis` beside an installed `bin`, or `Assets` of the source tree for a
  /// program run from its build folder. `nil` when neither is there.
  static var folder: String? {
    let program = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
    let installed = program.deletingLastPathComponent().deletingLastPathComponent()
      .appendingPathComponent("share/canalis")
    if FileManager.default.fileExists(atPath: installed.appendingPathComponent("models").path) {
      return installed.path
    }
    var ancestor = program.deletingLastPathComponent()
    for _ in 0..<5 {
      let assets = ancestor.appendingPathComponent("Assets")
      if FileManager.default.fileExists(atPath: assets.appendingPathComponent("models").path),
        FileManager.default.fileExists(atPath: ancestor.appendingPathComponent("Package.swift").path)
      {
        return assets.path
      }
      ancestor.deleteLastPathComponent()
    }
    return nil
  }

  /// The path of the bundled model, whether or not it is there.
  static var model: String? { folder.map { $0 + "/models/default.safetensors" } }

  /// The model to use: the option's, else `CANALIS_MODEL`'s, else the bundled one.
  ///
  /// - Parameter option: What `--model` says, if anything.
  /// - Returns: A path.
  /// - Throws: `CommandFailure` when there is none.
  static func modelPath(option: String?) throws -> String {
    if let option { return option }
    if let variable = ProcessInfo.processInfo.environment["CANALIS_MODEL"], !variable.isEmpty { return variable }
    guard let model, FileManager.default.fileExists(atPath: model) else {
      throw CommandFailure(
        "the bundled model was not found; give one with --model or CANALIS_MODEL, or reinstall canalis")
    }
    return model
  }
}
