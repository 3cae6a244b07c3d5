import Foundation
import Testing

@testable import Volume

@Suite struct NPYArrayTests {
  @Test("arrays of every type are written and read back")
  func roundTrips() throws {
    let folder = try TemporaryFolder()
    let arrays = [
      NPYArray(shape: [2, 3], values: .float32([1, -2.5, .pi, .leastNonzeroMagnitude, .infinity, 0])),
      NPYArray(shape: [3], values: .int32([1, .min, .max])),
      NPYArray(shape: [1, 2, 1], values: .int64([.min, .max])),
      NPYArray(shape: [], values: .uint8([200])),
      NPYArray(shape: [0, 4], values: .float32([])),
    ]
    for (index, array) in arrays.enumerated() {
      let path = folder.path("\(index).npy")
      try array.write(to: path)
      #expect(try NPYArray.read(path: path) == array)
    }
  }

  @Test("the bytes written are those that NumPy writes")
  func matchesNumPy() throws {
    let folder = try TemporaryFolder()
    let array = try Fixtures.array("float32.npy")
    #expect(array.shape == [3, 4, 5])
    try array.write(to: folder.path("copy.npy"))
    #expect(try Fixtures.fileBytes(folder.path("copy.npy")) == (try Fixtures.bytes("float32.npy")))
  }

  @Test("format versions 2 and 3 and the other byte order are read")
  func readsVersions() throws {
    let folder = try TemporaryFolder()
    for version: UInt8 in [2, 3] {
      let text = Array("{'descr': '>i4', 'fortran_order': False, 'shape': (2,), }\n".utf8)
      let start: [UInt8] = [0x93] + Array("NUMPY".utf8) + [version, 0, UInt8(text.count), 0, 0, 0]
      let path = try folder.write(start + text + [0, 0, 0, 7, 0xFF, 0xFF, 0xFF, 0xFE], "\(version).npy")
      let array = try NPYArray.read(path: path)
      #expect(array == NPYArray(shape: [2], values: .int32([7, -2])))
      #expect(array.integers == [7, -2])
    }
  }

  @Test("hostile headers are refused")
  func refusesHostile() throws {
    let folder = try TemporaryFolder()
    let dictionaries = [
      "{'descr': '<f4', 'fortran_order': False, 'shape': (9223372036854775807, 9), }",
      "{'descr': '<f4', 'fortran_order': False, 'shape': (1000000000000,), }",
      "{'descr': '<f4', 'fortran_order': False, 'shape': (-1,), }",
      "{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999999999,), }",
      "{'descr': '|O', 'fortran_order': False, 'shape': (1,), }",
      "{'descr': '<f4', 'fortran_order': True, 'shape': (1, 1), }",
      "{'descr': '<f4', 'descr': '<f4', 'fortran_order': False, 'shape': (1,), }",
      "{'descr': '<f4', 'fortran_order': False}", "__import__('os')", "{", "",
    ]
    for (index, dictionary) in dictionaries.enumerated() {
      let start: [UInt8] = [0x93] + Array("NUMPY".utf8) + [1, 0, UInt8(dictionary.utf8.count), 0]
      let path = try folder.write(start + Array(dictionary.utf8) + [0, 0, 0, 0], "\(index).npy")
      #expect(throws: VolumeError.self, "\(dictionary)") { _ = try NPYArray.read(path: path) }
    }
  }

  @Test(
    "a shape of more values than can be counted is said to be one",
    arguments: ["9223372036854775807", "2305843009213693951"])
  func refusesUncountable(size: String) throws {
    let folder = try TemporaryFolder()
    let dictionary = "{'descr': '<f4', 'fortran_order': False, 'shape': (\(size), 1), }"
    let start: [UInt8] = [0x93] + Array("NUMPY".utf8) + [1, 0, UInt8(dictionary.utf8.count), 0]
    let path = try folder.write(start + Array(dictionary.utf8), "a.npy")
    let reason = "its shape [\(size), 1] has more values than can be counted; save it again"
    #expect(throws: VolumeError.invalidArray(path: path, reason: reason)) { try NPYArray.read(path: path) }
  }

  @Test("a large array is written piece by piece")
  func streams() throws {
    let folder = try TemporaryFolder()
    let writer = try NPYWriter(path: folder.path("a.npy"), shape: [3, 2], element: .float32)
    for row in 0..<3 { try writer.write([Float(row), Float(row) + 0.5]) }
    #expect(folder.names.count == 1)
    #expect(folder.names.first?.hasSuffix(".partial") == true)
    try writer.finish()
    let array = try NPYArray.read(path: folder.path("a.npy"))
    #expect(array == NPYArray(shape: [3, 2], values: .float32([0, 0.5, 1, 1.5, 2, 2.5])))
  }
}
