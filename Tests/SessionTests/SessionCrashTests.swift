import Foundation
import Testing

@testable import Session

@Suite("A session that is interrupted")
struct SessionCrashTests {
  @Test("Killed in the middle of appending, has everything that was confirmed", arguments: [1, 4, 15, 40])
  func killed(milliseconds: Int) async throws {
    let folder = try TemporaryFolder()
    let path = folder.file("a.session.jsonl")
    let confirmed = folder.file("confirmed")
    await #expect(processExitsWith: .signal(SIGKILL)) {
      [path = path as String, confirmed = confirmed as String, milliseconds] in
      let log = try #require(try SessionFile.create(at: path, header: Sample.header).log)
      let out = open(confirmed, O_WRONLY | O_CREAT | O_APPEND, 0o600)
      Thread.detachNewThread {
        usleep(UInt32(milliseconds) * 1_000)
        kill(getpid(), SIGKILL)
      }
      for id in 1...9_000 {
        try log.append(Sample.place(id))
        write(out, "x", 1)
      }
    }
    let count = (try? bytes(of: confirmed).count) ?? 0
    guard FileManager.default.fileExists(atPath: path) else {
      #expect(count == 0)
      return
    }
    let session = try SessionFile.open(path)
    print(
      "killed after \(milliseconds) ms: \(count) clicks confirmed, \(session.content.history.clicks.count) in the file")
    #expect(session.content.history.clicks.count - count >= 0 && session.content.history.clicks.count - count <= 1)
    try session.log?.append(.note("on"))
    #expect(try SessionFile.read(path).content.records.last?.event == .note("on"))
  }

  @Test("Whose disk is full says so, keeps what was confirmed, and goes on when there is room")
  func fullDisk() async throws {
    let folder = try TemporaryFolder()
    let path = folder.file("a.session.jsonl")
    await #expect(processExitsWith: .success) { [path = path as String] in
      signal(SIGXFSZ, SIG_IGN)
      let log = try #require(try SessionFile.create(at: path, header: Sample.header).log)
      let header = try bytes(of: path).count
      // Limits the file to a place in the middle of the 21st click's line.
      try log.append(Sample.place(1))
      let room = header + 20 * (try bytes(of: path).count - header) + 60
      var limit = rlimit()
      getrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limit)
      limit.rlim_cur = rlim_t(room)
      setrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limit)
      var placed = 1
      var failure: (any Error)?
      do {
        while true {
          try log.append(Sample.place(placed + 1))
          placed += 1
        }
      } catch { failure = error }
      try #require(failure as? SessionError == .fileSystem(operation: "write to", path: path, code: EFBIG))
      try #require((15..<30).contains(placed))
      let full = try SessionFile.read(path)
      try #require(full.content.history.clicks.count == placed && full.notices.isEmpty)
      try #require(full.content == log.content)
      limit.rlim_cur = limit.rlim_max
      setrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limit)
      try log.append(Sample.place(placed + 1))
      try #require(try SessionFile.read(path).content.history.clicks.count == placed + 1)
      exit(EXIT_SUCCESS)
    }
    #expect(try SessionFile.read(path).notices.isEmpty)
  }

  @Test("Whose writes stop half-way cuts off the half")
  func partialWrites() throws {
    let folder = try TemporaryFolder()
    let path = folder.file("a.session.jsonl")
    let calls = Counter()
    var operations = Sample.operations()
    // Every third call writes seven bytes, the one after it finds the disk full; and small pieces are put together.
    operations.write = { descriptor, bytes in
      calls.increment()
      switch calls.value % 3 {
      case 0:
        errno = ENOSPC
        return -1
      default: return Glibc.write(descriptor, bytes.baseAddress, min(bytes.count, 70))
      }
    }
    let log = try #require(try SessionFile.create(at: path, header: Sample.header, operations: operations).log)
    var placed = 0
    var failures = 0
    for _ in 0..<60 {
      do {
        try log.append(Sample.place(placed + 1))
        placed += 1
      } catch {
        failures += 1
        #expect(error as? SessionError == .fileSystem(operation: "write to", path: path, code: ENOSPC))
      }
      let read = try SessionFile.read(path)
      #expect(read.content.history.clicks.count == placed && read.notices.isEmpty)
    }
    #expect(placed > 10 && failures > 10)
  }

  @Test("Whose disk fails to sync takes nothing more and has nothing that was not confirmed")
  func failingSync() throws {
    let folder = try TemporaryFolder()
    let path = folder.file("a.session.jsonl")
    let calls = Counter()
    var operations = Sample.operations()
    operations.synchronize = { _ in
      calls.increment()
      if calls.value < 3 { return 0 }
      errno = EIO
      return -1
    }
    let log = try #require(try SessionFile.create(at: path, header: Sample.header, operations: operations).log)
    try log.append(Sample.place(1))
    try log.append(Sample.place(2))
    #expect(throws: SessionError.fileSystem(operation: "sync", path: path, code: EIO)) {
      try log.append(Sample.place(3))
    }
    #expect(throws: SessionError.unsafe(path: path)) { try log.append(Sample.place(3)) }
    #expect(log.content.history.clicks.count == 2)
    #expect(try SessionFile.read(path).content.history.clicks.count == 2)
  }

  @Test("That cannot be written to is opened read-only")
  func readOnlyFile() throws {
    let folder = try TemporaryFolder()
    let path = folder.file("a.session.jsonl")
    try Sample.makeSession(at: path)
    #expect(chmod(path, 0o400) == 0)
    let session = try SessionFile.open(path)
    // The superuser may write to anything.
    if geteuid() == 0 {
      #expect(session.log != nil)
    } else {
      #expect(session.log == nil)
      guard case .notWritable = session.notices.first else {
        Issue.record("\(session.notices)")
        return
      }
    }
    #expect(session.content.records.count == Sample.events.count)
  }
}
