import Clicks
import Foundation
import Testing
import Volume

@testable import Session

@Suite("A session's file")
struct SessionFileTests {
  @Test("Is byte for byte what a program without our code writes")
  func goldenBytes() throws {
    let folder = try TemporaryFolder()
    let path = folder.file("golden.session.jsonl")
    try Sample.makeSession(at: path)
    let golden = Sample.fixtures.appendingPathComponent("golden.session.jsonl").path
    #expect(try String(decoding: bytes(of: path), as: UTF8.self) == String(decoding: bytes(of: golden), as: UTF8.self))
  }

  @Test("Reads back as it was written")
  func roundTrip() throws {
    let folder = try TemporaryFolder()
    let path = folder.file("a.session.jsonl")
    try Sample.makeSession(at: path)
    let session = try SessionFile.read(path)
    #expect(session.content.header == Sample.header)
    #expect(session.content.records.map(\.event) == Sample.events)
    #expect(session.content.records.map(\.line) == Array(2...14))
    #expect(session.content.records.first?.time == "2026-03-14T15:09:01.535Z")
    #expect(session.content.history.clicks.map(\.id) == [1, 2, 3])
    #expect(session.content.history.click(id: 2)?.voxel == Axes3(0, 0, 1))
    #expect(session.content.history.click(id: 3)?.kind == .left)
    #expect(session.content.history.redoDescription == "removal of click 1 left at [1, 2, 3]")
    #expect(session.content.model.name == "other")
    #expect(session.content.view == ["window": 1500, "level": 300])
    #expect(session.notices.isEmpty && session.log == nil)
  }

  @Test("Goes on after reopening, undo and redo included")
  func reopening() throws {
    let folder = try TemporaryFolder()
    let path = folder.file("a.session.jsonl")
    try Sample.makeSession(at: path)
    do {
      let session = try SessionFile.open(path)
      let log = try #require(session.log)
      try log.append(.click(.redo))
      #expect(log.content.history.clicks.map(\.id) == [2, 3])
      #expect(throws: SessionError.nothingToRedo) { try log.append(.click(.redo)) }
      while log.content.history.canUndo { try log.append(.click(.undo)) }
    }
    let session = try SessionFile.open(path)
    #expect(session.content.history.clicks.isEmpty)
    #expect(session.content.history.nextIdentifier == 4)
    #expect(session.content == (try #require(session.log)).content)
  }

