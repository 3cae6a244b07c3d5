import Foundation
import Testing

@testable import Volume

@Suite struct FuzzTests {
  /// Changes a few bytes: flips, interesting numbers, cuts, insertions; the header is hit most.
  private func mutate(_ bytes: [UInt8], headerLength: Int, _ generator: inout SeededGenerator) -> [UInt8] {
    var result = bytes
    for _ in 0..<Int.random(in: 1...6, using: &generator) where !result.isEmpty {
      let limit = Bool.random(using: &generator) ? min(headerLength, result.count) : result.count
      let place = Int.random(in: 0..<limit, using: &generator)
      switch Int.random(in: 0..<6, using: &generator) {
      case 0: result[place] ^= 1 << UInt8.random(in: 0..<8, using: &generator)
      case 1: result[place] = .random(in: 0...255, using: &generator)
      case 2: result[place] = [0, 0x7F, 0x80, 0xFF].randomElement(using: &generator) ?? 0
      case 3: result.removeSubrange(Int.random(in: 0..<result.count, using: &generator)...)
      case 4: result.insert(.random(in: 0...255, using: &generator), at: place)
      default:
        let word: [UInt8] =
          [[0, 0, 0xC0, 0x7F], [0, 0, 0x80, 0x7F], [0xFF, 0x7F], [0xFF, 0xFF, 0xFF, 0x7F], [0, 0, 0, 0]]
          .randomElement(using: &generator) ?? []
        for (index, byte) in word.enumerated() where place + index < result.count { result[place + index] = byte }
      }
    }
    return result
  }

  /// The most memory the process has had, bytes.
  private func peakMemory() -> Int {
    var usage = rusage()
    getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
    return usage.ru_maxrss * 1024
  }

  @Test(
    "1,000 damaged scans each give a named error or a valid volume, quickly and in little memory",
    arguments: zip(
      ["int16_little.nii", "float64_big.nii", "scaled.nii.gz", "int16_big.nii", "pair.hdr"],
      [false, false, false, true, false]))
  func survivesDamagedScans(fixture: String, isCompressedAfterDamage: Bool) throws {
    let folder = try TemporaryFolder()
    var generator = SeededGenerator(seed: fixture.utf8.reduce(0) { $0 &* 31 &+ UInt64($1) })
    let original = try Fixtures.bytes(fixture)
    if fixture == "pair.hdr" { _ = try folder.write(try Fixtures.bytes("pair.img"), "scan.img") }
    let name = fixture == "pair.hdr" ? "scan.hdr" : "scan.nii"
    let clock = ContinuousClock()
    var slowest = Duration.zero
    var valid = 0
    let memoryBefore = peakMemory()
    for _ in 0..<1000 {
      var bytes = mutate(original, headerLength: 352, &generator)
      if isCompressedAfterDamage { bytes = GzipCompressor.compressed(bytes) }
      let path = try folder.write(bytes, name)
      slowest = max(
        slowest,
        clock.measure {
          do {
            let volume = try NIfTIReader.read(path: path)
            #expect(volume.voxels.allSatisfy { $0.isFinite })
            #expect(volume.grid.spacing.array.allSatisfy { $0.isFinite && $0 > 0 })
            #expect(volume.voxels.count == volume.grid.shape.product)
            _ = volume.grid.orientation
            valid += 1
          } catch let error as VolumeError {
            #expect(error.description.count > 20)
          } catch {
            Issue.record("an error without a name: \(error)")
          }
        })
    }
    let growth = (peakMemory() - memoryBefore) >> 20
    print("\(fixture): \(valid) of 1000 valid, slowest \(slowest), memory grew by \(growth) MiB")
    #expect(slowest < .seconds(2))
    #expect(growth < 200)
  }

  @Test("1,000 damaged arrays each give a named error or a valid array")
  func survivesDamagedArrays() throws {
    let folder = try TemporaryFolder()
    var generator = SeededGenerator(seed: 5)
    let original = try Fixtures.bytes("uint8.npy")
    var valid = 0
    for _ in 0..<1000 {
      let path = try folder.write(mutate(original, headerLength: 128, &generator), "array.npy")
      do {
        let array = try NPYArray.read(path: path)
        #expect(array.floats.count == array.shape.reduce(1, *))
        _ = array.integers
        valid += 1
      } catch let error as VolumeError {
        #expect(error.description.count > 20)
      } catch {
        Issue.record("an error without a name: \(error)")
      }
    }
    print("arrays: \(valid) of 1000 valid")
  }
}
