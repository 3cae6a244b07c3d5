import Canvas
import Clicks
import Session
import Volume

/// The whole state of the viewer, a value: `update(_:)` changes it, `render(columns:rows:)` draws it.
///
/// Neither does input or output, reads a clock or starts a thread. What must happen outside is returned as effects; what
/// happened outside comes back as messages.
public struct ViewerModel: Sendable {
  /// The scan.
  public let scan: ViewedScan
  /// The network, or `nil` when there is none: clicks are then kept and shown all the same.
  public let network: NetworkDescription?
  /// Why clicks cannot be kept, as a sentence; `nil` where they can.
  public let readOnlyReason: String?
  /// The path that export offers.
  public let exportPath: String

  /// What the terminal can show.
  public internal(set) var capabilities: DisplayCapabilities
  /// The screen's columns.
  public internal(set) var columns: Int
  /// The screen's rows.
  public internal(set) var rows: Int
  /// The clicks and how they came about.
  public internal(set) var history: ClickHistory
  /// The mask shown, in stored order, or `nil` before the first answer.
  public internal(set) var labels: [UInt8]?
  /// The mask before that.
  public internal(set) var previousLabels: [UInt8]?
  /// The clicks that the mask answers, or `nil` before the first answer.
  public internal(set) var answeredClicks: [PlacedClick]?
  /// The job whose answer is shown; `nil` before the first.
  var shownJob: Int?
  /// Numbers of the clicks whose voxels had to be forced in the mask.
  public internal(set) var forcedClicks: Set<Int> = []
  /// Events that could not be written yet, by their sequence numbers.
  public internal(set) var failedStores: Set<Int> = []
  /// Why the latest of them could not be written.
  public internal(set) var storeProblem = ""
  /// How the scan is looked at.
  public internal(set) var settings: ViewSettings
  /// The job that runs or waits.
  public internal(set) var job: RunningJob?
  /// Seconds since the start.
  public internal(set) var now = 0.0

  /// The voxel under the crosshair in patient axes.
  var cursor: SIMD3<Int>
  /// The window shown.
  var window: GreyWindow
  /// The preset that the window is, or `nil` when it was changed by hand.
  var preset: WindowPreset?
  /// What each plane shows in the middle, millimetres from the scan's left and upper edge on the screen.
  var centers: [SIMD2<Double>]
  /// What the keys go to.
  var focus: Focus = .viewing
  /// What a held mouse button is doing.
  var drag: Drag?
  /// The latest sentence for the message row.
  var notice = ""
  /// Whether the sentence tells of something that went wrong.
  var isAlarm = false
  /// The click selected in the list.
  var selectedClick: Int?
  /// Events on their way to the disk: the sequence number and the clicks that wait for it.
  var unstored: [Int: Set<Int>] = [:]
  /// Masks that are being written.
  var exportsUnderway = 0
  /// Whether the program ends when they are written.
  var quitsWhenWritten = false
  /// The sequence number of the next event.
  var nextSequence = 1
  /// The number of the next job.
  var nextJob = 1
  /// The cost that the clinician has accepted, seconds.
  var acceptedSeconds = 0.0
  /// When the flash of the latest change ends.
  var flashEnd = 0.0
  /// When the view settings last changed without having been stored, if so.
  var settingsChangedAt: Double?
  /// Whether `q` was pressed while events could not be written.
  var hasWarnedOfQuitting = false

