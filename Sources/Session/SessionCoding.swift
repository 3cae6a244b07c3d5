import Formats
import Clicks
import Volume

/// How the first line and the events are written as JSON objects; `crc` is added by `SessionLine`.
extension SessionHeader {
  func members(time: String) -> [JSONValue.Member] {
    [
      .init("format", .string(Self.format)), .init("version", .integer(Self.version)),
      .init("program", .string(program)), .init("time", .string(time)),
      .init("scan", .object(scan.members)),
      .init("model", .object(model.members)), .init("settings", settings),
      .init("processor", ["kind": .string(processor.kind), "threads": .integer(processor.threads)]),
    ]
  }

  /// Reads a first line whose format and version were checked.
  init(_ fields: JSONFields) throws {
    let scan = try fields.object("scan")
    let shape = try scan.axes("shape") { try $0.wholeNumber(in: 1...Int(Int32.max)) }
    let voxels = shape.axis0.multipliedReportingOverflow(by: shape.axis1)
    guard !voxels.overflow, !voxels.partialValue.multipliedReportingOverflow(by: shape.axis2).overflow else {
      throw LineProblem("\"shape\" has more voxels than can be counted")
    }
    let spacing = try scan.axes("spacing") { field in
      let value = try field.realNumber()
      guard value > 0 else { throw LineProblem("\"spacing\" must be above 0") }
      return value
    }
    let orientation = try scan.value["orientation"].map { _ in
      let code = try scan.string("orientation")
      guard let orientation = Orientation(code: code) else {
        throw LineProblem("\"orientation\" is \"\(DisplayText.escaped(code))\", not three letters such as LPS")
      }
      return orientation
    }
    let processor = try fields.object("processor")
    self.init(
      program: try fields.string("program"),
      scan: ScanIdentity(
        path: try scan.string("path"), sha256: try scan.digest("sha256"), shape: shape, spacing: spacing,
        orientation: orientation),
      model: try ModelIdentity(fields.object("model")), settings: try fields.object("settings").value,
      processor: ProcessorIdentity(
        kind: try processor.string("kind"), threads: try processor.wholeNumber("threads", in: 1...1_000_000)))
  }
}

extension ScanIdentity {
  fileprivate var members: [JSONValue.Member] {
    [
      .init("path", .string(path)), .init("sha256", .string(sha256)),
      .init("shape", .array(shape.array.map(JSONValue.integer))),
      .init("spacing", .array(spacing.array.map(JSONValue.number))),
    ] + (orientation.map { [.init("orientation", .string($0.code))] } ?? [])
  }
}

extension ModelIdentity {
  var members: [JSONValue.Member] { [.init("name", .string(name)), .init("sha256", .string(sha256))] }

  init(_ fields: JSONFields) throws {
    self.init(name: try fields.string("name"), sha256: try fields.digest("sha256"))
  }
}

extension SessionEvent {
  func members(time: String) -> [JSONValue.Member] {
    let (name, rest) = nameAndMembers
    return [.init("event", .string(name)), .init("time", .string(time))] + rest
  }

  private var nameAndMembers: (String, [JSONValue.Member]) {
    func voxel(_ voxel: Axes3<Int>) -> JSONValue.Member {
      .init("voxel", .array(voxel.array.map(JSONValue.integer)))
    }
    func kind(_ kind: ClickKind) -> JSONValue.Member { .init("kind", .string(kind.rawValue)) }
    func id(_ id: Int) -> JSONValue.Member { .init("id", .integer(id)) }
    switch self {
    case .click(.place(let click)): return ("click", [id(click.id), kind(click.kind), voxel(click.voxel)])
    case .click(.remove(let number)): return ("remove", [id(number)])
    case .click(.move(let number, let target)): return ("move", [id(number), voxel(target)])
    case .click(.changeKind(let number, let new)): return ("kind", [id(number), kind(new)])
    case .click(.undo): return ("undo", [])
    case .click(.redo): return ("redo", [])
    case .model(let model): return ("model", model.members)
    case .note(let text): return ("note", [.init("text", .string(text))])
    case .export(let export):
      let forced = JSONValue.array(export.forcedClicks.map(JSONValue.integer))
      return (
        "export",
        [.init("path", .string(export.path)), .init("sha256", .string(export.sha256)), .init("forced", forced)]
      )
    case .view(let settings): return ("view", [.init("settings", settings)])
    }
  }

