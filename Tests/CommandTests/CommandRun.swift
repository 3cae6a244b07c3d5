import Foundation
import PseudoTerminal

/// A folder for one test's files, and the built program run in it.
final class Workplace {
  /// The folder.
  let folder: URL

  /// Makes the folder.
  init() throws {
    folder = FileManager.default.temporaryDirectory.appendingPathComponent("command-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(at: folder) }

  /// The path of a file in the folder.
  func path(_ name: String) -> String { folder.appendingPathComponent(name).path }

  /// The bytes of a file in the folder.
  func bytes(_ name: String) throws -> Data { try Data(contentsOf: folder.appendingPathComponent(name)) }

  /// Whether a file is in the folder.
  func has(_ name: String) -> Bool { FileManager.default.fileExists(atPath: path(name)) }

  /// The environment that the program runs in: nothing of the user's.
  var environment: [String: String] {
    [
      "PATH": "/usr/bin:/bin", "HOME": folder.path, "LANG": "C.UTF-8", "TERM": "xterm-256color",
      "CANALIS_SESSIONS": path("sessions"), "SWIFT_BACKTRACE": "enable=no",
    ]
  }

  /// The built program.
  static var program: String { PseudoTerminal.builtProduct("canalis") }

  /// What a run of the program left.
  struct Outcome {
    var status: Int32
    var output: String
    var errors: String

    /// The output as a JSON object.
    var json: [String: Any] {
      ((try? JSONSerialization.jsonObject(with: Data(output.utf8))) as? [String: Any]) ?? [:]
    }
  }

  /// Runs the program and waits for its end.
  ///
  /// - Parameters:
  ///   - arguments: The arguments.
  ///   - variables: More variables.
  /// - Returns: Its exit status and what it printed.
  /// - Throws: If the program cannot be started.
  func run(_ arguments: String..., variables: [String: String] = [:]) throws -> Outcome {
    try run(arguments: arguments, variables: variables)
  }

  /// Runs a command of the shell in the folder and returns its exit status.
  func shell(_ command: String) throws -> Int32 {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/bin/sh")
    process.arguments = ["-c", command]
    process.currentDirectoryURL = folder
    try process.run()
    process.waitUntilExit()
    return process.terminationStatus
  }

  /// Runs the program and waits for its end, as above.
  func run(arguments: [String], variables: [String: String] = [:]) throws -> Outcome {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: PseudoTerminal.builtProduct("canalis"))
    process.arguments = arguments
    process.environment = environment.merging(variables) { $1 }
    process.currentDirectoryURL = folder
    process.standardInput = FileHandle.nullDevice
    // Files, not pipes: neither fills up, whatever is printed.
    let (output, errors) = (path(".stdout"), path(".stderr"))
    for file in [output, errors] { try Data().write(to: URL(fileURLWithPath: file)) }
    process.standardOutput = FileHandle(forWritingAtPath: output)
    process.standardError = FileHandle(forWritingAtPath: errors)
    try process.run()
    process.waitUntilExit()
    return Outcome(
      status: process.terminationReason == .exit ? process.terminationStatus : -process.terminationStatus,
      output: try String(contentsOfFile: output, encoding: .utf8),
      errors: try String(contentsOfFile: errors, encoding: .utf8))
  }
}

/// The reference case that the commands are run on.
enum Case {
  /// The folder of a fixture.
  static func fixture(_ name: String) -> String {
    URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .appendingPathComponent("Fixtures/\(name)").path
  }

  /// A scan of 36 x 47 x 56 voxels.
  static let scan = fixture("pipeline/p1/volume.nii.gz")
  /// A small interactive network with two click kinds.
  static let checkpoint = fixture("pipeline/p1/checkpoint_final.pth")
  /// Three clicks on each canal.
  static let clicks = fixture("pipeline/p1/clicks.json")
  /// The reference's mask.
  static let mask = fixture("pipeline/p1/mask.nii.gz")
}
