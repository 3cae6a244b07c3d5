import Foundation
import Testing
import Volume

@testable import Session

@Suite("A damaged session")
struct SessionDamageTests {
  /// The byte at which each line of a session begins, and the end.
  private func lineStarts(_ bytes: [UInt8]) -> [Int] {
    [0] + bytes.indices.filter { bytes[$0] == UInt8(ascii: "\n") }.map { $0 + 1 }
  }

  @Test("Cut anywhere in its last line, opens without that line, says so, and goes on")
  func tornTail() throws {
    let folder = try TemporaryFolder()
    let path = folder.file("a.session.jsonl")
    try Sample.makeSession(at: path)
    let whole = try bytes(of: path)
    let start = lineStarts(whole).dropLast().last ?? 0
    for length in start..<whole.count {
      try write(whole[..<length], to: path)
      let read = try SessionFile.read(path)
      #expect(read.content.records.map(\.event) == Array(Sample.events.dropLast()), "cut at \(length)")
      #expect(read.notices == (length == start ? [] : [.droppedTornLine(line: 14)]), "cut at \(length)")
      #expect(try bytes(of: path).count == length, "looking changes nothing")

      let opened = try SessionFile.open(path)
      #expect(try bytes(of: path).count == length, "nor does opening")
      try opened.log?.append(.note("on"))
      let after = try bytes(of: path)
      #expect(after[..<start] == whole[..<start], "no byte before the torn line changes")
      let again = try SessionFile.read(path)
      #expect(again.content.records.map(\.event) == Array(Sample.events.dropLast()) + [.note("on")])
      #expect(again.notices.isEmpty)
    }
  }

  @Test("Whose last line is garbage to its newline, opens without that line")
  func garbageTail() throws {
    let folder = try TemporaryFolder()
    let path = folder.file("a.session.jsonl")
    try Sample.makeSession(at: path)
    let whole = try bytes(of: path)
    for tail in [[UInt8](repeating: 0, count: 4096), Array("\0\0\0\n".utf8), Array("{}\n".utf8), Array("\n".utf8)] {
      try write(whole + tail, to: path)
      let read = try SessionFile.read(path)
      #expect(read.content.records.count == Sample.events.count)
      #expect(read.notices == [.droppedTornLine(line: 15)])
    }
  }

  @Test("With any byte changed in any line but the last, names that line")
  func damagedMiddle() throws {
    let folder = try TemporaryFolder()
    let path = folder.file("a.session.jsonl")
    try Sample.makeSession(at: path)
    let whole = try bytes(of: path)
    let starts = lineStarts(whole)
    for line in 1..<starts.count - 1 {
      for position in stride(from: starts[line - 1], to: starts[line] - 1, by: 3) {
        var damaged = whole
        damaged[position] ^= 1
        // A changed byte may become a newline or quote; whatever it does, the line it was in is the one that is named.
        try write(damaged, to: path)
        let error = #expect(throws: SessionError.self, "byte \(position)") { try SessionFile.open(path) }
        if line == 1 { continue }
        guard case .damaged(path, line, _) = error else {
          Issue.record("byte \(position) of line \(line): \(String(describing: error))")
          continue
        }
        #expect(error?.description.contains("line \(line)") == true)
        #expect(try bytes(of: path) == damaged, "an error changes nothing")
      }
    }
  }

  @Test("With a line removed, doubled, or exchanged with its neighbour, names the first that is out of place")
  func reorderedLines() throws {
    let folder = try TemporaryFolder()
    let path = folder.file("a.session.jsonl")
    try Sample.makeSession(at: path)
    let whole = try bytes(of: path)
    let starts = lineStarts(whole)
    let lines = (1..<starts.count).map { Array(whole[starts[$0 - 1]..<starts[$0]]) }
    for index in 1..<lines.count - 2 {
      var removed = lines
      removed.remove(at: index)
      var doubled = lines
      doubled.insert(lines[index], at: index)
      var exchanged = lines
      exchanged.swapAt(index, index + 1)
      for (changed, line) in [(removed, index + 1), (doubled, index + 2), (exchanged, index + 1)] {
        try write(changed.joined(), to: path)
        let error = #expect(throws: SessionError.self) { try SessionFile.read(path) }
        guard case .damaged(_, line, _) = error else {
          Issue.record("line \(line): \(String(describing: error))")
          continue
        }
      }
    }
  }

