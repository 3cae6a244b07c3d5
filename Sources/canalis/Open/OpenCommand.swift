import ArgumentParser
import Canvas
import Checkpoint
import Foundation
import Session
import Terminal
import Viewer
import Volume

/// `canalis open`, also `canalis SCAN`.
struct Open: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "View a scan, click, and refine the canals' segmentation.",
    discussion: """
      Opens the interactive viewer. "canalis SCAN" does the same. Every click is on disk before it is shown: quitting \
      needs no saving, and opening the scan again goes on where you left.

      In the viewer: click the left canal (1), the right canal (2) or what is not canal (3, or the right mouse \
      button); u takes back, Ctrl-R does again, e exports the mask, ? shows all keys, q leaves.

      Left and right are the patient's. Screen left shows the patient's right (radiological convention).
      """)

  @Argument(help: ArgumentHelp("The scan: .nii, .nii.gz, or .hdr with .img.", valueName: "scan"))
  var scan: String

  @Option(
    help: ArgumentHelp(
      "The session's file.",
      discussion: """
        Without it one named after the scan in $CANALIS_SESSIONS, else in ./Sessions if there is one, else in \
        $XDG_DATA_HOME/canalis/sessions.
        """, valueName: "file"))
  var session: String?

  @Flag(
    help: "Go on from before a damaged line of the session, instead of stopping there. The damaged file is kept.")
  var recover = false

  @OptionGroup var modelOptions: ModelOptions

  @OptionGroup var memoryOptions: MemoryOptions

  @OptionGroup var diskOptions: DiskOptions

  @Option(
    help: ArgumentHelp("Colours: 0, 8, 16, 256 or 24bit. Default: what the terminal has.", valueName: "colours"))
  var colors: ColorOption?

  func run() throws {
    guard isatty(STDIN_FILENO) == 1, isatty(STDOUT_FILENO) == 1 else {
      throw CommandFailure(
        "the viewer needs a terminal; without one use \"canalis render\" for a picture and \"canalis segment\" for a mask"
      )
    }
    let progress = ProgressPrinter(isQuiet: false)
    let opened = try ScanSession(scanPath: scan, sessionPath: session, recover: recover, options: modelOptions) {
      stage in
      progress.show(stage: stage, fraction: 0)
    }
    progress.clear()
    let viewed = ViewedScan(name: (scan as NSString).lastPathComponent, volume: opened.scan)
    let driver = try TerminalDriver(colors: colors?.depth)
    defer { driver.close() }
    let mailbox = Mailbox<ViewerMessage> { TerminalDriver.wake() }
    let viewer = ViewerModel(
      scan: viewed, network: opened.model.map(NetworkDescription.init), history: opened.session.content.history,
      settings: opened.viewSettings, exportPath: Self.exportPath(for: scan),
      readOnlyReason: opened.session.readOnlyReason,
      capabilities: driver.capabilities, columns: driver.columns, rows: driver.rows)
    let application = ViewerApplication(
      driver: driver, mailbox: mailbox,
      runner: opened.model.map {
        NetworkRunner(
          scan: opened.scan, model: $0, settings: opened.settings, keeping: keeping(opened, model: $0), mailbox: mailbox
        )
      },
      store: opened.session.log.map { SessionStore(log: $0, mailbox: mailbox) },
      exporter: Exporter(scan: opened.scan, inputs: opened.inputs, report: opened.report), model: viewer)
    for notice in opened.notices { mailbox.post(.notice(notice)) }
    let code = application.run()
    driver.close()
    // The network may be in the middle of a slab. Everything that must last is on disk and the terminal is given back, so
    // the process ends here, without the libraries' own leave-taking, which would wait for their threads.
    fflush(nil)
    _exit(code)
  }

  private func keeping(_ opened: ScanSession, model: Model) -> NetworkRunner.Keeping {
    let limit = diskOptions.diskLimit
    return NetworkRunner.Keeping(
      memoryLimitBytes: memoryOptions.memoryLimit?.bytes,
      encodings: KeptFiles.encodings(scan: opened.identity, model: model, limit: limit),
      masks: KeptFiles.masks(
        scan: opened.scan, identity: opened.identity, model: model, settings: opened.settings, limit: limit))
  }

  /// The path that export offers: the scan's name with `-mask.nii.gz` in the working folder.
  private static func exportPath(for scan: String) -> String {
    var name = (scan as NSString).lastPathComponent
    for ending in [".nii.gz", ".nii", ".hdr", ".img"] where name.lowercased().hasSuffix(ending) {
      name.removeLast(ending.count)
      break
    }
    return name + "-mask.nii.gz"
  }
}

extension ScanSession {
  /// How the scan was looked at before.
  var viewSettings: ViewSettings {
    session.content.view.map(ViewSettings.init(json:)) ?? ViewSettings()
  }

  /// What the side file of an export says, without clicks.
  var report: MaskReport {
    MaskReport(
      notice: model?.metadata.honesty ?? "no model", scan: .init(name: identity.path, sha256: identity.sha256),
      model: .init(name: model?.metadata.name ?? "none", sha256: ModelIdentity(model).sha256), settings: settings,
      clicks: [])
  }
}
