import Formats
import Clicks
import Session
import Volume

extension ViewSettings {
  /// The settings as they stand in a session's file.
  public var json: JSONValue {
    var members: [JSONValue.Member] = []
    if let cursor { members.append(.init("cursor", .array(cursor.array.map(JSONValue.integer)))) }
    members.append(.init("plane", .string(activePlane.rawValue)))
    members.append(.init("full_screen", .bool(isFullScreen)))
    members.append(.init("zoom", .integer(zoomStep)))
    if let window { members.append(.init("window", .array([.number(window.width), .number(window.level)]))) }
    members.append(.init("mask", .string(maskStyle.rawValue)))
    members.append(.init("picture", .string(pictureStyle.rawValue)))
    members.append(.init("changes", .bool(showsChange)))
    members.append(.init("flash", .bool(flashesChange)))
    members.append(.init("clicks", .bool(showsClickPanel)))
    members.append(.init("kind", .string(clickKind.rawValue)))
    return .object(members)
  }

  /// Reads settings from a session's file. What is missing or makes no sense is as at a first look: settings are never
  /// a reason not to open a session.
  ///
  /// - Parameter json: What `json` gave.
  public init(json: JSONValue) {
    self.init()
    if case .array(let values)? = json["cursor"], values.count == 3 {
      let numbers = values.compactMap { value -> Int? in
        if case .integer(let number) = value { number } else { nil }
      }
      if numbers.count == 3 { cursor = Axes3(numbers[0], numbers[1], numbers[2]) }
    }
    activePlane = Self.choice(json["plane"]) ?? activePlane
    isFullScreen = Self.truth(json["full_screen"]) ?? isFullScreen
    if case .integer(let step)? = json["zoom"] { zoomStep = step }
    if case .array(let values)? = json["window"], values.count == 2 {
      let window = GreyWindow(width: Self.number(values[0]), level: Self.number(values[1]))
      if window.isUsable { self.window = window }
    }
    maskStyle = Self.choice(json["mask"]) ?? maskStyle
    pictureStyle = Self.choice(json["picture"]) ?? pictureStyle
    showsChange = Self.truth(json["changes"]) ?? showsChange
    flashesChange = Self.truth(json["flash"]) ?? flashesChange
    showsClickPanel = Self.truth(json["clicks"]) ?? showsClickPanel
    clickKind = Self.choice(json["kind"]) ?? clickKind
  }

  private static func choice<Value: RawRepresentable<String>>(_ json: JSONValue?) -> Value? {
    if case .string(let name)? = json { Value(rawValue: name) } else { nil }
  }

  private static func truth(_ json: JSONValue?) -> Bool? {
    if case .bool(let value)? = json { value } else { nil }
  }

  private static func number(_ json: JSONValue) -> Double {
    switch json {
    case .integer(let value): Double(value)
    case .number(let value): value
    default: .nan
    }
  }
}
