import ArgumentParser
import Checkpoint
import Foundation
import Session
import Volume

/// `canalis info`.
struct Info: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Say what a scan, a model or a session is.",
    discussion: """
      Scan: shape, spacing, orientation, range of grey values, field of view. Model: architecture, classes, click \
      kinds, parameters, where it comes from. Session: scan, model, clicks.

      Example:
        canalis info scan.nii.gz model.safetensors
      """)

  @Argument(help: ArgumentHelp("Scans, models (.safetensors, .pth) or sessions (.jsonl).", valueName: "file"))
  var files: [String]

  @Flag(help: "Print the result as one JSON object, a file's name to what it is.")
  var json = false

  func run() throws {
    var objects: [String: FileDescription] = [:]
    for (index, file) in files.enumerated() {
      let description = try FileDescription(path: file)
      if json {
        objects[file] = description
      } else {
        if index > 0 { print("") }
        print(DisplayText.escaped(file))
        for (name, value) in description.rows {
          print("  " + name.padding(toLength: 16, withPad: " ", startingAt: 0) + DisplayText.escaped(value))
        }
      }
    }
    if json { try JSONOutput.write(objects) }
  }
}

/// A file's facts in the order in which people read them; as JSON an object with stable keys.
struct FileDescription: Encodable {
  /// Name and value of each fact.
  private(set) var rows: [(name: String, value: String)] = []
  private var object: [String: JSONFact] = [:]

  /// A fact for scripts.
  enum JSONFact: Encodable {
    case text(String)
    case number(Double)
    case integer(Int)
    case integers([Int])
    case numbers([Double])
    case texts([String])

    func encode(to encoder: any Encoder) throws {
      var container = encoder.singleValueContainer()
      switch self {
      case .text(let value): try container.encode(value)
      case .number(let value): try container.encode(value)
      case .integer(let value): try container.encode(value)
      case .integers(let value): try container.encode(value)
      case .numbers(let value): try container.encode(value)
      case .texts(let value): try container.encode(value)
      }
    }
  }

  /// Reads a file and describes it.
  ///
  /// - Parameter path: A scan, a model or a session.
  /// - Throws: What is wrong with the file.
  init(path: String) throws {
    if path.hasSuffix(".safetensors") || path.hasSuffix(".pth") || path.hasSuffix(".pt") {
      describe(try Model.load(path: path))
    } else if path.hasSuffix(".jsonl") || ClickSource.isSession(path) {
      describe(try SessionFile.read(path).content)
    } else {
      describe(try NIfTIReader.read(path: path))
    }
  }

  func encode(to encoder: any Encoder) throws {
    try object.encode(to: encoder)
  }

  private mutating func add(_ name: String, _ value: String, key: String, _ fact: JSONFact? = nil) {
    rows.append((name, value))
    object[key] = fact ?? .text(value)
  }

  private mutating func describe(_ scan: Volume) {
    let grid = scan.grid
    add("kind", "scan", key: "kind")
    add(
      "shape", grid.shape.array.map(String.init).joined(separator: " x ") + " (axis 0, 1, 2)", key: "shape",
      .integers(grid.shape.array))
    add(
      "spacing", grid.spacing.array.map { Self.millimeters($0) }.joined(separator: " x ") + " mm", key: "spacing_mm",
      .numbers(grid.spacing.array))
    let code = grid.orientation?.code
    add(
      "orientation", code.map { "\($0) (i, j, k grow toward these)" } ?? "unknown: the header has none; taken as LPS",
      key: "orientation", .text(code ?? "unknown"))
    var least = Float.infinity
    var most = -Float.infinity
    for value in scan.voxels {
      least = min(least, value)
      most = max(most, value)
    }
    add("grey values", "\(least) to \(most)", key: "range", .numbers([Double(least), Double(most)]))
    let extent = (0..<3).map { Double(grid.shape[$0]) * grid.spacing[$0] }
    add(
      "field of view",
      extent.map { String(format: "%.0f", $0) }.joined(separator: " x ") + " mm: " + Self.fieldOfView(extent),
      key: "field_of_view_mm", .numbers(extent))
    for warning in scan.warnings { rows.append(("warning", warning)) }
    object["warnings"] = .texts(scan.warnings)
  }

  /// What a scan of an extent in millimetres can show, a guess by its size alone.
  private static func fieldOfView(_ extent: [Double]) -> String {
    let widest = max(extent[1], extent[2])
    if widest < 65 { return "guessed: a few teeth, one side" }
    if widest < 105 { return "guessed: one or both jaws, small field" }
    if extent[0] < 110 { return "guessed: both jaws" }
    return "guessed: face or whole head"
  }

  private static func millimeters(_ value: Double) -> String {
    String(format: "%.4g", value)
  }

  private mutating func describe(_ model: Model) {
    let metadata = model.metadata
    let plan = metadata.plan
    add("kind", "model", key: "kind")
    add("name", metadata.name, key: "name")
    add("note", metadata.honesty, key: "honesty")
    add(
      "architecture",
      "\(plan.prompts == nil ? "U-Mamba2" : "U-Mamba2 with clicks"), \(plan.features.count) stages, features "
        + plan.features.map(String.init).joined(separator: " "), key: "features", .integers(plan.features))
    add("patch", plan.patch.array.map(String.init).joined(separator: " x "), key: "patch", .integers(plan.patch.array))
    add(
      "spacing", metadata.spacing.array.map { Self.millimeters($0) }.joined(separator: " x ") + " mm",
      key: "spacing_mm", .numbers(metadata.spacing.array))
    add("classes", metadata.classNames.joined(separator: ", "), key: "classes", .texts(metadata.classNames))
    add(
      "click kinds",
      metadata.clickKinds.isEmpty ? "none: takes no clicks" : metadata.clickKinds.joined(separator: ", "),
      key: "click_kinds", .texts(metadata.clickKinds))
    add("parameters", "\(model.parameterCount)", key: "parameters", .integer(model.parameterCount))
    add("orientation", metadata.orientation, key: "orientation")
    add("provenance", metadata.provenance, key: "provenance")
    add("licence", metadata.license, key: "license")
    for (name, value) in metadata.training.sorted(by: { $0.key < $1.key }) { rows.append((name, value)) }
    add("SHA-256", model.sha256, key: "sha256")
  }

  private mutating func describe(_ session: SessionContent) {
    add("kind", "session", key: "kind")
    add("scan", session.header.scan.path, key: "scan")
    add("scan SHA-256", session.header.scan.sha256, key: "scan_sha256")
    add("model", session.model.name, key: "model")
    add("model SHA-256", session.model.sha256, key: "model_sha256")
    add("begun with", "canalis \(session.header.program)", key: "program")
    add("clicks", "\(session.history.clicks.count) in force", key: "clicks", .integer(session.history.clicks.count))
    add("events", "\(session.records.count)", key: "events", .integer(session.records.count))
  }
}
