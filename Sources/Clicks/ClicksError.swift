import Volume

/// What can be wrong with a file of clicks, or with clicks that are to be written to one.
public enum ClicksError: Error, Sendable, Equatable {
  /// The file could not be opened or read.
  case unreadable(path: String, reason: String)
  /// The file is larger than any click file.
  case tooLarge(limitInBytes: Int)
  /// The bytes are not JSON; the reason is the parser's.
  case notJSON(reason: String)
  /// Arrays or objects lie inside each other more deeply than in any click file.
  case nestedTooDeeply(limit: Int)
  /// A field is missing or is of another type than it must be.
  case badField(path: String, reason: String)
  /// The format's version is one that this program does not know.
  case unsupportedVersion(major: Int, minor: Int)
  /// The file holds something else than clicks.
  case unsupportedType(found: String)
  /// There are more points than in any click file.
  case tooManyPoints(count: Int, limit: Int)
  /// A point has a name that is neither canal's.
  case unknownName(point: Int, name: String)
  /// A point has another number of coordinates than three.
  case wrongCoordinateCount(point: Int, count: Int)
  /// A coordinate is no number that a voxel could have.
  case badCoordinate(point: Int, axis: Int, value: Double)
  /// A click lies outside the scan.
  case outsideVolume(point: Int, voxel: Axes3<Int>, shape: Axes3<Int>)
  /// The challenge's format cannot hold clicks that say "not canal".
  case backgroundClicks(count: Int)
}

extension ClicksError: CustomStringConvertible {
  /// What is wrong, where, and what to do.
  public var description: String {
    switch self {
    case .unreadable(let path, let reason):
      return "cannot read the clicks in \(path.escapedForDisplay): \(reason)"
    case .tooLarge(let limit):
      return "the click file is larger than \(limit) bytes; click files are a few kilobytes: is it the right file?"
    case .notJSON(let reason):
      return "the click file is not valid JSON: \(reason.escapedForDisplay)"
    case .nestedTooDeeply(let limit):
      return "the click file nests arrays or objects deeper than \(limit) levels; a click file needs five"
    case .badField(let path, let reason):
      return "the click file's field \"\(path.escapedForDisplay)\" is wrong: \(reason.escapedForDisplay)"
    case .unsupportedVersion(let major, let minor):
      return "the click file has version \(major).\(minor); this program reads version 1.x"
    case .unsupportedType(let found):
      return "the click file's type is \"\(found.escapedForDisplay)\"; expected \"\(ChallengeFile.type)\""
    case .tooManyPoints(let count, let limit):
      return "the click file has \(count) points; at most \(limit) are read"
    case .unknownName(let point, let name):
      return "point \(point) of the click file is named \"\(name.escapedForDisplay)\"; expected "
        + "\"\(ChallengeFile.leftName)\" or \"\(ChallengeFile.rightName)\""
    case .wrongCoordinateCount(let point, let count):
      return "point \(point) of the click file has \(count) coordinates; expected three: [axis0, axis1, axis2]"
    case .badCoordinate(let point, let axis, let value):
      return "coordinate \(axis) of point \(point) is \(value), which is no voxel index"
    case .outsideVolume(let point, let voxel, let shape):
      return "click \(point) is at [\(voxel.axis0), \(voxel.axis1), \(voxel.axis2)], outside the scan; valid are "
        + "[0...\(shape.axis0 - 1), 0...\(shape.axis1 - 1), 0...\(shape.axis2 - 1)] (slowest axis first)"
    case .backgroundClicks(let count):
      return "the challenge's format cannot hold \"not canal\" clicks and there "
        + (count == 1 ? "is 1" : "are \(count)") + " of them; export without them (--drop-negative) or as CSV"
    }
  }
}

extension String {
  /// The first 80 characters with everything that a terminal could act on written as escapes.
  fileprivate var escapedForDisplay: String {
    let beginning = prefix(80)
    return DisplayText.escaped(String(beginning)) + (beginning.endIndex < endIndex ? "..." : "")
  }
}
