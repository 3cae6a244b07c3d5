import Formats
import Checkpoint
import Foundation
import Segmentation
import Session
import Tensor
import Volume

/// A scan opened for work: its voxels, the model, the settings and the session that goes with them.
struct ScanSession {
  /// The scan.
  let scan: Volume
  /// What the session knows the scan by.
  let identity: ScanIdentity
  /// The model, or `nil` when the bundled one is missing.
  let model: Model?
  /// How masks are computed.
  let settings: SegmentationSettings
  /// The session.
  let session: OpenedSession
  /// The files of all these, never written over by a mask.
  let inputs: [String]
  /// What the user must be told.
  let notices: [String]

  /// Reads scan and model and opens or begins the session.
  ///
  /// - Parameters:
  ///   - scanPath: The scan.
  ///   - sessionPath: The session's file, or `nil` for the scan's own.
  ///   - recover: Whether a damaged line ends the session instead of being an error.
  ///   - options: The model and how it answers.
  ///   - progress: Called with what is done now.
  /// - Throws: What is wrong with a file, or `CommandFailure` when session and options contradict each other.
  init(
    scanPath: String, sessionPath: String?, recover: Bool, options: ModelOptions, progress: (String) throws -> Void
  ) throws {
    try progress("reading \(DisplayText.escaped(scanPath))")
    let scan = try NIfTIReader.read(path: scanPath)
    try progress("reading the model")
    let modelPath = Result { try BundledAssets.modelPath(option: options.model) }
    let (model, modelNotice) = try Self.model(path: modelPath)
    try progress("opening the session")
    let identity = ScanIdentity(path: Self.absolute(scanPath), volume: scan)
    let path = try SessionLocation.path(
      for: identity, explicit: sessionPath, environment: ProcessInfo.processInfo.environment)
    var notices = modelNotice.map { [$0] } ?? []
    let modelIdentity = ModelIdentity(model)
    if FileManager.default.fileExists(atPath: path) {
      session = try SessionFile.open(path, recover: recover)
      notices += session.notices.map(\.description)
      let content = session.content
      let findings = SessionVerification.findings(content, scan: identity)
      if let error = findings.first(where: { $0.severity == .error }) {
        throw CommandFailure(
          "\(DisplayText.escaped(path)): \(error.message); name another session with --session", status: .badData)
      }
      settings = try Self.settings(of: content, options: options, path: path)
      if content.model.sha256 != modelIdentity.sha256, model != nil {
        notices.append(
          "the session's model was \(DisplayText.escaped(content.model.name)); this one answers from now on")
        _ = try session.log?.append(.model(modelIdentity))
      }
      if !content.history.clicks.isEmpty {
        notices.append("the session goes on with \(content.history.clicks.count) clicks")
      }
    } else {
      settings = Self.settings(model: model, options: options)
      session = try SessionFile.create(
        at: path,
        header: SessionHeader(
          program: ProgramVersion.current, scan: identity, model: modelIdentity,
          settings: try JSONValue(encoding: settings), processor: .current))
    }
    inputs = NIfTIReader.files(of: scanPath) + [path] + [try? modelPath.get()].compactMap { $0 }
    self.scan = scan
    self.identity = identity
    self.model = model
    self.notices = scan.warnings + notices
  }

  /// The settings that a session was begun with; options that say otherwise are refused, since a session's masks are a
  /// function of what its first line says.
  private static func settings(
    of content: SessionContent, options: ModelOptions, path: String
  ) throws -> SegmentationSettings {
    let kept = try content.settings(path: path)
    var asked = kept
    if let step = options.step { asked.step = step }
    if let mirroring = options.mirroring, mirroring != kept.isMirroring {
      throw CommandFailure(
        "\(DisplayText.escaped(path)) was begun \(kept.isMirroring ? "with" : "without") mirroring; leave the option "
          + "away, or begin another session with --session", status: .usage)
    }
    guard asked == kept else {
      throw CommandFailure(
        "\(DisplayText.escaped(path)) was begun with step \(kept.step); leave the option away, or begin another session "
          + "with --session", status: .usage)
    }
    return kept
  }

  private static func settings(model: Model?, options: ModelOptions) -> SegmentationSettings {
    guard let model else { return SegmentationSettings(mirrorAxes: [], step: options.step ?? 0.9) }
    return SegmentationSettings(metadata: model.metadata, mirroring: options.mirroring, step: options.step)
  }

  /// The model at a path. Only the bundled model may be missing: then clicks are still kept.
  private static func model(path: Result<String, any Error>) throws -> (Model?, String?) {
    do {
      return (try Model.load(path: try path.get()), nil)
    } catch let failure as CommandFailure {
      return (nil, failure.description)
    }
  }

  private static func absolute(_ path: String) -> String {
    URL(fileURLWithPath: path).path
  }
}

extension SessionContent {
  /// The settings of the session's first line.
  ///
  /// - Parameter path: The session's file, for the error.
  /// - Returns: The settings.
  /// - Throws: `CommandFailure` when they are not what this program writes.
  func settings(path: String) throws -> SegmentationSettings {
    do {
      return try header.settings.decoded(as: SegmentationSettings.self)
    } catch {
      throw CommandFailure(
        "\(DisplayText.escaped(path)), line 1: the settings are not those of a session: \(header.settings.text)",
        status: .badData)
    }
  }
}

extension ModelIdentity {
  /// What a session knows a model by; without a model its name is "none".
  init(_ model: Model?) {
    self.init(
      name: model?.metadata.name ?? "none", sha256: model?.sha256 ?? String(repeating: "0", count: 64))
  }
}

extension ProcessorIdentity {
  /// What computes here.
  static var current: ProcessorIdentity {
    ProcessorIdentity(kind: "x86-64 \(InstructionSet.best)", threads: Threads.count)
  }
}