  @Test("Is not made over another file")
  func noOverwriting() throws {
    let folder = try TemporaryFolder()
    let path = folder.file("a.session.jsonl")
    try write("precious".utf8, to: path)
    #expect(throws: SessionError.alreadyExists(path: path)) { try SessionFile.create(at: path, header: Sample.header) }
    #expect(try bytes(of: path) == Array("precious".utf8))
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["a.session.jsonl"])
  }

  @Test("Has mode 0600, and folders made for it 0700")
  func permissions() throws {
    let folder = try TemporaryFolder()
    let path = folder.file("x/y/a.session.jsonl")
    _ = try SessionFile.create(at: path, header: Sample.header)
    func mode(_ path: String) throws -> Int? {
      try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
    }
    #expect(try mode(path) == 0o600)
    #expect(try mode(folder.file("x/y")) == 0o700)
    #expect(try mode(folder.file("x")) == 0o700)
  }

  @Test("Opened twice, is read-only the second time and says so, and is free again after the first has gone")
  func twoWriters() throws {
    let folder = try TemporaryFolder()
    let path = folder.file("a.session.jsonl")
    do {
      let first = try SessionFile.create(at: path, header: Sample.header)
      let second = try SessionFile.open(path)
      #expect(second.log == nil)
      #expect(second.notices == [.openElsewhere])
      #expect(second.content.header == Sample.header)
      try first.log?.append(Sample.place(1))
      #expect(try SessionFile.read(path).content.history.clicks.count == 1)
    }
    let third = try SessionFile.open(path)
    #expect(third.log != nil && third.notices.isEmpty)
  }

  @Test("Takes nothing more when another program wrote to it")
  func changedElsewhere() throws {
    let folder = try TemporaryFolder()
    let path = folder.file("a.session.jsonl")
    let log = try #require(try SessionFile.create(at: path, header: Sample.header).log)
    let before = try bytes(of: path)
    let handle = try #require(FileHandle(forWritingAtPath: path))
    try handle.seekToEnd()
    try handle.write(contentsOf: Array("hello".utf8))
    #expect(throws: SessionError.changedElsewhere(path: path)) { try log.append(Sample.place(1)) }
    #expect(try bytes(of: path) == before + Array("hello".utf8))
  }

  @Test("A file that was removed or renamed under the writer is made again with all that was in it")
  func removed() throws {
    let folder = try TemporaryFolder()
    let path = folder.file("sub/a.session.jsonl")
    let log = try #require(try SessionFile.create(at: path, header: Sample.header).log)
    try log.append(Sample.place(1))
    try FileManager.default.moveItem(atPath: path, toPath: folder.file("moved"))
    try log.append(Sample.place(2))
    #expect(try SessionFile.read(path).content.history.clicks.map(\.id) == [1, 2])
    #expect(try SessionFile.read(folder.file("moved")).content.history.clicks.map(\.id) == [1])
    try FileManager.default.removeItem(atPath: folder.file("sub"))
    try log.append(Sample.place(3))
    #expect(try SessionFile.read(path).content.history.clicks.map(\.id) == [1, 2, 3])
    // The new file is locked as the first was.
    #expect(try SessionFile.open(path).notices == [.openElsewhere])
  }

  @Test("A file that took the session's name is left alone, and the session goes on when it is away")
  func replaced() throws {
    let folder = try TemporaryFolder()
    let path = folder.file("a.session.jsonl")
    let log = try #require(try SessionFile.create(at: path, header: Sample.header).log)
    try log.append(Sample.place(1))
    // As an editor or a program that keeps folders alike saves: a copy takes the name.
    try FileManager.default.copyItem(atPath: path, toPath: folder.file("copy"))
    #expect(rename(folder.file("copy"), path) == 0)
    let theirs = try bytes(of: path)
    #expect(throws: SessionError.replacedElsewhere(path: path)) { try log.append(Sample.place(2)) }
    #expect(try bytes(of: path) == theirs)
    #expect(log.content.history.clicks.map(\.id) == [1])
    try FileManager.default.removeItem(atPath: path)
    try log.append(Sample.place(2))
    #expect(try SessionFile.read(path).content.history.clicks.map(\.id) == [1, 2])
  }

  @Test("Refuses what makes no sense and stays as it was")
  func nonsense() throws {
    let folder = try TemporaryFolder()
    let path = folder.file("a.session.jsonl")
    let log = try #require(try SessionFile.create(at: path, header: Sample.header).log)
    let before = try bytes(of: path)
    let outside = PlacedClick(id: 1, kind: .left, voxel: Axes3(0, 5, 0))
    #expect(throws: SessionError.outsideScan(voxel: Axes3(0, 5, 0), shape: Axes3(4, 5, 6))) {
      try log.append(.click(.place(outside)))
    }
    #expect(throws: SessionError.nothingToUndo) { try log.append(.click(.undo)) }
    #expect(throws: SessionError.unknownClick(id: 4)) { try log.append(.click(.remove(id: 4))) }
    #expect(throws: SessionError.self) { try log.append(.note(String(repeating: "x", count: SessionLine.longest))) }
    #expect(try bytes(of: path) == before)
    #expect(log.content.records.isEmpty)
    let message = SessionError.outsideScan(voxel: Axes3(0, 5, 0), shape: Axes3(4, 5, 6)).description
    #expect(message == "voxel [0, 5, 0] is outside the scan; valid are [0...3, 0...4, 0...5] (slowest axis first)")
  }

  @Test("With 1,000 clicks opens well within a second")
  func manyClicks() throws {
    let folder = try TemporaryFolder()
    let path = folder.file("a.session.jsonl")
    do {
      var operations = SessionLog.FileOperations()
      operations.synchronize = { _ in 0 }
      let log = try SessionFile.create(at: path, header: Sample.header, operations: operations).log
      for id in 1...1_000 { try log?.append(Sample.place(id)) }
    }
    var session: OpenedSession?
    let time = try ContinuousClock().measure { session = try SessionFile.open(path) }
    print("a session with 1,000 clicks opens in \(time)")
    #expect(session?.content.history.clicks.count == 1_000)
    #expect(time < .milliseconds(300))
  }

  @Test("Takes events from many threads at once, each on a line of its own")
  func manyThreads() async throws {
    let folder = try TemporaryFolder()
    let path = folder.file("a.session.jsonl")
    let log = try #require(try SessionFile.create(at: path, header: Sample.header).log)
    try await withThrowingTaskGroup(of: Void.self) { group in
      for task in 0..<8 {
        group.addTask { for number in 0..<10 { try log.append(.note("\(task) \(number)")) } }
      }
      try await group.waitForAll()
    }
    #expect(try SessionFile.read(path).content.records.count == 80)
    #expect(try SessionFile.read(path).content == log.content)
  }

  @Test("Waits for the disk after every event but view settings")
  func synchronization() throws {
    let folder = try TemporaryFolder()
    let syncs = Counter()
    var operations = Sample.operations()
    operations.synchronize = { descriptor in
      syncs.increment()
      return fdatasync(descriptor)
    }
    let log = try SessionFile.create(at: folder.file("a.session.jsonl"), header: Sample.header, operations: operations)
      .log
    for event in Sample.events {
      let before = syncs.value
      try log?.append(event)
      #expect(syncs.value - before == (event.mustBeSafe ? 1 : 0), "\(event)")
    }
  }

  @Test("The example that comes with the program belongs to the bundled scan; make.py writes it anew")
  func example() throws {
    let root = Sample.fixtures.appendingPathComponent("../../..").standardized
    let session = try SessionFile.read(root.appendingPathComponent("Sessions/example.session.jsonl").path)
    #expect(session.notices.isEmpty)
    #expect(session.content.history.clicks.map(\.id) == [1, 2, 4, 5])
    let path = session.content.header.scan.path
    let scan = try NIfTIReader.read(path: root.appendingPathComponent(path).path)
    #expect(SessionVerification.findings(session.content, scan: ScanIdentity(path: path, volume: scan)).isEmpty)
  }
}

final class Counter: @unchecked Sendable {
  private let lock = NSLock()
  private var count = 0
  var value: Int { lock.withLock { count } }
  func increment() { lock.withLock { count += 1 } }
}
