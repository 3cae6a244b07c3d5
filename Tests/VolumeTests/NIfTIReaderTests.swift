import Foundation
import Testing

@testable import Volume

private let expectedAffine = Affine(
  rows: [[-0.3, 0, 0, 12.5], [0, -0.25, 0, 8], [0, 0, 0.4, -20.25]].map { row in
    row.map { Double(Float($0)) }
  })

@Suite struct NIfTIReaderTests {
  @Test(
    "every number type is read in either byte order",
    arguments: ["uint8", "int8", "uint16", "int16", "uint32", "int32", "uint64", "int64", "float32", "float64"],
    ["little", "big"])
  func readsType(type: String, order: String) throws {
    let volume = try NIfTIReader.read(path: Fixtures.path("\(type)_\(order).nii"))
    #expect(volume.grid.shape == Axes3(3, 4, 5))
    #expect(volume.grid.spacing == Axes3(Double(Float(0.4)), 0.25, Double(Float(0.3))))
    #expect(volume.grid.affine == expectedAffine)
    #expect(volume.grid.orientation == .lps)
    #expect(volume.voxels == (try Fixtures.array("\(type).npy").floats))
    #expect(volume.warnings.isEmpty)
    let bytes = Array(try Fixtures.bytes("\(type)_\(order).nii").prefix(348))
    #expect(volume.header == .nifti(bytes: bytes, isByteSwapped: order == "big"))
  }

  @Test("slope and intercept turn stored numbers into grey values")
  func scales() throws {
    let volume = try NIfTIReader.read(path: Fixtures.path("scaled.nii.gz"))
    #expect(volume.voxels == (try Fixtures.array("scaled.npy").floats))
  }

  @Test("a qform alone gives the affine, with its handedness")
  func readsQform() throws {
    let volume = try NIfTIReader.read(path: Fixtures.path("qform_only.nii.gz"))
    let affine = try #require(volume.grid.affine)
    let expected: [[Double]] = [[0, -0.25, 0, 1.5], [0.3, 0, 0, -2.5], [0, 0, -0.4, 3.5]]
    for row in 0..<3 {
      for column in 0..<4 { #expect(abs(affine.rows[row][column] - expected[row][column]) < 1e-6) }
    }
    #expect(volume.grid.orientation?.code == "ALI")
  }

  @Test("a header without sform and qform gives no affine")
  func readsNoForm() throws {
    let grid = try NIfTIReader.readGrid(path: Fixtures.path("no_form.nii.gz")).grid
    #expect(grid.affine == nil)
    #expect(grid.orientation == nil)
  }

  @Test("voxels begin where vox_offset says")
  func readsOffset() throws {
    let volume = try NIfTIReader.read(path: Fixtures.path("offset.nii"))
    #expect(volume.voxels == (try Fixtures.array("int16.npy").floats))
  }

  @Test(
    "a pair is read from either of its names",
    arguments: ["pair.hdr", "pair.img", "pair_big.hdr.gz", "pair_big.img.gz"])
  func readsPair(name: String) throws {
    let volume = try NIfTIReader.read(path: Fixtures.path(name))
    #expect(volume.voxels == (try Fixtures.array("int16.npy").floats))
  }

  @Test("voxels that are not finite become the smallest finite value, with a warning")
  func mendsHoles() throws {
    let volume = try NIfTIReader.read(path: Fixtures.path("holes.nii"))
    #expect(volume.voxels == (try Fixtures.array("holes.npy").floats))
    #expect(volume.warnings.count == 1)
    #expect(volume.warnings.first?.hasPrefix("3 voxels are not a finite number") == true)
  }

  @Test("progress ends at 1 and its error ends the reading")
  func reportsProgress() throws {
    var last = 0.0
    _ = try NIfTIReader.read(path: Fixtures.path("int16_little.nii")) { last = $0 }
    #expect(last == 1)
    #expect(throws: CancellationError.self) {
      _ = try NIfTIReader.read(path: Fixtures.path("int16_little.nii")) { _ in throw CancellationError() }
    }
  }

