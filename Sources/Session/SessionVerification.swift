import Formats
import Volume

/// A difference between what a session was made with and what is there now.
public struct SessionFinding: Sendable, Hashable {
  /// How much it matters.
  public enum Severity: String, Sendable, Hashable, CaseIterable {
    /// The clicks do not belong to this scan.
    case error
    /// The mask will not be the same bytes.
    case warning
    /// Nothing depends on it.
    case note
  }

  /// What differs.
  public enum Subject: String, Sendable, Hashable, CaseIterable {
    case scanShape, scanVoxels, scanSpacing, scanOrientation, scanPath, model, settings, processor, program
  }

  /// How much it matters.
  public let severity: Severity
  /// What differs.
  public let subject: Subject
  /// The difference in words, with both values.
  public let message: String
}

/// Checks a session against the scan, model and program that are to go on with it.
public enum SessionVerification {
  /// Lists what differs.
  ///
  /// - Parameters:
  ///   - content: The session.
  ///   - scan: The scan that is there, or `nil` to leave it out.
  ///   - model: The model that is there, or `nil`; compared with the last that the session used.
  ///   - settings: The settings that masks are computed with now, or `nil`.
  ///   - processor: What computes now, or `nil`.
  ///   - program: The program's version, or `nil`.
  /// - Returns: The differences, errors first; empty when all is as it was.
  public static func findings(
    _ content: SessionContent, scan: ScanIdentity? = nil, model: ModelIdentity? = nil, settings: JSONValue? = nil,
    processor: ProcessorIdentity? = nil, program: String? = nil
  ) -> [SessionFinding] {
    var findings: [SessionFinding] = []
    func add(_ severity: SessionFinding.Severity, _ subject: SessionFinding.Subject, _ message: String) {
      findings.append(SessionFinding(severity: severity, subject: subject, message: message))
    }
    let header = content.header
    if let scan { compare(header.scan, with: scan, add) }
    if let model, model.sha256 != content.model.sha256 {
      add(
        .warning, .model,
        "the session's model is \(DisplayText.escaped(content.model.name)) (\(content.model.sha256)), this one is "
          + "\(DisplayText.escaped(model.name)) (\(model.sha256)): masks will differ; give the session's with --model")
    }
    if let settings, !settings.isEquivalent(to: header.settings) {
      add(
        .warning, .settings,
        "the session's settings are \(header.settings.text), those now are \(settings.text): masks will differ")
    }
    if let processor, processor != header.processor {
      add(
        .warning, .processor,
        "the session was made on \(DisplayText.escaped(header.processor.kind)) with \(header.processor.threads) threads, "
          + "this is \(DisplayText.escaped(processor.kind)) with \(processor.threads): a few voxels may differ")
    }
    if let program, program != header.program {
      add(
        .note, .program,
        "the session was begun with version \(DisplayText.escaped(header.program)), this is \(program)")
    }
    return findings
  }

  private static func compare(
    _ recorded: ScanIdentity, with scan: ScanIdentity,
    _ add: (SessionFinding.Severity, SessionFinding.Subject, String) -> Void
  ) {
    if recorded.shape != scan.shape {
      add(
        .error, .scanShape,
        "the session's scan has shape \(recorded.shape.array), this one \(scan.shape.array): it is another scan")
    }
    if recorded.sha256 != scan.sha256 {
      add(
        .error, .scanVoxels,
        "the session's scan has voxels \(recorded.sha256), this one \(scan.sha256): it is another scan, or was changed")
    }
    // Headers hold spacing as float32; a micrometre is far below what they mean.
    if (0..<3).contains(where: { abs(recorded.spacing[$0] - scan.spacing[$0]) > 1e-6 * recorded.spacing[$0] }) {
      add(
        .error, .scanSpacing,
        "the session's scan has spacing \(recorded.spacing.array) mm, this one \(scan.spacing.array) mm: its header was "
          + "changed")
    }
    if let was = recorded.orientation, let now = scan.orientation, was != now {
      add(
        .error, .scanOrientation,
        "the session's scan was stored \(was.code), this one \(now.code): its header was changed, and what was clicked "
          + "lies elsewhere in the patient, left and right perhaps exchanged")
    }
    if recorded.path != scan.path {
      add(
        .note, .scanPath,
        "the session's scan was \(DisplayText.escaped(recorded.path)), this one is \(DisplayText.escaped(scan.path))")
    }
  }
}
