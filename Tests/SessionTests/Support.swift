import Formats
import Clicks
import Foundation
import Volume

@testable import Session

/// A folder of one test, removed when the test ends.
final class TemporaryFolder {
  let path: String

  init() throws {
    path = FileManager.default.temporaryDirectory.appendingPathComponent("canalis-\(UUID().uuidString)").path
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  func file(_ name: String) -> String { path + "/" + name }
}

/// What the tests' sessions are about: the values of `Tests/Fixtures/session/make.py`.
enum Sample {
  static let volume = Volume(
    grid: Grid(shape: Axes3(4, 5, 6), spacing: Axes3(0.3, 0.25, 1), affine: nil),
    voxels: (0..<120).map { 0.5 * Float($0) })

  static let header = SessionHeader(
    program: "0.1.0", scan: ScanIdentity(path: "scans/Jürgen \"J\".nii.gz", volume: volume),
    model: ModelIdentity(name: "bundled", sha256: sha256("model")),
    settings: ["mirroring": false, "step": 0.9, "rules": "canalis", "postprocessing": true],
    processor: ProcessorIdentity(kind: "x86-64 avx2", threads: 2))

  static let events: [SessionEvent] = [
    .click(.place(PlacedClick(id: 1, kind: .left, voxel: Axes3(1, 2, 3)))),
    .click(.place(PlacedClick(id: 2, kind: .right, voxel: Axes3(0, 0, 0)))),
    .click(.place(PlacedClick(id: 3, kind: .background, voxel: Axes3(3, 4, 5)))),
    .click(.move(id: 2, voxel: Axes3(0, 0, 1))),
    .click(.changeKind(id: 3, kind: .left)),
    .click(.remove(id: 1)),
    .click(.undo), .click(.undo), .click(.redo),
    .view(["window": 1500, "level": 300]),
    .note("loop at the foramen\n\u{1}\u{7F}"),
    .model(ModelIdentity(name: "other", sha256: sha256("other"))),
    .export(.init(path: "mask.nii.gz", labels: [UInt8](repeating: 0, count: 120), forcedClicks: [2])),
  ]

  /// The operations of the system with a clock that goes a second a line.
  static func operations() -> SessionLog.FileOperations {
    let clock = Clock()
    var operations = SessionLog.FileOperations()
    operations.now = { clock.next() }
    return operations
  }

  /// Makes a session with all of `events`.
  static func makeSession(at path: String) throws {
    let log = try SessionFile.create(at: path, header: header, operations: operations()).log
    for event in events { try log?.append(event) }
  }

  static func place(_ id: Int) -> SessionEvent {
    .click(.place(PlacedClick(id: id, kind: .left, voxel: Axes3(id % 4, id % 5, id % 6))))
  }

  static var fixtures: URL {
    URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .appendingPathComponent("Fixtures/session")
  }

  private static func sha256(_ text: String) -> String {
    var digest = SHA256()
    Array(text.utf8).withUnsafeBytes { digest.update($0) }
    return digest.finalize()
  }
}

private final class Clock: @unchecked Sendable {
  private var second = 0
  private let lock = NSLock()

  func next() -> String {
    lock.withLock {
      defer { second += 1 }
      return String(format: "2026-03-14T15:09:%02d.535Z", second)
    }
  }
}

func bytes(of path: String) throws -> [UInt8] {
  Array(try Data(contentsOf: URL(fileURLWithPath: path)))
}

func write(_ bytes: some Sequence<UInt8>, to path: String) throws {
  try Data(bytes).write(to: URL(fileURLWithPath: path))
}