  @Test("a mask is read from any type whose values are whole numbers from 0 to 255")
  func readsMask() throws {
    let mask = try NIfTIReader.readMask(path: Fixtures.path("uint8_big.nii"))
    #expect(mask.labels.map(Float.init) == (try Fixtures.array("uint8.npy").floats))
    #expect(throws: VolumeError.notALabel(path: Fixtures.path("int8_big.nii"), voxel: Axes3(0, 0, 0), value: -128)) {
      _ = try NIfTIReader.readMask(path: Fixtures.path("int8_big.nii"))
    }
    #expect(throws: VolumeError.self) { _ = try NIfTIReader.readMask(path: Fixtures.path("holes.nii")) }
  }

  @Test("a mask on another grid is refused")
  func refusesOtherGrid() throws {
    let grid = try NIfTIReader.readGrid(path: Fixtures.path("uint8_little.nii")).grid
    _ = try NIfTIReader.readMask(path: Fixtures.path("uint8_little.nii"), expectedGrid: grid)
    let others = [
      Grid(shape: Axes3(3, 5, 4), spacing: grid.spacing, affine: grid.affine),
      Grid(shape: grid.shape, spacing: Axes3(0.4, 0.25, 0.31), affine: grid.affine),
      Grid(
        shape: grid.shape, spacing: grid.spacing,
        affine: Affine(rows: [[-0.3, 0, 0, 12.5], [0, -0.25, 0, 8], [0, 0, 0.4, -20]])),
    ]
    for other in others {
      #expect(throws: VolumeError.self) {
        _ = try NIfTIReader.readMask(path: Fixtures.path("uint8_little.nii"), expectedGrid: other)
      }
    }
  }
}

@Suite struct NIfTIReaderRefusalTests {
  /// Reads the fixture with one field changed, as `int16_little.nii` or another file.
  private func read(
    _ fixture: String = "int16_little.nii", as name: String = "scan.nii", limit: Int? = nil,
    _ change: (inout [UInt8]) -> Void
  ) throws -> Volume {
    let folder = try TemporaryFolder()
    var bytes = try Fixtures.bytes(fixture)
    change(&bytes)
    return try NIfTIReader.read(path: try folder.write(bytes, name), memoryLimitInBytes: limit)
  }

  private func store<Value>(_ value: Value, at offset: Int, _ bytes: inout [UInt8]) {
    withUnsafeBytes(of: value) { bytes.replaceSubrange(offset..<offset + $0.count, with: $0) }
  }

  private func message(_ body: () throws -> Volume) -> String {
    do {
      _ = try body()
      return "no error"
    } catch let error as VolumeError {
      return error.description
    } catch {
      return "another error: \(error)"
    }
  }

  @Test("a truncated file is refused before anything is allocated", arguments: [0, 3, 100, 347, 351, 400, 471])
  func refusesTruncated(length: Int) throws {
    let text = message { try read { $0 = Array($0.prefix(length)) } }
    #expect(text.contains("the file is truncated"), "\(text)")
  }

  @Test("a truncated or damaged gzip is refused")
  func refusesDamagedGzip() throws {
    let cut = message { try read("no_form.nii.gz", as: "scan.nii.gz") { $0.removeLast(40) } }
    #expect(cut.contains("truncated") || cut.contains("damaged"), "\(cut)")
    let flipped = message { try read("no_form.nii.gz", as: "scan.nii.gz") { $0[$0.count - 6] ^= 0x55 } }
    #expect(flipped.contains("the compressed data is damaged"), "\(flipped)")
  }