  @Test("Recovered, keeps what is good before the damage, keeps the damaged file, and goes on")
  func recovery() throws {
    let folder = try TemporaryFolder()
    let path = folder.file("a.session.jsonl")
    for line in 2...13 {
      try? FileManager.default.removeItem(atPath: path)
      try Sample.makeSession(at: path)
      var damaged = try bytes(of: path)
      let start = lineStarts(damaged)[line - 1]
      damaged[start + 5] ^= 1
      try write(damaged, to: path)

      let looked = try SessionFile.read(path, recover: true)
      #expect(looked.content.records.count == line - 2)
      #expect(try bytes(of: path) == damaged, "looking changes nothing")

      let aside = "\(path).damaged-\(line - 1)"
      let opened = try SessionFile.open(path, recover: true)
      #expect(opened.content.records.map(\.event) == Array(Sample.events.prefix(line - 2)))
      guard case .recovered(line, _, aside) = opened.notices.first else {
        Issue.record("\(opened.notices)")
        continue
      }
      #expect(try bytes(of: aside) == damaged)
      #expect(try bytes(of: path) == Array(damaged[..<start]))
      let second = try SessionFile.open(path)
      #expect(second.notices == [.openElsewhere], "the recovered file is locked as any other")
      try opened.log?.append(.note("on"))
      #expect(try SessionFile.read(path).content.records.last?.event == .note("on"))
    }
    let names = try FileManager.default.contentsOfDirectory(atPath: folder.path)
    #expect(!names.contains { $0.hasPrefix(".") }, "no temporary file stays")
  }

