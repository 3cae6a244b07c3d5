import Foundation
import Volume

/// The click files of the ToothFairy3 challenge (task 2, interactive segmentation of the canals).
///
/// ```json
/// {"version": {"major": 1, "minor": 0},
///  "type": "Multiple points",
///  "points": [{"point": [12, 40, 33], "name": "Left_IAC"}]}
/// ```
///
/// A point is a voxel of the scan as stored, slowest axis first. Names are exactly `Left_IAC` and `Right_IAC`; there is
/// no way to say "not canal".
public enum ChallengeFile {
  /// The name of a point in the patient's left canal.
  public static let leftName = "Left_IAC"
  /// The name of a point in the patient's right canal.
  public static let rightName = "Right_IAC"
  /// What the format calls itself.
  public static let type = "Multiple points"
  /// The largest file that is read.
  public static let sizeLimitInBytes = 4 << 20
  /// The most points that are read.
  public static let pointLimit = 10_000
  /// The deepest nesting of arrays and objects that is read.
  public static let depthLimit = 32

  /// What becomes of clicks that the format cannot hold.
  public enum BackgroundClicks: Sendable {
    /// They are an error.
    case refuse
    /// They are left out.
    case drop
  }

  /// Reads a click file.
  ///
  /// - Parameters:
  ///   - path: The file.
  ///   - shape: The shape of the scan, in which every click must lie.
  /// - Returns: The clicks in the file's order.
  /// - Throws: `ClicksError` for anything that is not a click file of this scan.
  public static func read(path: String, shape: Axes3<Int>) throws -> [Click] {
    let data: Data
    do {
      data = try RegularFile.contents(of: path, upTo: sizeLimitInBytes + 1)
    } catch VolumeError.system(_, _, let code) {
      throw ClicksError.unreadable(path: path, reason: String(cString: strerror(code)))
    } catch {
      throw ClicksError.unreadable(path: path, reason: "it is not a regular file but a folder, device or pipe")
    }
    return try decode(data, shape: shape)
  }

  /// Reads the bytes of a click file.
  ///
  /// Coordinates may be fractions; they are rounded to the nearest integer, halves to the even one.
  ///
  /// - Parameters:
  ///   - data: The file's bytes.
  ///   - shape: The shape of the scan, in which every click must lie.
  /// - Returns: The clicks in the file's order.
  /// - Throws: `ClicksError` for anything that is not a click file of this scan.
  public static func decode(_ data: Data, shape: Axes3<Int>) throws -> [Click] {
    guard data.count <= sizeLimitInBytes else { throw ClicksError.tooLarge(limitInBytes: sizeLimitInBytes) }
    try checkDepth(of: data)
    let content: Content
    do {
      content = try JSONDecoder().decode(Content.self, from: data)
    } catch let error as DecodingError {
      throw ClicksError(error)
    } catch {
      throw ClicksError.notJSON(reason: "the parser gave up")
    }
    guard content.version.major == 1, content.version.minor >= 0 else {
      throw ClicksError.unsupportedVersion(major: content.version.major, minor: content.version.minor)
    }
    guard content.type == type else { throw ClicksError.unsupportedType(found: content.type) }
    guard content.points.count <= pointLimit else {
      throw ClicksError.tooManyPoints(count: content.points.count, limit: pointLimit)
    }
    return try content.points.enumerated().map { index, point in try click(point, index: index, shape: shape) }
  }

  /// Writes clicks as the challenge's format has them.
  ///
  /// - Parameters:
  ///   - clicks: The clicks, in the order in which they were made.
  ///   - backgroundClicks: What becomes of clicks that say "not canal", which the format cannot hold.
  /// - Returns: The file's bytes.
  /// - Throws: `ClicksError.backgroundClicks` if there are some and they are to be refused.
  public static func encode(_ clicks: [Click], backgroundClicks: BackgroundClicks) throws -> Data {
    let positive = clicks.filter { $0.kind != .background }
    if positive.count < clicks.count, backgroundClicks == .refuse {
      throw ClicksError.backgroundClicks(count: clicks.count - positive.count)
    }
    let points = positive.map { click in
      let name = click.kind == .left ? leftName : rightName
      return
        "    {\"point\": [\(click.voxel.axis0), \(click.voxel.axis1), \(click.voxel.axis2)], \"name\": \"\(name)\"}"
    }
    let list = points.isEmpty ? "[]" : "[\n" + points.joined(separator: ",\n") + "\n  ]"
    let text = """
      {
        "version": {"major": 1, "minor": 0},
        "type": "\(type)",
        "points": \(list)
      }

      """
    return Data(text.utf8)
  }

