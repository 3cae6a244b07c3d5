import ArgumentParser
import Checkpoint
import Clicks
import Foundation
import Segmentation
import Session
import Volume

/// `canalis segment`.
struct Segment: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Compute a mask without the viewer.",
    discussion: """
      Writes the same mask as the viewer shows with the same clicks and settings, on the scan's own grid: 0 \
      background, 1 the patient's left canal, 2 the right. Beside it goes a .json that says which model, which scan and \
      which clicks made it.

      Examples:
        canalis segment scan.nii.gz --output mask.nii.gz
        canalis segment scan.nii.gz --output mask.nii.gz --clicks clicks.json --json
      """)

  @Argument(help: ArgumentHelp("The scan: .nii, .nii.gz, or .hdr with .img.", valueName: "scan"))
  var scan: String

  @Option(
    name: [.short, .long], help: ArgumentHelp("Where the mask goes: .nii, .nii.gz, .hdr or .img.", valueName: "mask"))
  var output: String

  @Option(
    help: ArgumentHelp("Clicks: the ToothFairy3 challenge's JSON, or a session.", valueName: "file"))
  var clicks: String?

  @Option(help: ArgumentHelp("A session: its clicks and its settings.", valueName: "file"))
  var session: String?

  @OptionGroup var modelOptions: ModelOptions

  @OptionGroup var memoryOptions: MemoryOptions

  @Flag(
    name: .customLong("no-postprocessing"),
    help: "Keep small components, and stamp no crosses round clicks. Clicks are honoured all the same.")
  var noPostprocessing = false

  @Option(
    help: ArgumentHelp(
      "canalis: by the scan's orientation, every click honoured. reference: the published pipeline exactly.",
      valueName: "rules"))
  var rules: SegmentationSettings.Rules?

  @Option(
    help: ArgumentHelp(
      "Also write the summed logits [classes, axis0, axis1, axis2] on the resampled grid.", valueName: "file.npy"))
  var saveLogits: String?

  @Flag(help: "Replace existing files.")
  var force = false

  @OptionGroup var outputOptions: OutputOptions

  func validate() throws {
    if clicks != nil, session != nil { throw ValidationError("give --clicks or --session, not both") }
  }

  func run() throws {
    Interruption.watch()
    let progress = ProgressPrinter(isQuiet: outputOptions.quiet)
    let modelPath = try BundledAssets.modelPath(option: modelOptions.model)
    let inputs = NIfTIReader.files(of: scan) + [clicks, session, modelPath].compactMap { $0 }
    try OutputFiles.check(saveLogits.map { [$0] } ?? [], masks: [output], force: force, protecting: inputs)
    progress.show(stage: "reading \(DisplayText.escaped(scan))", fraction: 0)
    let volume = try NIfTIReader.read(path: scan)
    volume.warnings.forEach { progress.note("warning: \($0)") }
    let identity = ScanIdentity(path: URL(fileURLWithPath: scan).path, volume: volume)
    let source = try (clicks ?? session).map { try ClickSource.read($0, scan: volume, identity: { identity }) }
    let model = try Model.load(path: modelPath)
    if let content = source?.session, session != nil, content.model.sha256 != model.sha256 {
      progress.note(
        "warning: the session's model is \(DisplayText.escaped(content.model.name)); "
          + "\(DisplayText.escaped(model.metadata.name)) answers now")
    }
    let settings = try settings(model: model, session: session == nil ? nil : source?.session)
    let placed = source?.clicks ?? []
    let run = SegmentationRun(
      scan: volume, model: model, settings: settings, clicks: placed.map(\.click), keepsLogits: saveLogits != nil,
      memoryLimit: memoryOptions.memoryLimit)
    let result = try run.run(progress: progress)
    let forced = Set(result.forcedClicks.map { placed[$0].id })
    let report = MaskReport(
      notice: model.metadata.honesty, scan: .init(name: identity.path, sha256: identity.sha256),
      model: .init(name: model.metadata.name, sha256: model.sha256), settings: settings,
      clicks: placed.map { .init($0, forced: forced.contains($0.id)) })
    if let saveLogits, let logits = result.logits {
      try NPYArray(shape: logits.shape, values: .float32(logits.values))
        .write(to: saveLogits, overwrite: force, protecting: inputs)
    }
    _ = try MaskExport(mask: result.mask, scan: volume, inputs: inputs, report: report)
      .write(to: output, overwrite: force)
    try print(SegmentSummary(result: result, report: report, rules: settings.rules))
  }

  private func settings(model: Model, session: SessionContent?) throws -> SegmentationSettings {
    guard let session else {
      return SegmentationSettings(
        metadata: model.metadata, rules: rules ?? .canalis, mirroring: modelOptions.mirroring, step: modelOptions.step,
        postprocessing: !noPostprocessing)
    }
    var settings = try session.settings(path: self.session ?? "")
    if rules != nil || modelOptions.mirroring != nil {
      settings = SegmentationSettings(
        metadata: model.metadata, rules: rules ?? settings.rules,
        mirroring: modelOptions.mirroring ?? settings.isMirroring, step: settings.step,
        postprocessing: settings.postprocessing)
    }
    if let step = modelOptions.step { settings.step = step }
    if noPostprocessing { settings.postprocessing = false }
    return settings
  }

  private func print(_ summary: SegmentSummary) throws {
    guard !outputOptions.json else { return try JSONOutput.write(summary) }
    Swift.print(
      "\(DisplayText.escaped(output)): left \(summary.voxels["left"] ?? 0), right \(summary.voxels["right"] ?? 0) voxels"
    )
    Swift.print(
      "\(summary.windows) windows in \(ProgressPrinter.duration(summary.seconds)), \(summary.clicks) clicks, "
        + "\(summary.forcedClicks) forced; model \(DisplayText.escaped(summary.model)): "
        + DisplayText.escaped(summary.notice))
    for click in summary.forcedList {
      Swift.print("  forced: click \(click.id) \(click.kind) at \(click.voxel), against the model's answer")
    }
  }
}

/// What `segment` and `session replay` tell about a mask.
struct SegmentSummary: Encodable {
  var voxels: [String: Int]
  var windows: Int
  var seconds: Double
  var clicks: Int
  var forcedClicks: Int
  var list: [MaskReport.ReportedClick]
  var forcedList: [MaskReport.ReportedClick]
  var model: String
  var notice: String
  var rules: String

  enum CodingKeys: String, CodingKey {
    case voxels, windows, seconds, clicks
    case forcedClicks = "forced_clicks"
    case list = "clicks_list"
    case forcedList = "forced_clicks_list"
    case model, notice, rules
  }

  /// Summarizes a result.
  init(result: SegmentationResult, report: MaskReport, rules: SegmentationSettings.Rules) {
    voxels = ["left": result.voxelCount(label: 1), "right": result.voxelCount(label: 2)]
    windows = result.windows
    seconds = result.seconds
    list = report.clicks
    forcedList = report.clicks.filter(\.forced)
    clicks = list.count
    forcedClicks = forcedList.count
    model = report.model.name
    notice = report.notice
    self.rules = rules.rawValue
  }
}