  @Test(
    "Which says nonsense in well-formed lines names the line",
    arguments: [
      #"{"event":"click","time":"T","id":1,"kind":"left","voxel":[0,0,0]}"#,
      #"{"event":"click","time":"T","id":2,"kind":"left","voxel":[4,0,0]}"#,
      #"{"event":"click","time":"T","id":2,"kind":"left","voxel":[-1,0,0]}"#,
      #"{"event":"click","time":"T","id":2,"kind":"left","voxel":[0,0]}"#,
      #"{"event":"click","time":"T","id":2,"kind":"left","voxel":[0,0,0,0]}"#,
      #"{"event":"click","time":"T","id":2,"kind":"left","voxel":[0,0,0.5]}"#,
      #"{"event":"click","time":"T","id":2,"kind":"left","voxel":[0,0,9223372036854775807]}"#,
      #"{"event":"click","time":"T","id":2,"kind":"tooth","voxel":[0,0,0]}"#,
      #"{"event":"click","time":"T","id":2.0,"kind":"left","voxel":[0,0,0]}"#,
      #"{"event":"click","time":"T","id":9223372036854775807,"kind":"left","voxel":[0,0,0]}"#,
      #"{"event":"click","time":"T","kind":"left","voxel":[0,0,0]}"#,
      #"{"event":"click","time":"yesterday","id":2,"kind":"left","voxel":[0,0,0]}"#,
      #"{"event":"remove","time":"T","id":7}"#, #"{"event":"move","time":"T","id":1,"voxel":[0,9,0]}"#,
      #"{"event":"redo","time":"T"}"#, #"{"event":"dance","time":"T"}"#, #"{"event":7,"time":"T"}"#,
      #"{"time":"T"}"#, #"{"event":"model","time":"T","name":"m","sha256":"xyz"}"#,
      #"{"event":"view","time":"T","settings":3}"#, #"{"event":"undo","time":"T","event":"redo"}"#,
      #"{"event":"export","time":"T","path":"p","sha256":"ab","forced":[]}"#,
    ])
  func nonsense(line: String) throws {
    let folder = try TemporaryFolder()
    let path = folder.file("a.session.jsonl")
    let good = #"{"event":"click","time":"T","id":1,"kind":"left","voxel":[0,0,0]}"#
    try write(session(lines: [good, line, #"{"event":"undo","time":"T"}"#]), to: path)
    let error = #expect(throws: SessionError.self) { try SessionFile.read(path) }
    guard case .damaged(_, 3, _) = error else {
      Issue.record("\(String(describing: error))")
      return
    }
    #expect(try SessionFile.read(path, recover: true).content.history.clicks.count == 1)
  }

  @Test("Of the wrong kind altogether is refused by name", arguments: ["", "\n", "{}\n", "not a session\n", "\0\0\0"])
  func wrongFile(text: String) throws {
    let folder = try TemporaryFolder()
    let path = folder.file("a.session.jsonl")
    try write(text.utf8, to: path)
    let error = #expect(throws: SessionError.self) { try SessionFile.open(path, recover: true) }
    guard case .notASession(path, _) = error else {
      Issue.record("\(String(describing: error))")
      return
    }
  }

  @Test("A folder, a device, a pipe and nothing at all are refused without waiting")
  func wrongThings() throws {
    let folder = try TemporaryFolder()
    let pipe = folder.file("pipe")
    #expect(mkfifo(pipe, 0o600) == 0)
    for path in [folder.path, "/dev/null", "/dev/zero", pipe, folder.file("absent")] {
      #expect(throws: SessionError.self) { try SessionFile.read(path) }
      #expect(throws: SessionError.self) { try SessionFile.open(path) }
    }
  }

  @Test("Of a newer version says so")
  func newerVersion() throws {
    let folder = try TemporaryFolder()
    let path = folder.file("a.session.jsonl")
    let line = SessionLine.encode([.init("format", "canalis-session"), .init("version", 2)], after: 0)
    try write(line.bytes, to: path)
    #expect(throws: SessionError.unknownVersion(path: path, version: 2, known: 1)) { try SessionFile.read(path) }
  }

  @Test("1,000 mutated sessions are read or refused by name, with and without matching crc")
  func mutations() throws {
    let folder = try TemporaryFolder()
    let path = folder.file("a.session.jsonl")
    try Sample.makeSession(at: path)
    let whole = try bytes(of: path)
    var generator = SeededGenerator(seed: 77)
    var counts = [0, 0]
    for round in 0..<1_000 {
      var mutated = whole
      for _ in 0..<Int.random(in: 1...4, using: &generator) { mutate(&mutated, using: &generator) }
      if round % 2 == 0 { mutated = resealed(mutated) }
      do {
        let reader = try mutated.withUnsafeBufferPointer { try SessionReader(bytes: $0, path: "mutated") }
        #expect(reader.goodBytes <= mutated.count)
        let prefix = Array(mutated[..<reader.goodBytes])
        let again = try prefix.withUnsafeBufferPointer { try SessionReader(bytes: $0, path: "prefix") }
        #expect(again.content == reader.content && again.damage == nil && !again.isTorn)
        counts[0] += 1
      } catch {
        #expect(error is SessionError, "round \(round): \(error)")
        counts[1] += 1
      }
    }
    print("mutated sessions: \(counts[0]) with a usable part, \(counts[1]) refused")
    #expect(counts[0] > 100 && counts[1] > 100)
  }

  private func mutate(_ bytes: inout [UInt8], using generator: inout SeededGenerator) {
    guard !bytes.isEmpty else { return }
    let position = Int.random(in: 0..<bytes.count, using: &generator)
    switch Int.random(in: 0..<6, using: &generator) {
    case 0: bytes[position] ^= 1 << UInt8.random(in: 0..<8, using: &generator)
    case 1: bytes[position] = UInt8.random(in: 0...255, using: &generator)
    case 2: bytes.removeSubrange(position..<min(bytes.count, position + Int.random(in: 1...40, using: &generator)))
    case 3: bytes.insert(contentsOf: Array("[{\"999999999999999999999e99".utf8), at: position)
    case 4: bytes.removeLast(bytes.count - position)
    default:
      let length = Int.random(in: 1...100, using: &generator)
      bytes.insert(contentsOf: bytes[position..<min(bytes.count, position + length)], at: position)
    }
  }

  /// The lines with the `crc` that they would have had, as far as they have one.
  private func resealed(_ bytes: [UInt8]) -> [UInt8] {
    var crc: UInt32 = 0
    var result: [UInt8] = []
    for line in bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false) {
      guard let range = Array(line).firstRange(of: Array(#","crc":"#.utf8)), range.lowerBound > 0 else {
        result += line + [UInt8(ascii: "\n")]
        continue
      }
      let sealed = seal(Array(line)[..<range.lowerBound] + [UInt8(ascii: "}")], after: crc)
      crc = sealed.crc
      result += sealed.bytes
    }
    return result
  }

  /// A session of the sample's scan with lines of any text; `"T"` becomes a time.
  private func session(lines: [String]) -> [UInt8] {
    let header = SessionLine.encode(Sample.header.members(time: "2026-03-14T15:09:26.535Z"), after: 0)
    var bytes = header.bytes
    var crc = header.crc
    for line in lines {
      let text = line.replacingOccurrences(of: "\"T\"", with: "\"2026-03-14T15:09:26.535Z\"")
      let sealed = seal(Array(text.utf8), after: crc)
      bytes += sealed.bytes
      crc = sealed.crc
    }
    return bytes
  }

  /// A line from an object's text, `crc` added.
  private func seal(_ object: [UInt8], after previous: UInt32) -> (bytes: [UInt8], crc: UInt32) {
    var body = Array(object.dropLast())
    body.append(UInt8(ascii: ","))
    let crc =
      body.reduce(previous ^ 0xFFFF_FFFF) { crc, byte in
        (0..<8).reduce(crc ^ UInt32(byte)) { value, _ in value & 1 == 1 ? value >> 1 ^ 0xEDB8_8320 : value >> 1 }
      } ^ 0xFFFF_FFFF
    return (body + Array("\"crc\":\(crc)}\n".utf8), crc)
  }
}