  /// Creates a viewer.
  ///
  /// - Parameters:
  ///   - scan: The scan.
  ///   - network: What to say about the network; `nil` without one.
  ///   - history: The clicks of the session that goes on.
  ///   - labels: The mask to show at once, one label for each voxel in stored order.
  ///   - settings: How the scan was looked at before.
  ///   - exportPath: The path that export offers.
  ///   - readOnlyReason: Why clicks cannot be kept, as a sentence; `nil` where they can.
  ///   - capabilities: What the terminal can show.
  ///   - columns: The screen's columns.
  ///   - rows: The screen's rows.
  public init(
    scan: ViewedScan, network: NetworkDescription? = nil, history: ClickHistory = ClickHistory(),
    labels: [UInt8]? = nil, settings: ViewSettings = ViewSettings(), exportPath: String = "mask.nii.gz",
    readOnlyReason: String? = nil, capabilities: DisplayCapabilities = DisplayCapabilities(), columns: Int = 80,
    rows: Int = 24
  ) {
    precondition(
      labels.map { $0.count == scan.volume.voxels.count } ?? true, "a mask has one label for each voxel of the scan")
    self.scan = scan
    self.network = network
    self.history = history
    self.labels = labels
    self.exportPath = exportPath
    self.readOnlyReason = readOnlyReason
    self.capabilities = capabilities
    self.columns = columns
    self.rows = rows
    answeredClicks = labels == nil ? nil : history.clicks
    var settings = settings
    settings.zoomStep = max(0, min(Self.mostZoomSteps, settings.zoomStep))
    let geometry = scan.geometry
    let middle = SIMD3(geometry.shape.x / 2, geometry.shape.y / 2, geometry.shape.z / 2)
    let kept = settings.cursor.flatMap { scan.volume.grid.shape.contains($0) ? geometry.patient($0) : nil }
    cursor = kept ?? middle
    if let window = settings.window, window.isUsable {
      self.window = window
      preset = WindowPreset.allCases.first { scan.window($0) == window }
    } else {
      window = scan.automaticWindow
      preset = .automatic
    }
    settings.cursor = geometry.stored(cursor)
    self.settings = settings
    centers = Plane.allCases.map { SIMD2(geometry.size[$0.horizontal], geometry.size[$0.vertical]) / 2 }
    // What a first minute needs, unless the file itself has something to say.
    let greeting =
      history.clicks.isEmpty ? "click on the left canal; 2: the right one, 3: not canal; u undoes; ? help" : ""
    say(scan.volume.warnings.first ?? greeting)
    followCursor()
  }

  /// What must be done at the beginning: without a mask, the network is asked for the clicks in force.
  ///
  /// - Returns: The first effects.
  public mutating func start() -> [ViewerEffect] {
    labels == nil ? askNetwork(because: "first look") : []
  }

  /// Whether clicks cannot be kept.
  var isReadOnly: Bool { readOnlyReason != nil }

  /// Whether there is no room for a plane; then there is nothing that a key or the mouse could sensibly act on.
  var isScreenTooSmall: Bool { layout(columns: columns, rows: rows).panes.isEmpty }

  /// Whether the mask is the network's answer to the clicks in force.
  public var isMaskCurrent: Bool { labels != nil && answeredClicks == history.clicks }

  /// The labels that are shown: those of a preview, or of the latest answer.
  var shownLabels: [UInt8]? { job?.preview?.labels ?? labels }

  /// Whether something on the screen changes with time.
  public var wantsTicks: Bool { job != nil || flashEnd > now || settingsChangedAt != nil }

  /// Whether an event is still on its way to the disk.
  public var isWaitingForDisk: Bool { !unstored.isEmpty }
}

/// A job that the network works on, as the message row shows it.
public struct RunningJob: Sendable {
  /// What was asked.
  public let job: NetworkJob
  /// What made the viewer ask, for instance "click 7 left".
  let cause: String
  /// What it does now.
  var stage = "starting"
  /// What part is done, 0...1.
  var fraction: Double?
  /// Seconds left.
  var secondsLeft: Double?
  /// What it costs, once known.
  var estimate: CostEstimate?
  /// The latest mask that is not exact yet.
  var preview: NetworkPreview?
  /// Whether it waits for the clinician to accept its cost.
  var isAsking = false

  init(job: NetworkJob, cause: String) {
    self.job = job
    self.cause = cause
  }
}

/// What the keys go to.
enum Focus: Sendable, Hashable {
  /// The planes.
  case viewing
  /// The list of clicks.
  case panel
  /// The list of keys, scrolled down by some rows, opened from the planes or from the list of clicks.
  case help(scroll: Int, isFromPanel: Bool)
  /// The line behind `:`.
  case commandLine(LineEditor)
  /// The path to export to.
  case exportPath(LineEditor)
  /// The question whether an existing file is replaced.
  case overwrite(path: String)
}

/// What a held mouse button is doing.
enum Drag: Sendable, Hashable {
  /// Choosing the voxel of a click; the cell is where the mouse was last.
  case placing(kind: ClickKind, plane: Plane, column: Int, row: Int)
  /// Changing the window from what it was where the button went down.
  case windowing(from: GreyWindow, column: Int, row: Int)
  /// Dropped with Esc: nothing happens until the button is released.
  case dropped
}
