import ArgumentParser
import Canvas
import Checkpoint
import Foundation
import Session
import Viewer
import Volume

/// `canalis render`.
struct Render: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Draw the viewer's screen into a file.",
    discussion: """
      .png is a picture, .txt the characters alone, .ansi the characters with their colours for "cat".

      Example:
        canalis render scan.nii.gz --mask mask.nii.gz --output frame.png
      """)

  @Argument(help: ArgumentHelp("The scan.", valueName: "scan"))
  var scan: String

  @Option(help: ArgumentHelp("Show the clicks of this session.", valueName: "file"))
  var session: String?

  @Option(help: ArgumentHelp("Show this mask.", valueName: "file"))
  var mask: String?

  @Option(help: ArgumentHelp("Columns and rows.", valueName: "columns x rows"))
  var size: ScreenSize = ScreenSize(columns: 200, rows: 50)

  @Option(help: ArgumentHelp("Colours: 0, 8, 16, 256 or 24bit.", valueName: "colours"))
  var colors: ColorOption = .palette256

  @Option(
    help: ArgumentHelp(
      "What to show: \(RenderView.allCases.map(\.rawValue).joined(separator: ", ")).", valueName: "view"))
  var view: RenderView = .all

  @Option(
    name: .customLong("at"),
    help: ArgumentHelp("The voxel under the crosshair, k,j,i. Default: the middle.", valueName: "k,j,i"))
  var voxel: VoxelOption?

  @Option(name: [.short, .long], help: ArgumentHelp("The file: .png, .txt or .ansi.", valueName: "frame"))
  var output: String

  @Flag(help: "Replace an existing file.")
  var force = false

  func run() throws {
    let inputs = NIfTIReader.files(of: scan) + (mask.map(NIfTIReader.files) ?? []) + (session.map { [$0] } ?? [])
    try OutputFiles.check([output], force: force, protecting: inputs)
    let volume = try NIfTIReader.read(path: scan)
    let labels = try mask.map { try NIfTIReader.readMask(path: $0, expectedGrid: volume.grid).labels }
    var settings = ViewSettings()
    var history = ClickHistory()
    if let session {
      let content = try SessionFile.read(session).content
      try ClickSource.check(content, path: session, scan: ScanIdentity(path: scan, volume: volume))
      history = content.history
      settings = content.view.map(ViewSettings.init(json:)) ?? settings
    }
    if let voxel {
      guard volume.grid.shape.contains(voxel.index) else {
        throw ValidationError("--at \(voxel.index.array) lies outside the scan \(volume.grid.shape.array)")
      }
      settings.cursor = voxel.index
    }
    view.apply(to: &settings)
    let capabilities = DisplayCapabilities(colors: colors.depth)
    let model = ViewerModel(
      scan: ViewedScan(name: (scan as NSString).lastPathComponent, volume: volume),
      network: (try? BundledAssets.modelPath(option: nil)).flatMap { try? Model.load(path: $0) }
        .map(NetworkDescription.init),
      history: history, labels: labels, settings: settings, capabilities: capabilities, columns: size.columns,
      rows: size.rows)
    let frame = model.render(columns: size.columns, rows: size.rows)
    try AtomicFile.write(
      try bytes(of: frame, capabilities: capabilities), to: output, overwrite: force,
      protecting: inputs)
  }

  private func bytes(of frame: Frame, capabilities: DisplayCapabilities) throws -> [UInt8] {
    switch (output as NSString).pathExtension.lowercased() {
    case "png": return try frame.png()
    case "txt": return Array((frame.text + "\n").utf8)
    case "ansi": return Array(frame.ansi(capabilities: capabilities).utf8)
    default: throw ValidationError("\(output): the name must end in .png, .txt or .ansi")
    }
  }
}

/// What `render` shows.
enum RenderView: String, ExpressibleByArgument, CaseIterable {
  case axial
  case coronal
  case sagittal
  case all

  /// Sets the pane.
  func apply(to settings: inout ViewSettings) {
    switch self {
    case .axial: settings.activePlane = .axial
    case .coronal: settings.activePlane = .coronal
    case .sagittal: settings.activePlane = .sagittal
    case .all: break
    }
    settings.isFullScreen = self != .all
  }
}

/// `200x50`.
struct ScreenSize: ExpressibleByArgument {
  let columns: Int
  let rows: Int

  init(columns: Int, rows: Int) {
    self.columns = columns
    self.rows = rows
  }

  init?(argument: String) {
    let parts = argument.lowercased().split(separator: "x").map { Int($0) }
    guard parts.count == 2, let columns = parts[0], let rows = parts[1], (1...1000).contains(columns),
      (1...1000).contains(rows)
    else { return nil }
    self.init(columns: columns, rows: rows)
  }

  var defaultValueDescription: String { "\(columns)x\(rows)" }
}

/// `k,j,i`.
struct VoxelOption: ExpressibleByArgument {
  let index: Axes3<Int>

  init?(argument: String) {
    let parts = argument.split(separator: ",").map { Int($0) }
    guard parts.count == 3, let axis0 = parts[0], let axis1 = parts[1], let axis2 = parts[2] else { return nil }
    index = Axes3(axis0, axis1, axis2)
  }
}
