import Foundation
import Testing

@testable import Checkpoint

@Suite("A hostile pickle is data, and an error at worst")
struct HostilePickleTests {
  private func run(_ parts: [[UInt8]]) throws -> PickleTree {
    try PickleMachine.run([0x80, 2] + parts.flatMap { $0 }, file: "hostile.pth")
  }

  private func run(_ text: String, _ rest: [UInt8] = []) throws -> PickleTree {
    try run([Array(text.utf8), rest])
  }

  /// BINUNICODE.
  private func text(_ text: String) -> [UInt8] {
    [0x58] + withUnsafeBytes(of: UInt32(text.utf8.count).littleEndian) { Array($0) } + Array(text.utf8)
  }

  @Test(
    "a call of anything that is not on the list is refused by name",
    arguments: [
      ("posix", "system"), ("os", "system"), ("builtins", "eval"), ("__builtin__", "exec"), ("builtins", "getattr"),
      ("subprocess", "Popen"), ("torch", "load"), ("torch.hub", "load"), ("nt", "system"),
      ("copyreg", "_reconstructor"),
      ("torch.storage", "_load_from_bytes"), ("runpy", "_run_code"), ("collections", "OrderedDict.fromkeys"),
    ])
  func forbiddenCalls(module: String, name: String) {
    let expected = "\(module).\(name)"
    let command = text("touch /tmp/owned")
    let calls: [[[UInt8]]] = [
      // GLOBAL, text, TUPLE1, REDUCE
      [Array("c\(module)\n\(name)\n".utf8), command, [0x85, 0x52, 0x2E]],
      // the same with NEWOBJ
      [Array("c\(module)\n\(name)\n".utf8), command, [0x85, 0x81, 0x2E]],
      // MARK, GLOBAL, text, OBJ
      [[0x28], Array("c\(module)\n\(name)\n".utf8), command, [0x6F, 0x2E]],
      // MARK, text, INST
      [[0x28], command, Array("i\(module)\n\(name)\n".utf8), [0x2E]],
      // STACK_GLOBAL
      [text(module), text(name), [0x93], command, [0x85, 0x52, 0x2E]],
    ]
    for call in calls {
      #expect {
        try run(call)
      } throws: { error in
        guard case CheckpointError.forbiddenConstructor(_, expected, _) = error else { return false }
        return "\(error)".contains(expected) && "\(error)".contains("nothing was called")
      }
    }
  }

  @Test("a name that is only mentioned is a name")
  func mentionedName() throws {
    let tree = try run("cposix\nsystem\n.")
    guard case .global("posix.system") = tree.root else {
      Issue.record("root is \(tree.root)")
      return
    }
  }

  @Test("state and attributes are never set by name")
  func state() {
    // GLOBAL posix.system, EMPTY_DICT, BUILD
    #expect(throws: CheckpointError.self) { try run("cposix\nsystem\n}b.") }
  }

  @Test("a million nested lists are built flat")
  func deepNesting() throws {
    let depth = 1_000_000
    // ] ] ] ... a a a: every list is appended to the one before it.
    let nested = [UInt8](repeating: 0x5D, count: depth) + [UInt8](repeating: 0x61, count: depth - 1) + [0x2E]
    #expect(try run([nested]).sequences.count == depth)
    let tuples = [0x4E] + [UInt8](repeating: 0x85, count: depth) + [0x2E]
    #expect(try run([tuples]).sequences.count == depth)
  }

  @Test("a list that holds itself, and lists that double by sharing, cost what they are written in")
  func cyclesAndSharing() throws {
    // ]q\0h\0a.
    #expect(try run([[0x5D, 0x71, 0, 0x68, 0, 0x61, 0x2E]]).sequences.count == 1)
    // A billion laughs: each tuple holds the one before it twice.
    var laughs: [UInt8] = [0x29]
    for _ in 0..<10_000 { laughs += [0x71, 0, 0x68, 0, 0x86] }
    #expect(try run([laughs, [0x2E]]).sequences.count == 10_001)
  }

  @Test("copies of a long list over and over end at the limit")
  func copiedLists() {
    var bomb: [UInt8] = [0x5D, 0x71, 0, 0x28]
    bomb += [UInt8](repeating: 0x4E, count: 100_000) + [0x65]
    for _ in 0..<10_000 { bomb += Array("cbuiltins\nset\n".utf8) + [0x68, 0, 0x85, 0x52, 0x30] }
    #expect {
      try run([bomb, [0x2E]])
    } throws: { error in
      if case CheckpointError.limitExceeded = error { true } else { false }
    }
    // Bytes of a long text, over and over.
    var encodes = text(String(repeating: "x", count: 100_000)) + [0x71, 0]
    for _ in 0..<1000 { encodes += Array("c_codecs\nencode\n".utf8) + [0x68, 0, 0x85, 0x52, 0x30] }
    #expect(throws: CheckpointError.self) { try run([encodes, [0x2E]]) }
  }

  @Test("long names joined over and over are refused, and so are names longer than any")
  func joinedNames() throws {
    /// A text of so many bytes twice from the memo, joined (STACK_GLOBAL) so many times.
    func names(bytes: Int, times: Int) throws -> PickleTree {
      let joined = [UInt8]([0x68, 0, 0x68, 0, 0x93])
      return try run([
        text(String(repeating: "x", count: bytes)), [0x71, 0], (0..<times).flatMap { _ in joined }, [0x2E],
      ])
    }
    #expect(throws: CheckpointError.self) { try names(bytes: 1 << 20, times: 1) }
    #expect(throws: CheckpointError.self) { try names(bytes: 1000, times: 100_000) }
    guard case .global(let name) = try names(bytes: 1000, times: 30).root else {
      Issue.record("no name")
      return
    }
    #expect(name.utf8.count == 2001)
  }

  @Test("a long key that is set over and over ends at the limit, before it costs time")
  func longKeys() throws {
    let key = text(String(repeating: "k", count: 1 << 20)) + [0x71, 0, 0x30]
    // h\0 N s: the same key in the same dictionary.
    let items = { (times: Int) in (0..<times).flatMap { _ in [UInt8]([0x68, 0, 0x4E, 0x73]) } }
    // OrderedDict of a list of one pair that is there over and over.
    let pair = key + [0x68, 0, 0x4E, 0x86, 0x71, 1, 0x30] + Array("ccollections\nOrderedDict\n".utf8) + [0x5D, 0x28]
    let pairs = { (times: Int) in (0..<times).flatMap { _ in [UInt8]([0x68, 1]) } }
    for times in [200_000, 65] {
      for bomb in [key + [0x7D] + items(times), pair + pairs(times) + [0x65, 0x85, 0x52]] {
        #expect {
          try run([bomb, [0x2E]])
        } throws: { error in
          if case CheckpointError.limitExceeded(_, _, PickleMachine.keyBytesLimit) = error { true } else { false }
        }
      }
    }
    #expect(try run([key, [0x7D], items(50), [0x2E]]).dictionaries.count == 1)
  }

  @Test("more values than a checkpoint can have end at the limit")
  func tooManyValues() {
    let bomb = [UInt8](repeating: 0x4E, count: PickleMachine.valueLimit + 1)
    #expect {
      try run([bomb])
    } throws: { error in
      if case CheckpointError.limitExceeded = error { true } else { false }
    }
    let duplicates = [0x4E] + [UInt8](repeating: 0x32, count: PickleMachine.valueLimit + 1)
    #expect(throws: CheckpointError.self) { try run([duplicates]) }
  }

  @Test(
    "counts beyond the end, negative sizes, empty stacks and broken names are errors at their byte",
    arguments: [
      [0x58, 0xFF, 0xFF, 0xFF, 0xFF] as [UInt8],  // text of 4 GB
      [0x8D, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF],  // text of 2^64 bytes
      [0x8E, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x7F],  // bytes of 2^63
      [0x96, 0, 0, 0, 0, 0, 0, 0, 0x80],  // byte array of 2^63
      [0x95, 0xFF, 0xFF, 0xFF, 0xFF, 0, 0, 0, 0],  // frame beyond the end
      [0x8B, 0xFF, 0xFF, 0xFF, 0xFF],  // integer of -1 bytes
      [0x8B, 0xFF, 0xFF, 0xFF, 0x7F],  // integer of 2 GB
      [0x52, 0x2E], [0x30, 0x2E], [0x85, 0x2E], [0x74, 0x2E], [0x61, 0x2E], [0x75, 0x2E], [0x2E], [],
      [0x4E, 0x28, 0x52, 0x2E],  // a call across a mark
      [0x28, 0x4E, 0x64, 0x2E],  // a dictionary with half an item
      [0x68, 9, 0x2E], [0x6A, 1, 2, 3, 4, 0x2E],  // empty memo
      [0x4E, 0x4E, 0x61, 0x2E], [0x4E, 0x4E, 0x4E, 0x73, 0x2E], [0x4E, 0x4E, 0x62, 0x2E],  // wrong receivers
      [0x63, 0x61], [0x63, 0xFF, 0x0A, 0x61, 0x0A, 0x2E],  // names
      [0x58, 1, 0, 0, 0, 0xFF, 0x2E],  // not UTF-8
      [0x49, 0x31, 0x0A, 0x2E], [0x82, 1, 0x2E], [0x97, 0x2E], [0xFF],  // instructions that are not taken
      [0x4E, 0x51, 0x2E], [0x29, 0x51, 0x2E],  // storages without a description
    ])
  func malformed(pickle: [UInt8]) {
    #expect {
      try run([pickle])
    } throws: { error in
      if case CheckpointError.damagedPickle = error { true } else { false }
    }
  }

  @Test("protocols 0, 1 and 6, and no protocol at all, are refused")
  func protocols() {
    for beginning in [[0x80, 0], [0x80, 1], [0x80, 6], [0x80], [], Array("cos\nsystem\n".utf8)] as [[UInt8]] {
      #expect(throws: CheckpointError.self) { try PickleMachine.run(beginning + [0x4E, 0x2E], file: "x") }
    }
  }

  @Test("tensors of tens of axes, and parameters of no tensor, are errors")
  func tensors() {
    let storage =
      "(".utf8 + text("storage") + Array("ctorch\nFloatStorage\n".utf8) + text("0") + text("cpu") + [
        0x4B, 4, 0x74, 0x51,
      ]
    let shape = [0x28] + [UInt8](repeating: 0x88, count: 40) + [0x74]
    #expect(throws: CheckpointError.self) {
      try run([
        Array("ctorch._utils\n_rebuild_tensor_v2\n(".utf8), Array(storage), [0x4B, 0], shape, shape,
        [0x74, 0x52, 0x2E],
      ])
    }
    #expect(throws: CheckpointError.self) { try run("ctorch._utils\n_rebuild_parameter\n(NNNtR.") }
  }

  @Test("a window on a storage is proven by checked arithmetic")
  func windows() {
    func isSound(_ offset: Int, _ shape: [Int], _ strides: [Int], count: Int = 12) -> Bool {
      let storage = TensorView.StorageReference(typeName: "", elementType: .float32, key: "0", count: count)
      let view = TensorView(storage: storage, offset: offset, shape: shape, strides: strides)
      if case .success = view.extent() { return true } else { return false }
    }
    #expect(
      isSound(0, [3, 4], [4, 1]) && isSound(0, [4, 3], [1, 4]) && isSound(11, [], []) && isSound(12, [0], [1]))
    #expect(
      !isSound(1, [3, 4], [4, 1]) && !isSound(0, [3, 4], [5, 1]) && !isSound(12, [], []) && !isSound(13, [0], [1]))
    #expect(!isSound(-1, [2], [1]) && !isSound(0, [-2], [1]) && !isSound(0, [2], [-1]) && !isSound(0, [2], [1, 1]))
    #expect(!isSound(0, [.max, .max], [.max, .max]) && !isSound(.max, [2], [1]) && !isSound(0, [.max], [0]))
    #expect(!isSound(0, [13], [0]), "a repeated element is not a parameter")
  }
}
