import ArgumentParser
import Foundation
import Phantom
import Volume

/// `canalis phantom`.
struct PhantomCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "phantom", abstract: "Make synthetic jaws with their true canals.",
    discussion: """
      Writes scan.nii.gz and truth.nii.gz (1 the patient's left canal, 2 the right). The same seed and options give the \
      same files on every machine. docs/phantom.md says what is modelled and what is not.

      Examples:
        canalis phantom --seed 21 --output jaw
        canalis phantom --seed 100 --count 20 --output jaws      jaws/100 to jaws/119
      """)

  @Option(help: ArgumentHelp("The seed.", valueName: "number"))
  var seed: UInt64

  @Option(
    name: [.short, .long], help: ArgumentHelp("The folder to write into; made if it is not there.", valueName: "folder")
  )
  var output: String

  @Option(
    help: ArgumentHelp(
      "Jaws to make, from seed on; with more than one each gets a folder of its own.", valueName: "number"))
  var count = 1

  @Option(help: ArgumentHelp("Voxel spacing in millimetres, 0.1 to 3. Default: drawn.", valueName: "mm"))
  var spacing: Double?

  @Option(help: ArgumentHelp("Voxels of the scan. Default: drawn.", valueName: "DxHxW"))
  var shape: PatchOption?

  @Option(help: ArgumentHelp("How the scan is stored, (i, j, k) letters.", valueName: "letters"))
  var orientation = "LPS"

  @Flag(help: "Show the whole jaw whatever the field of view.")
  var wholeJaw = false

  @Flag(help: "Looks outside the ranges that the bundled model was trained on.")
  var outside = false

  @Flag(help: "Replace existing files.")
  var force = false

  @OptionGroup var outputOptions: OutputOptions

  func validate() throws {
    if !(1...100_000).contains(count) { throw ValidationError("--count must be from 1 to 100000") }
    if let spacing, !(0.1...3).contains(spacing) { throw ValidationError("--spacing must be from 0.1 to 3 mm") }
    if Orientation(code: orientation) == nil {
      throw ValidationError("--orientation \(orientation): three letters, one of L R, one of P A and one of S I")
    }
  }

  func run() throws {
    Interruption.watch()
    let progress = ProgressPrinter(isQuiet: outputOptions.quiet)
    let generator = PhantomGenerator(
      ranges: outside ? .outside : .training,
      options: PhantomOptions(
        spacing: spacing.map { Axes3(repeating: $0) }, shape: shape?.shape,
        orientation: Orientation(code: orientation) ?? .lps, showsWholeJaw: wholeJaw))
    let folders = (0..<count).map { number in
      let seed = seed &+ UInt64(number)
      return (seed: seed, path: count == 1 ? output : output + "/\(seed)")
    }
    for folder in folders { try check(folder.path) }
    var made: [Made] = []
    for (number, (seed, folder)) in folders.enumerated() {
      try Interruption.check()
      progress.show(stage: "seed \(seed)", fraction: Double(number) / Double(count))
      do {
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
      } catch {
        throw CommandFailure("\(DisplayText.escaped(folder)): the folder cannot be made: \(error.localizedDescription)")
      }
      let phantom = generator.phantom(seed: seed)
      try phantom.write(toFolder: folder, overwrite: force)
      made.append(Made(seed: seed, folder: folder, description: phantom.description))
    }
    progress.clear()
    guard !outputOptions.json else { return try JSONOutput.write(["phantoms": made]) }
    for phantom in made { print("\(DisplayText.escaped(phantom.folder)): \(phantom.description)") }
  }

  /// Refuses a folder in which something would be replaced, before the first jaw is made.
  private func check(_ folder: String) throws {
    var isFolder: ObjCBool = false
    let manager = FileManager.default
    if manager.fileExists(atPath: folder, isDirectory: &isFolder), !isFolder.boolValue {
      throw CommandFailure("\(DisplayText.escaped(folder)) is a file; name a folder")
    }
    for path in Phantom.fileNames.map({ folder + "/" + $0 }) where !force && manager.fileExists(atPath: path) {
      throw CommandFailure("\(DisplayText.escaped(path)) exists; give --force to replace it, or another name")
    }
  }

  private struct Made: Encodable {
    var seed: UInt64
    var folder: String
    var description: String
  }
}
