import Canvas
import Clicks
import Session
import Volume

@testable import Viewer

/// A scan whose grey values show where they are: a bright half on the patient's left, a dark spot at the front.
enum TestScan {
  /// An affine for an orientation code such as `LPS`, with a spacing in stored order.
  static func affine(_ orientation: Orientation, spacing: Axes3<Double>) -> Affine {
    var steps = Axes3(repeating: SIMD3<Double>())
    for axis in 0..<3 {
      let unit: SIMD3<Double> =
        switch orientation.directions[axis] {
        case .left: [-1, 0, 0]
        case .right: [1, 0, 0]
        case .posterior: [0, -1, 0]
        case .anterior: [0, 1, 0]
        case .superior: [0, 0, 1]
        case .inferior: [0, 0, -1]
        }
      steps[axis] = unit * spacing[axis]
    }
    return Affine(steps: steps, origin: [5, -7, 11])
  }

  /// A scan of some shape whose voxels a function of patient coordinates (0...1 to the left, back and head) gives.
  static func make(
    shape: Axes3<Int> = Axes3(24, 40, 48), spacing: Axes3<Double> = Axes3(0.6, 0.4, 0.4),
    orientation: Orientation? = .lps,
    name: String = "jaw.nii.gz", value: (SIMD3<Double>) -> Float = TestScan.jaw
  ) -> ViewedScan {
    let grid = Grid(
      shape: shape, spacing: spacing, affine: orientation.map { affine($0, spacing: spacing) })
    let geometry = PatientGeometry(grid: grid)
    var voxels = [Float](repeating: 0, count: shape.product)
    for k in 0..<shape.axis0 {
      for j in 0..<shape.axis1 {
        for i in 0..<shape.axis2 {
          let index = Axes3(k, j, i)
          let place = geometry.patient(index)
          let size = SIMD3(Double(geometry.shape.x), Double(geometry.shape.y), Double(geometry.shape.z))
          let part = (SIMD3(Double(place.x), Double(place.y), Double(place.z)) + 0.5) / size
          voxels[shape.offset(of: index)] = value(part)
        }
      }
    }
    return ViewedScan(name: name, volume: Volume(grid: grid, voxels: voxels))
  }

  /// A horseshoe of bone, brighter to the patient's left, over soft tissue.
  static func jaw(_ place: SIMD3<Double>) -> Float {
    let x = place.x - 0.5
    let y = place.y - 0.9
    let radius = (x * x / 0.16 + y * y / 0.6).squareRoot()
    let isBone = abs(radius - 1) < 0.16 && place.z > 0.15 && place.z < 0.85
    return isBone ? Float(900 + 700 * place.x) : Float(100 + 200 * place.z)
  }

  /// A mask with a round canal in each half: label 1 on the patient's left.
  static func canals(_ scan: ViewedScan, radius: Double = 0.06) -> [UInt8] {
    let geometry = scan.geometry
    var labels = [UInt8](repeating: 0, count: scan.volume.voxels.count)
    for x in 0..<geometry.shape.x {
      for y in 0..<geometry.shape.y {
        for z in 0..<geometry.shape.z {
          let place =
            (SIMD3(Double(x), Double(y), Double(z)) + 0.5)
            / SIMD3(Double(geometry.shape.x), Double(geometry.shape.y), Double(geometry.shape.z))
          let isLeft = place.x > 0.5
          let across = (isLeft ? place.x - 0.85 : place.x - 0.15)
          let up = place.z - 0.5
          if (across * across + up * up).squareRoot() < radius, place.y > 0.3 {
            labels[scan.volume.grid.shape.offset(of: geometry.stored([x, y, z]))] = isLeft ? 1 : 2
          }
        }
      }
    }
    return labels
  }
}

/// Presses keys and looks at frames, and answers effects as a program would that stores at once.
struct Driver {
  var model: ViewerModel
  var effects: [ViewerEffect] = []
  /// Whether events are reported as stored.
  var isDiskQuick = true

  init(_ model: ViewerModel) { self.model = model }

  init(
    scan: ViewedScan = TestScan.make(), network: NetworkDescription? = .test, labels: [UInt8]? = nil, columns: Int = 80,
    rows: Int = 24, capabilities: DisplayCapabilities = DisplayCapabilities(), history: ClickHistory = ClickHistory()
  ) {
    model = ViewerModel(
      scan: scan, network: network, history: history, labels: labels, capabilities: capabilities, columns: columns,
      rows: rows)
  }

  @discardableResult
  mutating func send(_ message: ViewerMessage) -> [ViewerEffect] {
    let new = model.update(message)
    effects += new
    if isDiskQuick {
      for case .store(_, let sequence) in new { _ = model.update(.eventStored(sequence: sequence)) }
    }
    return new
  }

  @discardableResult
  mutating func press(_ keys: Key...) -> [ViewerEffect] { keys.flatMap { send(.key($0)) } }

  @discardableResult
  mutating func type(_ text: String) -> [ViewerEffect] { text.flatMap { send(.key(.character($0))) } }

  @discardableResult
  mutating func mouse(
    _ action: Mouse.Action, _ column: Int, _ row: Int, button: Mouse.Button = .left, hasModifier: Bool = false
  ) -> [ViewerEffect] {
    send(.mouse(Mouse(action, button: button, column: column, row: row, hasModifier: hasModifier)))
  }

  /// Answers the running job with a mask.
  mutating func answer(_ labels: [UInt8], forced: Set<Int> = [], rests: [MaskChange.Rest] = [], seconds: Double = 0.14)
  {
    guard let job = model.job?.job.id else { return }
    var change = MaskChange(from: model.labels.flatMap { $0.count == labels.count ? $0 : nil }, to: labels)
    change.rests = rests
    send(
      .networkFinished(
        NetworkAnswer(
          job: job, labels: labels, change: change,
          forcedClicks: forced,
          windowsRun: 1, seconds: seconds)))
  }

  var frame: Frame { model.render(columns: model.columns, rows: model.rows) }

  /// The rows of the screen.
  var lines: [String] { frame.text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init) }

  /// The message row.
  var message: String { lines[model.layout(columns: model.columns, rows: model.rows).messageRow] }

  /// The status row.
  var status: String { lines[model.layout(columns: model.columns, rows: model.rows).statusRow] }
}

extension NetworkDescription {
  static let test = NetworkDescription(
    name: "demo", honestyLine: "untrained weights: not for clinical use", hasNegativeClicks: true)
  static let twoKinds = NetworkDescription(name: "U-Mamba2", honestyLine: "research use only", hasNegativeClicks: false)
}

extension MaskChange {
  /// Counts the difference of two masks; no mask before counts as no canal anywhere.
  init(from old: [UInt8]?, to new: [UInt8]) {
    self.init()
    for (index, label) in new.enumerated() {
      let (was, isCanal) = (old?[index] ?? 0, label == 1 || label == 2)
      if label == 1 { left += 1 }
      if label == 2 { right += 1 }
      if isCanal, was != label { added += 1 }
      if !isCanal, was == 1 || was == 2 { removed += 1 }
    }
  }
}