  private static func click(_ point: Content.Point, index: Int, shape: Axes3<Int>) throws -> Click {
    let kind: ClickKind
    switch point.name {
    case leftName: kind = .left
    case rightName: kind = .right
    default: throw ClicksError.unknownName(point: index, name: point.name)
    }
    guard point.point.count == 3 else {
      throw ClicksError.wrongCoordinateCount(point: index, count: point.point.count)
    }
    var voxel = Axes3<Int>(repeating: 0)
    for (axis, value) in point.point.enumerated() {
      guard let rounded = Int(exactly: value.rounded(.toNearestOrEven)) else {
        throw ClicksError.badCoordinate(point: index, axis: axis, value: value)
      }
      voxel[axis] = rounded
    }
    guard shape.contains(voxel) else {
      throw ClicksError.outsideVolume(point: index, voxel: voxel, shape: shape)
    }
    return Click(kind: kind, voxel: voxel)
  }

  /// Refuses nesting that would cost the parser its stack; brackets inside strings do not count.
  private static func checkDepth(of data: Data) throws {
    var depth = 0
    var isInString = false
    var isEscaped = false
    for byte in data {
      if isInString {
        if isEscaped {
          isEscaped = false
        } else if byte == UInt8(ascii: "\\") {
          isEscaped = true
        } else if byte == UInt8(ascii: "\"") {
          isInString = false
        }
        continue
      }
      switch byte {
      case UInt8(ascii: "\""): isInString = true
      case UInt8(ascii: "["), UInt8(ascii: "{"):
        depth += 1
        guard depth <= depthLimit else { throw ClicksError.nestedTooDeeply(limit: depthLimit) }
      case UInt8(ascii: "]"), UInt8(ascii: "}"): depth -= 1
      default: break
      }
    }
  }

  private struct Content: Decodable {
    struct Version: Decodable {
      let major: Int
      let minor: Int
    }
    struct Point: Decodable {
      let point: [Double]
      let name: String
    }
    let version: Version
    let type: String
    let points: [Point]
  }
}

extension ClicksError {
  /// Says where in the file a value was missing or of the wrong type.
  fileprivate init(_ error: DecodingError) {
    func path(_ keys: [any CodingKey]) -> String {
      keys.reduce("") { path, key in
        key.intValue.map { path + "[\($0)]" } ?? (path.isEmpty ? key.stringValue : path + "." + key.stringValue)
      }
    }
    switch error {
    case .keyNotFound(let key, let context):
      self = .badField(path: path(context.codingPath + [key]), reason: "it is missing")
    case .typeMismatch(let type, let context):
      self = .badField(path: path(context.codingPath), reason: "expected \(Self.name(of: type))")
    case .valueNotFound(let type, let context):
      self = .badField(path: path(context.codingPath), reason: "it is null; expected \(Self.name(of: type))")
    case .dataCorrupted(let context) where !context.codingPath.isEmpty:
      self = .badField(path: path(context.codingPath), reason: context.debugDescription)
    case .dataCorrupted(let context):
      let underlying = context.underlyingError.map { ($0 as NSError).userInfo["NSDebugDescription"] as? String ?? "" }
      self = .notJSON(reason: underlying.flatMap { $0.isEmpty ? nil : $0 } ?? context.debugDescription)
    @unknown default:
      self = .notJSON(reason: "the parser gave no reason")
    }
  }

  private static func name(of type: any Any.Type) -> String {
    switch type {
    case is Double.Type: "a number"
    case is Int.Type: "an integer"
    case is String.Type: "a string"
    case is [Any].Type, is [Double].Type: "an array"
    default: "an object or array"
    }
  }
}
