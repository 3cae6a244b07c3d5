import Foundation
import Testing
import Volume

@testable import Clicks

private let shape = Axes3(36, 47, 56)

private func file(points: String, version: String = #"{"major": 1, "minor": 0}"#, type: String = "Multiple points")
  -> Data
{
  Data(#"{"version": \#(version), "type": "\#(type)", "points": \#(points)}"#.utf8)
}

private func error(_ data: Data) -> ClicksError? {
  do {
    _ = try ChallengeFile.decode(data, shape: shape)
    return nil
  } catch {
    return error as? ClicksError
  }
}

@Test("A challenge file gives its clicks in order, slowest axis first")
func reads() throws {
  let data = file(
    points: #"[{"point": [6, 18, 41], "name": "Left_IAC"}, {"point": [35, 46, 55], "name": "Right_IAC"}]"#)
  let clicks = try ChallengeFile.decode(data, shape: shape)
  #expect(
    clicks == [Click(kind: .left, voxel: Axes3(6, 18, 41)), Click(kind: .right, voxel: Axes3(35, 46, 55))])
}

@Test("A challenge file without points gives no clicks")
func readsNone() throws {
  #expect(try ChallengeFile.decode(file(points: "[]"), shape: shape).isEmpty)
}

@Test("Fractions are rounded to the nearest voxel, halves to the even one")
func roundsHalfToEven() throws {
  let data = file(
    points:
      #"[{"point": [0.5, 1.5, 2.5], "name": "Left_IAC"}, {"point": [-0.5, 45.5, 3.49], "name": "Left_IAC"}]"#)
  let clicks = try ChallengeFile.decode(data, shape: shape)
  #expect(clicks.map(\.voxel) == [Axes3(0, 2, 2), Axes3(0, 46, 3)])
}

@Test("An unknown name is an error that shows it, control characters escaped")
func refusesUnknownName() throws {
  let data = file(points: #"[{"point": [1, 2, 3], "name": "left_iac\u001b[31m"}]"#)
  #expect(error(data) == .unknownName(point: 0, name: "left_iac\u{1b}[31m"))
  let description = try #require(error(data)).description
  #expect(description.contains(#"left_iac\u{1b}[31m"#))
  #expect(!description.unicodeScalars.contains("\u{1b}"))
  #expect(description.contains("Left_IAC") && description.contains("Right_IAC"))
}

@Test("A click outside the scan is refused with the valid range")
func refusesOutside() throws {
  let data = file(points: #"[{"point": [36, 2, 3], "name": "Left_IAC"}]"#)
  #expect(error(data) == .outsideVolume(point: 0, voxel: Axes3(36, 2, 3), shape: shape))
  #expect(try #require(error(data)).description.contains("[0...35, 0...46, 0...55]"))
  #expect(error(file(points: #"[{"point": [0, -1, 3], "name": "Left_IAC"}]"#)) != nil)
}

@Test(
  "Whatever is no number, no voxel, or no triple is refused",
  arguments: [
    "[NaN, 1, 2]", "[1e999, 1, 2]", "[1e300, 1, 2]", "[-1e30, 1, 2]", "[9223372036854775807, 1, 2]", "[1, 2]", "[]",
    "[1, 2, 3, 4]", "[\"1\", 2, 3]", "[null, 1, 2]", "{}", "7", "null", "[[1], 2, 3]", "[true, 1, 2]",
    "[Infinity, 1, 1]",
  ])
func refusesBadPoint(point: String) throws {
  let found = error(file(points: #"[{"point": \#(point), "name": "Left_IAC"}]"#))
  #expect(try #require(found).description.isEmpty == false)
}

@Test("Another version, another type and missing fields are refused by name")
func refusesOtherFormats() throws {
  #expect(error(file(points: "[]", version: #"{"major": 2, "minor": 0}"#)) == .unsupportedVersion(major: 2, minor: 0))
  #expect(
    error(file(points: "[]", version: #"{"major": 1}"#)) == .badField(path: "version.minor", reason: "it is missing"))
  #expect(error(file(points: "[]", type: "Point")) == .unsupportedType(found: "Point"))
  #expect(
    error(Data(#"{"type": "Multiple points", "points": []}"#.utf8))
      == .badField(path: "version", reason: "it is missing"))
  let nameless = file(points: #"[{"point": [1, 2, 3], "name": "Left_IAC"}, {"point": [1, 2, 3]}]"#)
  #expect(error(nameless) == .badField(path: "points[1].name", reason: "it is missing"))
}

@Test("Text that is not JSON, an empty file, deep nesting and too large a file are refused")
func refusesOtherBytes() throws {
  for text in ["clicks", "", "[1", "{\"version\": }"] {
    let found = try #require(error(Data(text.utf8)))
    if case .notJSON = found { continue }
    Issue.record("\(found)")
  }
  let deep = Data(String(repeating: "[", count: 100_000).utf8)
  #expect(error(deep) == .nestedTooDeeply(limit: 32))
  #expect(error(Data(count: (4 << 20) + 1)) == .tooLarge(limitInBytes: 4 << 20))
  let point = #"{"point":[1,2,3],"name":"Left_IAC"}"#
  let many = file(points: "[" + Array(repeating: point, count: 10_001).joined(separator: ",") + "]")
  #expect(error(many) == .tooManyPoints(count: 10_001, limit: 10_000))
}

@Test("A file that is not there says so with its path")
func refusesMissingFile() {
  #expect(throws: ClicksError.unreadable(path: "/nowhere/clicks.json", reason: "No such file or directory")) {
    try ChallengeFile.read(path: "/nowhere/clicks.json", shape: shape)
  }
}

@Test("Clicks written as a challenge file are read back the same")
func writes() throws {
  let clicks = [
    Click(kind: .right, voxel: Axes3(1, 2, 3)), Click(kind: .left, voxel: Axes3(0, 46, 55)),
    Click(kind: .right, voxel: Axes3(1, 2, 3)),
  ]
  let data = try ChallengeFile.encode(clicks, backgroundClicks: .refuse)
  #expect(try ChallengeFile.decode(data, shape: shape) == clicks)
  #expect(try ChallengeFile.decode(ChallengeFile.encode([], backgroundClicks: .refuse), shape: shape).isEmpty)
}

@Test("A named pipe is refused, not waited for", .timeLimit(.minutes(10)))
func refusesPipe() throws {
  let path = FileManager.default.temporaryDirectory.appendingPathComponent("canalis-\(UUID().uuidString)").path
  #expect(mkfifo(path, 0o600) == 0)
  defer { try? FileManager.default.removeItem(atPath: path) }
  #expect {
    try ChallengeFile.read(path: path, shape: shape)
  } throws: { error in
    "\(error)".contains("not a regular file")
  }
  #expect(throws: VolumeError.notARegularFile(path: path)) { try RegularFile.contents(of: path) }
}

@Test("\"Not canal\" clicks are refused by the challenge's format, or dropped when asked")
func writesWithoutBackground() throws {
  let clicks = [
    Click(kind: .background, voxel: Axes3(1, 2, 3)), Click(kind: .left, voxel: Axes3(4, 5, 6)),
    Click(kind: .background, voxel: Axes3(1, 2, 4)),
  ]
  #expect(throws: ClicksError.backgroundClicks(count: 2)) {
    try ChallengeFile.encode(clicks, backgroundClicks: .refuse)
  }
  let data = try ChallengeFile.encode(clicks, backgroundClicks: .drop)
  #expect(try ChallengeFile.decode(data, shape: shape) == [clicks[1]])
}

@Test("The table has one line a click, with its place in the patient")
func writesTable() throws {
  let affine = Affine(rows: [[-0.3, 0, 0, 10], [0, -0.3, 0, 20], [0, 0, 0.5, -5]])
  let clicks = [Click(kind: .left, voxel: Axes3(2, 10, 100)), Click(kind: .background, voxel: Axes3(0, 0, 0))]
  let grid = Grid(shape: Axes3(36, 47, 156), spacing: Axes3(0.5, 0.3, 0.3), affine: affine)
  #expect(
    String(decoding: ClickTable.encode(clicks, grid: grid), as: UTF8.self) == """
      number,kind,axis0,axis1,axis2,x_mm,y_mm,z_mm
      1,left,2,10,100,-20.0000,17.0000,-4.0000
      2,background,0,0,0,10.0000,20.0000,-5.0000

      """)
  let bare = Grid(shape: Axes3(36, 47, 156), spacing: Axes3(0.5, 0.3, 0.3), affine: nil)
  #expect(String(decoding: ClickTable.encode([clicks[0]], grid: bare), as: UTF8.self).hasSuffix("1,left,2,10,100,,,\n"))
}

@Test("A thousand damaged click files give a named error or clicks inside the scan")
func survivesDamage() throws {
  let original = try ChallengeFile.encode(
    (0..<12).map { Click(kind: $0 % 2 == 0 ? .left : .right, voxel: Axes3($0, 3 * $0, 4 * $0)) },
    backgroundClicks: .refuse)
  let pieces = [
    "[", "]", "{", "}", "\"", "\\", ",", ":", "-", "1e308", "1e999", "NaN", "null", "\u{0}", "\u{FEFF}",
    "99999999999999999999",
  ]
  var generator = SeededGenerator(seed: 7)
  var refused = 0
  for _ in 0..<1000 {
    var bytes = Array(original)
    for _ in 0..<Int.random(in: 1...4, using: &generator) {
      let place = Int.random(in: 0..<bytes.count, using: &generator)
      switch Int.random(in: 0..<7, using: &generator) {
      case 0: bytes[place] = UInt8.random(in: 0...255, using: &generator)
      case 1: bytes[place] ^= 1 << UInt8.random(in: 0..<8, using: &generator)
      case 2: bytes.removeSubrange(place..<min(bytes.count, place + Int.random(in: 1...20, using: &generator)))
      case 3, 4:
        let digits = bytes.indices.filter { (48...57).contains(bytes[$0]) }
        if let digit = digits.randomElement(using: &generator) {
          bytes[digit] = UInt8.random(in: 48...57, using: &generator)
        }
      case 5:
        bytes.insert(contentsOf: Array(try #require(pieces.randomElement(using: &generator)).utf8), at: place)
      default: bytes.insert(contentsOf: Array(bytes[place..<min(bytes.count, place + 40)]), at: place)
      }
      if bytes.isEmpty { bytes = [0] }
    }
    do {
      let clicks = try ChallengeFile.decode(Data(bytes), shape: shape)
      #expect(clicks.allSatisfy { shape.contains($0.voxel) && $0.kind != .background })
    } catch {
      #expect(error is ClicksError, "\(error)")
      #expect(!"\(error)".unicodeScalars.contains { $0.value < 32 })
      refused += 1
    }
  }
  print("damaged click files: \(refused) of 1000 refused")
  #expect((500..<1000).contains(refused))
}
