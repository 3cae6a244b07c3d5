import Clicks
import Session
import Volume

/// A question to the network: the mask for a list of clicks.
public struct NetworkJob: Sendable, Hashable {
  /// The job's number, rising; a job with a higher number replaces all before it.
  public let id: Int
  /// The clicks in order.
  public let clicks: [PlacedClick]

  /// Creates a job.
  ///
  /// - Parameters:
  ///   - id: The job's number.
  ///   - clicks: The clicks in order.
  public init(id: Int, clicks: [PlacedClick]) {
    self.id = id
    self.clicks = clicks
  }
}

/// The network's answer to a job.
public struct NetworkAnswer: Sendable {
  /// The job that it answers.
  public var job: Int
  /// The mask's labels on the scan's grid in stored order: 0 background, 1 left canal, 2 right.
  public var labels: [UInt8]
  /// How the labels differ from those of the answer to `previousJob`.
  public var change: MaskChange
  /// The job whose answer `change` is counted from, shown or not; `nil` for none.
  public var previousJob: Int?
  /// Numbers of the clicks whose voxels had to be forced.
  public var forcedClicks: Set<Int>
  /// How many windows of the scan the network ran on.
  public var windowsRun: Int
  /// How long it took.
  public var seconds: Double
  /// What else must be said, a sentence each.
  public var warnings: [String]

  /// Creates an answer.
  ///
  /// - Parameters:
  ///   - job: The job that it answers.
  ///   - labels: One label for each voxel.
  ///   - change: How the labels differ from those of the answer to `previousJob`.
  ///   - previousJob: The job whose answer `change` is counted from.
  ///   - forcedClicks: Numbers of the clicks whose voxels had to be forced.
  ///   - windowsRun: How many windows the network ran on.
  ///   - seconds: How long it took.
  ///   - warnings: What else must be said.
  public init(
    job: Int, labels: [UInt8], change: MaskChange, previousJob: Int? = nil, forcedClicks: Set<Int> = [],
    windowsRun: Int = 0, seconds: Double = 0, warnings: [String] = []
  ) {
    self.job = job
    self.labels = labels
    self.change = change
    self.previousJob = previousJob
    self.forcedClicks = forcedClicks
    self.windowsRun = windowsRun
    self.seconds = seconds
    self.warnings = warnings
  }
}

/// A mask that is not exact yet, shown while the network works on a job.
public struct NetworkPreview: Sendable {
  /// The job.
  public var job: Int
  /// The mask's labels, as in `NetworkAnswer`.
  public var labels: [UInt8]
  /// Windows that the network has run on for the job.
  public var windowsRun: Int
  /// Windows that the exact answer takes.
  public var windows: Int

  /// Creates a preview.
  ///
  /// - Parameters:
  ///   - job: The job.
  ///   - labels: One label for each voxel.
  ///   - windowsRun: Windows that the network has run on.
  ///   - windows: Windows that the exact answer takes.
  public init(job: Int, labels: [UInt8], windowsRun: Int, windows: Int) {
    self.job = job
    self.labels = labels
    self.windowsRun = windowsRun
    self.windows = windows
  }
}

/// How many voxels of each canal a mask has, and how many came and went since the one before.
public struct MaskChange: Sendable, Hashable {
  /// Voxels of the left canal.
  public var left = 0
  /// Voxels of the right canal.
  public var right = 0
  /// Voxels that are canal now and were not, or were the other canal.
  public var added = 0
  /// Voxels that were canal and are not now.
  public var removed = 0
  /// What was removed although the network still says it, because it stands alone now and is too small; at most one
  /// for each canal.
  public var rests: [Rest] = []

  /// A rest of a canal.
  public struct Rest: Sendable, Hashable {
    /// The canal.
    public let kind: ClickKind
    /// Its volume, mm³.
    public let volume: Double
    /// A voxel in it.
    public let voxel: Axes3<Int>

    /// Creates a rest.
    ///
    /// - Parameters:
    ///   - kind: The canal.
    ///   - volume: The volume, mm³.
    ///   - voxel: A voxel in it.
    public init(kind: ClickKind, volume: Double, voxel: Axes3<Int>) {
      self.kind = kind
      self.volume = volume
      self.voxel = voxel
    }
  }

  /// Creates a change from counts.
  ///
  /// - Parameters:
  ///   - left: Voxels of the left canal.
  ///   - right: Voxels of the right canal.
  ///   - added: Voxels that came.
  ///   - removed: Voxels that went.
  ///   - rests: What went for being too small.
  public init(left: Int = 0, right: Int = 0, added: Int = 0, removed: Int = 0, rests: [Rest] = []) {
    self.left = left
    self.right = right
    self.added = added
    self.removed = removed
    self.rests = rests
  }

  /// Counts again what came and went, from another mask than the one before.
  ///
  /// - Parameters:
  ///   - old: The other mask.
  ///   - new: The mask, of the same shape.
  mutating func count(from old: [UInt8], to new: [UInt8]) {
    (added, removed) = (0, 0)
    old.withUnsafeBufferPointer { old in
      new.withUnsafeBufferPointer { new in
        for index in 0..<min(old.count, new.count) {
          added &+= old[index] != new[index] && new[index] != 0 ? 1 : 0
          removed &+= old[index] != 0 && new[index] == 0 ? 1 : 0
        }
      }
    }
  }
}

/// What a job is expected to cost.
public struct CostEstimate: Sendable, Hashable {
  /// Windows of the scan that the network runs on.
  public var windows: Int
  /// Seconds until the answer.
  public var seconds: Double
  /// Memory while it runs.
  public var bytes: Int
  /// Whether the clinician is asked before it runs.
  public var needsConfirmation: Bool

  /// Creates an estimate.
  ///
  /// - Parameters:
  ///   - windows: Windows of the scan that the network runs on.
  ///   - seconds: Seconds until the answer.
  ///   - bytes: Memory while it runs.
  ///   - needsConfirmation: Whether the clinician is asked before it runs.
  public init(windows: Int = 1, seconds: Double, bytes: Int, needsConfirmation: Bool) {
    self.windows = windows
    self.seconds = seconds
    self.bytes = bytes
    self.needsConfirmation = needsConfirmation
  }
}