  init(_ fields: JSONFields) throws {
    let numbers = 1...ClickHistory.largestIdentifier
    func id() throws -> Int { try fields.wholeNumber("id", in: numbers) }
    func voxel() throws -> Axes3<Int> { try fields.axes("voxel") { try $0.wholeNumber(in: 0...Int(Int32.max)) } }
    func kind() throws -> ClickKind {
      let name = try fields.string("kind")
      guard let kind = ClickKind(rawValue: name) else {
        throw LineProblem("unknown kind of click \"\(DisplayText.escaped(name))\"; known are left, right, background")
      }
      return kind
    }
    switch try fields.string("event") {
    case "click": self = .click(.place(PlacedClick(id: try id(), kind: try kind(), voxel: try voxel())))
    case "remove": self = .click(.remove(id: try id()))
    case "move": self = .click(.move(id: try id(), voxel: try voxel()))
    case "kind": self = .click(.changeKind(id: try id(), kind: try kind()))
    case "undo": self = .click(.undo)
    case "redo": self = .click(.redo)
    case "model": self = .model(try ModelIdentity(fields))
    case "note": self = .note(try fields.string("text"))
    case "export":
      self = .export(
        Export(
          path: try fields.string("path"), sha256: try fields.digest("sha256"),
          forcedClicks: try fields.list("forced").map { try $0.wholeNumber(in: numbers) }))
    case "view": self = .view(try fields.object("settings").value)
    case let name: throw LineProblem("unknown event \"\(DisplayText.escaped(name))\"")
    }
  }
}

/// A JSON object that is read by names; what is missing or of another kind is said in words.
struct JSONFields {
  /// The object.
  let value: JSONValue

  /// Takes a value that must be an object; `name` is what it is called in messages.
  init(_ value: JSONValue, name: String = "the line") throws {
    guard case .object = value else { throw LineProblem("\(name) is not a JSON object") }
    self.value = value
  }

  func field(_ key: String) throws -> JSONField {
    guard let field = value[key] else { throw LineProblem("\"\(key)\" is missing") }
    return JSONField(key: key, value: field)
  }

  func object(_ key: String) throws -> JSONFields { try JSONFields(try field(key).value, name: "\"\(key)\"") }

  func string(_ key: String) throws -> String {
    guard case .string(let text) = try field(key).value else { throw LineProblem("\"\(key)\" is not a text") }
    return text
  }

  func digest(_ key: String) throws -> String {
    let text = try string(key)
    guard SHA256.isDigest(text) else { throw LineProblem("\"\(key)\" is not 64 hexadecimal digits") }
    return text
  }

  func wholeNumber(_ key: String, in range: ClosedRange<Int>) throws -> Int {
    try field(key).wholeNumber(in: range)
  }

  func list(_ key: String) throws -> [JSONField] {
    guard case .array(let values) = try field(key).value else { throw LineProblem("\"\(key)\" is not a list") }
    return values.map { JSONField(key: key, value: $0) }
  }

  func axes<Value>(_ key: String, _ read: (JSONField) throws -> Value) throws -> Axes3<Value> {
    let values = try list(key)
    guard values.count == 3 else { throw LineProblem("\"\(key)\" has \(values.count) values, not 3") }
    return Axes3(try read(values[0]), try read(values[1]), try read(values[2]))
  }
}

/// A value under a name.
struct JSONField {
  /// The name.
  let key: String
  /// The value.
  let value: JSONValue

  func wholeNumber(in range: ClosedRange<Int>) throws -> Int {
    guard case .integer(let number) = value, range.contains(number) else {
      throw LineProblem("\"\(key)\" is not a whole number from \(range.lowerBound) to \(range.upperBound)")
    }
    return number
  }

  func realNumber() throws -> Double {
    switch value {
    case .integer(let number): return Double(number)
    case .number(let number): return number
    default: throw LineProblem("\"\(key)\" is not a number")
    }
  }
}
