import Foundation
import Testing

@testable import Volume

/// Files of Tests/Fixtures/volume and folders for what tests write.
enum Fixtures {
  static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .appendingPathComponent("Fixtures/volume")

  static func path(_ name: String) -> String { folder.appendingPathComponent(name).path }

  static func bytes(_ name: String) throws -> [UInt8] { try fileBytes(path(name)) }

  static func array(_ name: String) throws -> NPYArray { try NPYArray.read(path: path(name)) }

  static func fileBytes(_ path: String) throws -> [UInt8] { Array(try Data(contentsOf: URL(fileURLWithPath: path))) }
}

/// A folder that goes when the object goes.
final class TemporaryFolder {
  let url: URL

  init() throws {
    url = FileManager.default.temporaryDirectory.appendingPathComponent("canalis-volume-" + UUID().uuidString)
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(at: url) }

  func path(_ name: String) -> String { url.appendingPathComponent(name).path }

  func write(_ bytes: [UInt8], _ name: String) throws -> String {
    try Data(bytes).write(to: url.appendingPathComponent(name))
    return path(name)
  }

  var names: [String] { ((try? FileManager.default.contentsOfDirectory(atPath: url.path)) ?? []).sorted() }
}

/// The largest absolute difference of two arrays of the same length.
func largestDifference(_ first: [Float], _ second: [Float]) -> Float {
  #expect(first.count == second.count)
  return zip(first, second).reduce(0) { max($0, abs($1.0 - $1.1)) }
}