  @Test("wrong magic, NIfTI-2 and ANALYZE are named")
  func refusesOtherFormats() {
    #expect(message { try read { $0[344] = 0x78 } }.contains("wrong magic"))
    #expect(
      message {
        try read {
          $0[345] = 0x69; $0[346] = 0x31; $0[344] = 0x6E
        }
      }.contains("separate .img"))
    #expect(message { try read { $0.replaceSubrange(344..<348, with: [0, 0, 0, 0]) } }.contains("ANALYZE 7.5"))
    #expect(message { try read { store(Int32(540), at: 0, &$0) } }.contains("NIfTI-2 is not supported"))
    #expect(message { try read { store(Int32(540).byteSwapped, at: 0, &$0) } }.contains("NIfTI-2 is not supported"))
    #expect(message { try read { store(Int32(7), at: 0, &$0) } }.contains("header size of 348"))
  }

  @Test("absurd, zero, too few and too many dimensions are named")
  func refusesDimensions() {
    #expect(message { try read { store(Int16(2), at: 40, &$0) } }.contains("2 dimensions is not supported"))
    #expect(message { try read { store(Int16(0), at: 40, &$0) } }.contains("dim[0]"))
    #expect(message { try read { store(Int16(8), at: 40, &$0) } }.contains("dim[0]"))
    #expect(message { try read { store(Int16(0), at: 44, &$0) } }.contains("dim[2]"))
    #expect(message { try read { store(Int16(-5), at: 46, &$0) } }.contains("dim[3]"))
    let series = message {
      try read {
        store(Int16(4), at: 40, &$0)
        store(Int16(12), at: 48, &$0)
      }
    }
    #expect(series.contains("a series of 12 volumes"), "\(series)")
    let absurd = message { try read { for axis in 1...3 { store(Int16.max, at: 40 + 2 * axis, &$0) } } }
    #expect(absurd.contains("truncated"), "\(absurd)")
  }

  @Test("a fourth axis of one frame is read")
  func readsSingleFrame() throws {
    let volume = try read { store(Int16(4), at: 40, &$0) }
    #expect(volume.grid.shape == Axes3(3, 4, 5))
  }

  @Test(
    "spacing must be finite, above 0 and in the range of scans",
    arguments: [Float.nan, .infinity, -.infinity, 0, -0.3, 1e-25, 9e-5, 10001, 3e38])
  func refusesSpacing(value: Float) {
    for axis in 1...3 {
      let text = message { try read { store(value, at: 76 + 4 * axis, &$0) } }
      #expect(text.contains("voxel spacing (pixdim[\(axis)])"), "\(text)")
    }
  }

  @Test("voxel types that are not grey values are named")
  func refusesTypes() {
    for (code, name) in [(Int16(32), "complex64"), (128, "RGB24"), (1536, "128-bit"), (2304, "RGBA32")] {
      let text = message { try read { store(code, at: 70, &$0) } }
      #expect(text.contains(name) && text.contains("not supported"), "\(text)")
    }
    #expect(message { try read { store(Int16(77), at: 70, &$0) } }.contains("datatype"))
    #expect(message { try read { store(Int16(8), at: 72, &$0) } }.contains("bitpix"))
  }

  @Test("a voxel offset must be a whole number behind the header", arguments: [Float.nan, -1, 0, 348, 352.5, 1e30])
  func refusesOffset(value: Float) {
    #expect(message { try read { store(value, at: 108, &$0) } }.contains("vox_offset"))
  }

  @Test("a scan larger than memory is refused with both sizes")
  func refusesLargerThanMemory() {
    let text = message { try read(limit: 239) { _ in } }
    #expect(text.contains("need 1 MiB"), "\(text)")
    #expect(message { try read(limit: 240) { _ in } } == "no error")
  }

  @Test("a scan without a finite voxel is refused")
  func refusesAllNaN() {
    let text = message {
      try read("float32_little.nii") { for index in 0..<60 { store(Float.nan, at: 352 + 4 * index, &$0) } }
    }
    #expect(text.contains("not one voxel is a finite number"), "\(text)")
  }

  @Test("an unusable affine is left out with a warning")
  func leavesOutAffine() throws {
    let singular = try read { store(Float(0), at: 280, &$0) }
    #expect(singular.grid.affine == nil)
    #expect(singular.warnings.first?.contains("singular or not finite") == true)
    let infinite = try read { store(Float.infinity, at: 292, &$0) }
    #expect(infinite.grid.affine == nil)
    let disagreeing = try read { store(Float(0.31), at: 80, &$0) }
    #expect(disagreeing.grid.affine != nil)
    #expect(disagreeing.warnings.first?.contains("disagree") == true)
  }

  @Test("metres and micrometres become millimetres")
  func convertsUnits() throws {
    let metres = try read { $0[123] = 1 }
    #expect(metres.grid.spacing.axis1 == 250)
    #expect(metres.grid.affine?.rows[0][3] == 12500)
    let micrometres = try read { $0[123] = 3 }
    #expect(abs(micrometres.grid.spacing.axis1 - 0.00025) < 1e-12)
  }

  @Test("the range of spacing is one of millimetres, whatever the header's unit")
  func refusesSpacingInUnits() throws {
    let micrometres = try read {
      $0[123] = 3
      for axis in 1...3 { store(Float(300_000), at: 76 + 4 * axis, &$0) }
    }
    #expect(micrometres.grid.spacing == Axes3(repeating: 300))
    let metres = message {
      try read {
        $0[123] = 1
        store(Float(20), at: 80, &$0)
      }
    }
    #expect(metres.contains("20.0, in millimetres 20000.0, expected 0.0001 to 10000 mm"), "\(metres)")
  }

  @Test("a missing file, a folder, and half a pair are named")
  func refusesPaths() throws {
    let folder = try TemporaryFolder()
    #expect(message { try NIfTIReader.read(path: folder.path("none.nii")) }.contains("No such file"))
    #expect(message { try NIfTIReader.read(path: folder.url.path) }.contains("not a regular file"))
    let half = try folder.write(try Fixtures.bytes("pair.hdr"), "half.hdr")
    #expect(message { try NIfTIReader.read(path: half) }.contains("half.img"))
  }

  @Test("control characters of a file name are escaped in messages")
  func escapesNames() {
    let text = message { try NIfTIReader.read(path: "a\u{1B}[2J\u{202E}b\u{9B}c.nii") }
    #expect(text.contains("a\\u{1b}[2J\\u{202e}b\\u{9b}c.nii"), "\(text)")
    #expect(DisplayText.escaped("Zahn Größe 歯\tx\n") == "Zahn Größe 歯\\tx\\n")
  }
}
