import ArgumentParser
import Checkpoint
import Clicks
import Foundation
import Segmentation
import Session
import Volume

/// `canalis session`.
struct SessionCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "session", abstract: "Show, replay, export and check sessions.",
    discussion: "A session is a log of everything that was done with a scan, one JSON object a line.",
    subcommands: [Show.self, Replay.self, Export.self, Verify.self])

  /// The session that a subcommand works on.
  struct Source: ParsableArguments {
    @Argument(help: ArgumentHelp("The session's file.", valueName: "session"))
    var session: String

    @Flag(help: "Keep what is good before a damaged line instead of stopping there. The file is not changed.")
    var recover = false

    /// Reads the session and says what was dropped.
    func read() throws -> SessionContent {
      let opened = try SessionFile.read(session, recover: recover)
      for notice in opened.notices { StandardError.write("warning: \(notice.description)") }
      return opened.content
    }
  }

  /// `canalis session show`.
  struct Show: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Print a session: its scan, its clicks, its history.")

    @OptionGroup var source: Source

    @Flag(help: "Print the result as one JSON object.")
    var json = false

    func run() throws {
      let content = try source.read()
      if json {
        try JSONOutput.write(
          Report(
            scan: .init(path: content.header.scan.path, sha256: content.header.scan.sha256),
            model: .init(name: content.model.name, sha256: content.model.sha256),
            clicks: content.history.clicks.map { .init(id: $0.id, kind: $0.kind.rawValue, voxel: $0.voxel.array) },
            events: content.records.count))
        return
      }
      print("scan   \(DisplayText.escaped(content.header.scan.path))")
      print("model  \(DisplayText.escaped(content.model.name))")
      print("clicks \(content.history.clicks.count) in force, voxels as [axis 0, axis 1, axis 2]")
      for click in content.history.clicks {
        print("  \(click.id)  \(click.kind.displayName)  \(click.voxel.array)")
      }
      print("events \(content.records.count)")
      for record in content.records {
        print("  \(record.line)  \(DisplayText.escaped(record.time))  \(DisplayText.escaped(record.event.summary))")
      }
    }

    private struct Report: Encodable {
      struct ScanFacts: Encodable {
        var path: String
        var sha256: String
      }
      struct ModelFacts: Encodable {
        var name: String
        var sha256: String
      }
      struct ClickFacts: Encodable {
        var id: Int
        var kind: String
        var voxel: [Int]
      }
      var scan: ScanFacts
      var model: ModelFacts
      var clicks: [ClickFacts]
      var events: Int
    }
  }

  /// `canalis session replay`.
  struct Replay: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Compute a session's mask again.",
      discussion: """
        Uses the session's scan, settings and clicks, and the model that the session used (the bundled one, or --model). \
        On the same kind of processor with the same number of threads the mask has the same bytes.
        """)

    @OptionGroup var source: Source

    @Option(name: [.short, .long], help: ArgumentHelp("Where the mask goes.", valueName: "mask"))
    var output: String

    @Option(help: ArgumentHelp("The scan, if it is no longer where the session says.", valueName: "file"))
    var scan: String?

    @Option(
      help: ArgumentHelp(
        "The model that the session used. Default: $CANALIS_MODEL, else the bundled one.", valueName: "file"))
    var model: String?

    @OptionGroup var memoryOptions: MemoryOptions

    @Flag(help: "Use the model although it is not the one that the session used.")
    var anyModel = false

    @Flag(help: "Replace existing files.")
    var force = false

    @OptionGroup var outputOptions: OutputOptions

    func run() throws {
      Interruption.watch()
      let progress = ProgressPrinter(isQuiet: outputOptions.quiet)
      let content = try source.read()
      let path = scan ?? content.header.scan.path
      let modelPath = try BundledAssets.modelPath(option: model)
      let inputs = NIfTIReader.files(of: path) + [source.session, modelPath]
      try OutputFiles.check([], masks: [output], force: force, protecting: inputs)
      let volume = try NIfTIReader.read(path: path)
      let identity = ScanIdentity(path: path, volume: volume)
      try ClickSource.check(content, path: source.session, scan: identity)
      let model = try Model.load(path: modelPath)
      if model.sha256 != content.model.sha256, !anyModel {
        throw CommandFailure(
          "the session used the model \(DisplayText.escaped(content.model.name)) (\(content.model.sha256.prefix(8))), "
            + "this is \(DisplayText.escaped(model.metadata.name)) (\(model.sha256.prefix(8))); give the session's with "
            + "--model, or --any-model for another mask", status: .badData)
      }
      let settings = try content.settings(path: source.session)
      let clicks = content.history.clicks
      let result = try SegmentationRun(
        scan: volume, model: model, settings: settings, clicks: clicks.map(\.click),
        memoryLimit: memoryOptions.memoryLimit
      ).run(progress: progress)
      let forced = Set(result.forcedClicks.map { clicks[$0].id })
      let report = MaskReport(
        notice: model.metadata.honesty, scan: .init(name: content.header.scan.path, sha256: identity.sha256),
        model: .init(name: model.metadata.name, sha256: model.sha256), settings: settings,
        clicks: clicks.map { .init($0, forced: forced.contains($0.id)) })
      _ = try MaskExport(mask: result.mask, scan: volume, inputs: inputs, report: report)
        .write(to: output, overwrite: force)
      let summary = SegmentSummary(result: result, report: report, rules: settings.rules)
      guard !outputOptions.json else { return try JSONOutput.write(summary) }
      print(
        "\(DisplayText.escaped(output)): left \(summary.voxels["left"] ?? 0), right \(summary.voxels["right"] ?? 0) "
          + "voxels, \(summary.clicks) clicks, \(summary.forcedClicks) forced")
    }
  }

  /// `canalis session export`.
  struct Export: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Write a session's clicks for other programs.")

    /// A file format for clicks.
    enum Format: String, ExpressibleByArgument, CaseIterable {
      case challenge
      case csv
    }

    @OptionGroup var source: Source

    @Option(
      name: [.short, .long], help: ArgumentHelp("The file to write; without it, standard output.", valueName: "file"))
    var output: String?

    @Option(
      help: ArgumentHelp(
        "challenge: the ToothFairy3 challenge's JSON. csv: a table with voxels and millimetres. Default: by the name.",
        valueName: "format"))
    var format: Format?

    @Option(
      help: ArgumentHelp(
        "The scan, if it is no longer where the session says; a table has millimetres by it.", valueName: "file"))
    var scan: String?

    @Flag(help: "Leave \"not canal\" clicks out, which the challenge's format cannot hold.")
    var dropNegative = false

    @Flag(help: "Replace an existing file.")
    var force = false

    func run() throws {
      let content = try source.read()
      let clicks = content.history.clicks.map(\.click)
      let format = format ?? ((output ?? "").lowercased().hasSuffix(".csv") ? .csv : .challenge)
      let data: Data
      switch format {
      case .challenge:
        data = try ChallengeFile.encode(clicks, backgroundClicks: dropNegative ? .drop : .refuse)
      case .csv: data = ClickTable.encode(clicks, grid: try grid(of: content))
      }
      guard let output else {
        try StandardOutput.write(data)
        return
      }
      try OutputFiles.check([output], force: force, protecting: [source.session])
      try AtomicFile.write(Array(data), to: output, overwrite: force, protecting: [source.session])
    }

    /// The scan's grid, with its place in the patient where the scan is there: the session knows its voxels alone.
    private func grid(of content: SessionContent) throws -> Grid {
      let path = scan ?? content.header.scan.path
      do {
        let volume = try NIfTIReader.read(path: path)
        try ClickSource.check(content, path: source.session, scan: ScanIdentity(path: path, volume: volume))
        return volume.grid
      } catch {
        if scan != nil { throw error }
        StandardError.write(
          "warning: \(error); without the scan the table has no millimetres: name it with --scan")
        return Grid(shape: content.header.scan.shape, spacing: content.header.scan.spacing, affine: nil)
      }
    }
  }

  /// `canalis session verify`.
  struct Verify: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Check a session's file against its scan and its model.",
      discussion: "Ends with exit code 2 when the file is damaged or the scan is another.")

    @OptionGroup var source: Source

    @Option(help: ArgumentHelp("The scan, if it is no longer where the session says.", valueName: "file"))
    var scan: String?

    @Option(help: ArgumentHelp("The model. Default: $CANALIS_MODEL, else the bundled one.", valueName: "file"))
    var model: String?

    @Flag(help: "Print the result as one JSON object.")
    var json = false

    func run() throws {
      let content = try source.read()
      let path = scan ?? content.header.scan.path
      let volume = try NIfTIReader.read(path: path)
      let model = try Model.load(path: try BundledAssets.modelPath(option: model))
      let findings = SessionVerification.findings(
        content, scan: ScanIdentity(path: path, volume: volume), model: ModelIdentity(model),
        processor: .current, program: ProgramVersion.current)
      let errors = findings.filter { $0.severity == .error }
      if json {
        try JSONOutput.write(
          Report(
            valid: errors.isEmpty, events: content.records.count, clicks: content.history.clicks.count,
            findings: findings.map { .init(severity: $0.severity.rawValue, message: $0.message) }))
      } else {
        for finding in findings { print("\(finding.severity.rawValue): \(finding.message)") }
        print(
          errors.isEmpty
            ? "\(content.records.count) events, \(content.history.clicks.count) clicks in force: as written"
            : "not valid")
      }
      if !errors.isEmpty { throw ExitCode(ExitStatus.badData.rawValue) }
    }

    private struct Report: Encodable {
      struct Finding: Encodable {
        var severity: String
        var message: String
      }
      var valid: Bool
      var events: Int
      var clicks: Int
      var findings: [Finding]
    }
  }
}

extension SessionEvent {
  /// The event in a few words.
  fileprivate var summary: String {
    switch self {
    case .click(let action):
      switch action {
      case .place(let click): return "click \(click.id) \(click.kind.displayName) at \(click.voxel.array)"
      case .remove(let id): return "remove click \(id)"
      case .move(let id, let voxel): return "move click \(id) to \(voxel.array)"
      case .changeKind(let id, let kind): return "click \(id) is \(kind.displayName)"
      case .undo: return "undo"
      case .redo: return "redo"
      }
    case .model(let model): return "model \(model.name)"
    case .note(let text): return "note: \(text)"
    case .export(let export): return "export to \(export.path), \(export.forcedClicks.count) forced clicks"
    case .view: return "view"
    }
  }
}
