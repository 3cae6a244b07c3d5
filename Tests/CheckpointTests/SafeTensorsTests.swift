import Foundation
import Testing

@testable import Checkpoint

@Suite("A .safetensors header is proven before it is believed")
struct SafeTensorsTests {
  private func file(header: String, data: [UInt8] = [], length: UInt64? = nil) -> [UInt8] {
    withUnsafeBytes(of: (length ?? UInt64(header.utf8.count)).littleEndian) { Array($0) } + Array(header.utf8) + data
  }

  private func open<Result>(_ bytes: [UInt8], _ body: (SafeTensorsFile) throws -> Result) throws -> Result {
    try Fixtures.withTemporaryFolder { folder in
      let url = folder.appending(path: "x.safetensors")
      try Data(bytes).write(to: url)
      return try body(try SafeTensorsFile(file: ByteFile(path: url.path(percentEncoded: false))))
    }
  }

  @Test("numbers of every type become float32")
  func types() throws {
    let header = """
      {"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"F16","shape":[2],"data_offsets":[8,12]},\
      "c":{"dtype":"BF16","shape":[2,1],"data_offsets":[12,16]},"d":{"dtype":"F64","shape":[1],"data_offsets":[16,24]},\
      "e":{"dtype":"I8","shape":[],"data_offsets":[24,25]},"z":{"dtype":"F32","shape":[0],"data_offsets":[25,25]}}
      """
    let data: [UInt8] = [
      0, 0, 0x80, 0x3F, 0, 0, 0, 0xC0, 0, 0x3C, 1, 0, 0x80, 0x3F, 0, 0xC0, 0, 0, 0, 0, 0, 0, 0xE0, 0xBF, 0xFE,
    ]
    try open(file(header: header, data: data)) { (file) throws in
      #expect(try file.values(of: "a", shape: [2]) == [1, -2])
      #expect(try file.values(of: "b", shape: [2]) == [1, 0x1p-24])
      #expect(try file.values(of: "c", shape: [2, 1]) == [1, -2])
      #expect(try file.values(of: "d", shape: [1]) == [-0.5])
      #expect(try file.values(of: "e", shape: []) == [-2])
      #expect(try file.values(of: "z", shape: [0]) == [])
      #expect(throws: CheckpointError.wrongShape(file: file.file.path, name: "c", expected: [2], actual: [2, 1])) {
        try file.values(of: "c", shape: [2])
      }
      #expect(throws: CheckpointError.missingTensor(file: file.file.path, name: "y", expected: [2])) {
        try file.values(of: "y", shape: [2])
      }
    }
  }

  @Test(
    "wrong headers are refused",
    arguments: [
      (#"{"a":{"dtype":"F32","shape":[3],"data_offsets":[0,8]}}"#, "does not fit"),
      (#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,12]}}"#, "outside the data"),
      (#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[8,0]}}"#, "outside the data"),
      (#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[-8,0]}}"#, "outside the data"),
      (#"{"a":{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,0]}}"#, "does not fit"),
      (#"{"a":{"dtype":"F32","shape":[4611686018427387904,4],"data_offsets":[0,0]}}"#, "does not fit"),
      (#"{"a":{"dtype":"F32","shape":[-2],"data_offsets":[0,8]}}"#, "counts"),
      (#"{"a":{"dtype":"F32","shape":[2.5],"data_offsets":[0,8]}}"#, "counts"),
      (#"{"a":{"dtype":"F99","shape":[2],"data_offsets":[0,8]}}"#, "unknown"),
      (#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8],"x":1}}"#, "not described"),
      (#"{"a":{"dtype":"F32","shape":[2]}}"#, "not described"),
      (#"{"a":[]}"#, "not described"),
      (#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#, "belong to no tensor"),
      (#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}"#, "hole"),
      (
        #"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}"#,
        "overlaps"
      ),
      (
        #"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}"#,
        "occurs twice"
      ),
      (#"{"__metadata__":{"a":1}}"#, "texts"), (#"{"__metadata__":"a"}"#, "texts"),
      ("[]", "not a JSON object"), ("{", "no name"), ("{}x", "more text after"), ("{\"a\":01}", "malformed number"),
      ("{\"a\":\"\\ud800\"}", "surrogate"), ("{\"a\":\"\u{1}\"}", "control"), ("{\"a\":1e999}", "out of range"),
      (String(repeating: "[", count: 100), "nested"), ("{\"a\" 1}", "no colon"),
    ])
  func wrongHeaders(header: String, expected: String) throws {
    #expect {
      try open(file(header: header, data: [UInt8](repeating: 0, count: 8))) { _ in }
    } throws: { error in
      guard case CheckpointError.damagedSafeTensors = error else { return false }
      return "\(error)".contains(expected)
    }
  }

  @Test("a header's length is held to the file's size and to a limit")
  func lengths() throws {
    for length in [9, UInt64(Int.max), .max] {
      #expect(throws: CheckpointError.self) { try open(file(header: "{}", length: length)) { _ in } }
    }
    #expect(throws: CheckpointError.self) { try open([1, 2, 3]) { _ in } }
    let long = String(repeating: " ", count: SafeTensorsFile.headerLimit) + "{}"
    #expect {
      try open(file(header: long)) { _ in }
    } throws: { error in
      if case CheckpointError.limitExceeded = error { true } else { false }
    }
  }

  @Test("a file of someone else's, and one whose description does not hold, say so")
  func descriptions() throws {
    try Fixtures.withTemporaryFolder { folder in
      let (model, _) = try Fixtures.load(path: Fixtures.path("checkpoint/small_protocol2.pth"))
      func message(_ header: String) -> String {
        do {
          _ = try Fixtures.load(file(header: header), named: "m.safetensors", in: folder)
          return "no error"
        } catch { return "\(error)" }
      }
      #expect(message("{}").contains("not a model of ours"))
      #expect(message(#"{"__metadata__":{"canalis":"{}"}}"#).contains("is missing"))
      #expect(message(#"{"__metadata__":{"canalis":"[[[["}}"#).contains("not valid"))

      func change(_ key: String, _ change: (inout ModelMetadata) -> Void) {
        var metadata = model.metadata
        change(&metadata)
        #expect(metadata.problem?.key == key)
        let path = folder.appending(path: "changed.safetensors").path(percentEncoded: false)
        #expect(throws: CheckpointError.self, "\(key)") {
          try ModelWriter.write(metadata, parameters: model.parameters, to: path)
        }
      }
      change("formatVersion") { $0.formatVersion = 2 }
      change("plan") { $0.plan.features = [] }
      change("plan") { $0.plan.features = [.max, .max] }
      change("plan") { $0.plan.patch.axis0 = 5 }
      change("plan") { $0.plan.mamba.heads = 0 }
      change("plan") { $0.plan.prompts?.attentionHeads = 3 }
      change("classNames") { $0.classNames = ["background"] }
      change("clickKinds") { $0.clickKinds = [] }
      change("clickKinds") { $0.clickKinds = ["left", "left"] }
      change("normalization") { $0.normalization = [] }
      change("normalization") { $0.normalization = [.scanPercentiles(lower: 9, upper: 9)] }
      change("spacing") { $0.spacing.axis1 = .nan }
      change("transposeForward") { $0.transposeForward = [0, 0, 2] }
      change("step") { $0.step = 0 }
      change("notCanalGuidance") { $0.notCanalGuidance = 0.9 }
      change("notCanalGuidance") { $0.notCanalGuidance = .nan }
      change("mirrorAxes") { $0.mirrorAxes = [3] }
      change("leftRightAxis") { $0.leftRightAxis = -1 }
      change("mirroredClassPairs") { $0.mirroredClassPairs = [[1, 2], [2, 1]] }
      change("minimumComponentVolumes") { $0.minimumComponentVolumes = [7: 1] }
    }
  }
}
