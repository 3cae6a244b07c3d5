import Foundation
import Testing

@testable import Volume

@Suite struct AtomicFileTests {
  @Test("a file appears only when it is committed")
  func appearsWhole() throws {
    let folder = try TemporaryFolder()
    let file = try AtomicFile(path: folder.path("a"), mode: 0o600)
    try file.write("half")
    #expect(!folder.names.contains("a"))
    try file.write(Array(" whole".utf8))
    try file.commit()
    #expect(folder.names == ["a"])
    #expect(try Fixtures.fileBytes(folder.path("a")) == Array("half whole".utf8))
    let mode = try FileManager.default.attributesOfItem(atPath: folder.path("a"))[.posixPermissions] as? Int
    #expect(mode == 0o600)
  }

  @Test("a file that is not committed leaves nothing behind")
  func leavesNothing() throws {
    let folder = try TemporaryFolder()
    do {
      let file = try AtomicFile(path: folder.path("a"))
      try file.write("half")
    }
    #expect(folder.names == [])
  }

  @Test("an existing file is replaced only when that is asked for")
  func refusesOverwriting() throws {
    let folder = try TemporaryFolder()
    let path = try folder.write([1], "a")
    #expect(throws: VolumeError.fileExists(path: path)) { try AtomicFile.write([2], to: path) }
    #expect(try Fixtures.fileBytes(path) == [1])
    try AtomicFile.write([3], to: path, overwrite: true)
    #expect(try Fixtures.fileBytes(path) == [3])
    #expect(folder.names == ["a"])
  }

  @Test("a file that came into being meanwhile is not replaced")
  func refusesRace() throws {
    let folder = try TemporaryFolder()
    let file = try AtomicFile(path: folder.path("a"))
    try file.write("mine")
    let path = try folder.write([1], "a")
    #expect(throws: VolumeError.fileExists(path: path)) { try file.commit() }
    #expect(try Fixtures.fileBytes(path) == [1])
    #expect(folder.names == ["a"])
  }

  @Test("an input is never replaced, by whatever name it is reached")
  func protectsInputs() throws {
    let folder = try TemporaryFolder()
    let scan = try folder.write([1], "scan")
    try FileManager.default.createSymbolicLink(atPath: folder.path("link"), withDestinationPath: scan)
    try FileManager.default.linkItem(atPath: scan, toPath: folder.path("hard"))
    for name in ["scan", "link", "hard", "./scan"] {
      let path = folder.path("") + "/" + name
      #expect(throws: VolumeError.wouldReplaceInput(path: path)) {
        _ = try AtomicFile(path: path, overwrite: true, protecting: [scan])
      }
    }
    #expect(try Fixtures.fileBytes(scan) == [1])
  }

  @Test("a link stays a link and its target is replaced")
  func followsLinks() throws {
    let folder = try TemporaryFolder()
    let target = try folder.write([1], "target")
    try FileManager.default.createSymbolicLink(atPath: folder.path("link"), withDestinationPath: "target")
    try AtomicFile.write([2], to: folder.path("link"), overwrite: true)
    #expect(try Fixtures.fileBytes(target) == [2])
    #expect(try FileManager.default.destinationOfSymbolicLink(atPath: folder.path("link")) == "target")
  }

  @Test("folders, devices and missing folders are refused")
  func refusesOddDestinations() throws {
    let folder = try TemporaryFolder()
    #expect(throws: VolumeError.notARegularFile(path: folder.url.path)) {
      _ = try AtomicFile(path: folder.url.path, overwrite: true)
    }
    #expect(throws: VolumeError.notARegularFile(path: "/dev/null")) {
      _ = try AtomicFile(path: "/dev/null", overwrite: true)
    }
    #expect(throws: VolumeError.self) { _ = try AtomicFile(path: folder.path("none/a")) }
  }
}
