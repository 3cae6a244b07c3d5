import Formats

/// Something that happened in a session.
public enum SessionEvent: Sendable, Hashable {
  /// The clinician placed, removed, moved or changed a click, or took back or did again one of these.
  case click(ClickAction)
  /// Another model is used from here on.
  case model(ModelIdentity)
  /// A remark of the clinician.
  case note(String)
  /// A mask was written.
  case export(Export)
  /// How the session is looked at, a JSON object; may be lost in a power cut.
  case view(JSONValue)

  /// A mask that was written.
  public struct Export: Sendable, Hashable {
    /// The file.
    public var path: String
    /// SHA-256 of the mask's labels, one byte a voxel in stored order: 64 lower-case hexadecimal digits.
    public var sha256: String
    /// Numbers of the clicks that the model did not agree with and that were forced.
    public var forcedClicks: [Int]

    /// Creates a description of a written mask.
    public init(path: String, sha256: String, forcedClicks: [Int]) {
      self.path = path
      self.sha256 = sha256
      self.forcedClicks = forcedClicks
    }

    /// Creates a description of a written mask from its labels.
    ///
    /// - Parameters:
    ///   - path: The file.
    ///   - labels: The mask's labels in stored order.
    ///   - forcedClicks: Numbers of the clicks that were forced.
    public init(path: String, labels: [UInt8], forcedClicks: [Int]) {
      var digest = SHA256()
      labels.withUnsafeBytes { digest.update($0) }
      self.init(path: path, sha256: digest.finalize(), forcedClicks: forcedClicks)
    }
  }

  /// Whether the event must be on disk before it may be shown.
  public var mustBeSafe: Bool {
    if case .view = self { false } else { true }
  }
}

/// A line of a session after the first.
public struct SessionRecord: Sendable, Hashable {
  /// The line's number in the file; the header is line 1.
  public var line: Int
  /// When it was written: UTC as `2026-03-14T15:09:26.535Z`.
  public var time: String
  /// What happened.
  public var event: SessionEvent

  /// Creates a line.
  public init(line: Int, time: String, event: SessionEvent) {
    self.line = line
    self.time = time
    self.event = event
  }
}
