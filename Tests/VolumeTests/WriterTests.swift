import Foundation
import Testing

@testable import Volume

@Suite struct WriterTests {
  /// The offsets of header bytes that a mask may change: voxel type and size, offset, slope, intercept, display range,
  /// magic.
  private let changed = Set([70..<74, 108..<120, 124..<132, 344..<348].joined())

  private func labels(_ count: Int) -> [UInt8] { (0..<count).map { UInt8($0 % 3) } }

  @Test(
    "a mask has its scan's header bit for bit but for what says how voxels are stored",
    arguments: [
      "int16_little.nii", "float64_big.nii", "qform_only.nii.gz", "no_form.nii.gz", "scaled.nii.gz", "pair_big.hdr.gz",
    ], ["mask.nii", "mask.nii.gz", "mask.hdr", "mask.img"])
  func keepsGeometry(fixture: String, name: String) throws {
    let folder = try TemporaryFolder()
    let scan = try NIfTIReader.read(path: Fixtures.path(fixture))
    let mask = Mask(grid: scan.grid, labels: labels(60))
    try MaskWriter.write(mask, likeScan: scan.header, to: folder.path(name))
    let back = try NIfTIReader.read(path: folder.path(name))
    guard case .nifti(let expected, let expectedSwap)? = scan.header, case .nifti(let actual, let swap)? = back.header
    else { Issue.record("no header"); return }
    #expect(swap == expectedSwap)
    for offset in 0..<348 where !changed.contains(offset) { #expect(actual[offset] == expected[offset], "\(offset)") }
    #expect(back.grid == scan.grid)
    #expect(try NIfTIReader.readMask(path: folder.path(name), expectedGrid: scan.grid) == mask)
    let isPair = name.hasSuffix(".hdr") || name.hasSuffix(".img")
    #expect(folder.names == (isPair ? ["mask.hdr", "mask.img"] : [name]))
    if isPair {
      #expect(try Fixtures.fileBytes(folder.path("mask.img")) == mask.labels)
      #expect(try Fixtures.fileBytes(folder.path("mask.hdr")).count == 348)
    }
    if name == "mask.nii" {
      let bytes = try Fixtures.fileBytes(folder.path(name))
      #expect(Array(bytes[352...]) == mask.labels)
      let typeBytes = Array(bytes[70..<74])
      #expect(typeBytes == (expectedSwap ? [0, 2, 0, 8] : [2, 0, 8, 0]))
    }
  }

  @Test("the same mask gives the same compressed bytes, with no time stamp and no name")
  func isReproducible() throws {
    let folder = try TemporaryFolder()
    let scan = try NIfTIReader.read(path: Fixtures.path("int16_little.nii"))
    for name in ["a.nii.gz", "b.nii.gz"] {
      try MaskWriter.write(
        Mask(grid: scan.grid, labels: labels(60)), likeScan: scan.header, to: folder.path(name))
    }
    let bytes = try Fixtures.fileBytes(folder.path("a.nii.gz"))
    #expect(bytes == (try Fixtures.fileBytes(folder.path("b.nii.gz"))))
    #expect(Array(bytes[3..<8]) == [0, 0, 0, 0, 0], "no flags, time 0")
  }

  @Test("a mask is never written over the scan or, unasked, over a file")
  func protects() throws {
    let folder = try TemporaryFolder()
    let path = try folder.write(try Fixtures.bytes("int16_little.nii"), "scan.nii")
    let scan = try NIfTIReader.read(path: path)
    let mask = Mask(grid: scan.grid, labels: labels(60))
    #expect(throws: VolumeError.fileExists(path: path)) {
      try MaskWriter.write(mask, likeScan: scan.header, to: path)
    }
    #expect(throws: VolumeError.wouldReplaceInput(path: path)) {
      try MaskWriter.write(mask, likeScan: scan.header, to: path, overwrite: true, protecting: [path])
    }
    #expect(try Fixtures.fileBytes(path) == (try Fixtures.bytes("int16_little.nii")))
    _ = try folder.write([1], "mask.img")
    #expect(throws: VolumeError.self) { try MaskWriter.write(mask, likeScan: scan.header, to: folder.path("mask.hdr")) }
    #expect(folder.names == ["mask.img", "scan.nii"])
    #expect(throws: VolumeError.self) { try MaskWriter.write(mask, likeScan: scan.header, to: folder.path("mask.png")) }
    let other = Mask(
      grid: Grid(shape: Axes3(5, 4, 3), spacing: scan.grid.spacing, affine: nil), labels: labels(60))
    #expect(throws: VolumeError.self) { try MaskWriter.write(other, likeScan: scan.header, to: folder.path("m.nii")) }
    #expect(folder.names == ["mask.img", "scan.nii"])
  }

  @Test("a scan without a header gets one from its grid", arguments: ["scan.nii", "scan.nii.gz", "scan.hdr"])
  func makesHeader(name: String) throws {
    let folder = try TemporaryFolder()
    for orientation in Orientation.all {
      let spacing = Axes3(0.5, 0.25, 0.375)
      let grid = Grid(
        shape: Axes3(2, 3, 4), spacing: spacing,
        affine: affine(orientation, spacing: spacing, origin: SIMD3(1.5, -20, 300.25)))
      let volume = Volume(grid: grid, voxels: (0..<24).map { Float($0) * 1000 - 9999.25 })
      try VolumeWriter.write(volume, to: folder.path(name), type: .float32, overwrite: true)
      let back = try NIfTIReader.read(path: folder.path(name))
      #expect(back.grid == grid)
      #expect(back.voxels == volume.voxels)
      // The qform says the same as the sform: read without the sform, the affine is the same but for rounding.
      guard case .nifti(let bytes, _)? = back.header else { return }
      var fields = NIfTIFields(bytes: bytes, isByteSwapped: false)
      fields.set(Int16(0), at: NIfTIFields.Offset.sformCode)
      let fromQform = try NIfTIHeader(bytes: fields.bytes, path: name).grid
      #expect(grid.difference(to: fromQform) == nil)
      #expect(fromQform.orientation == orientation)
    }
    let none = Volume(
      grid: Grid(shape: Axes3(2, 3, 4), spacing: Axes3(1, 1, 1), affine: nil), voxels: .init(repeating: 7, count: 24))
    try VolumeWriter.write(none, to: folder.path(name), type: .int16, overwrite: true)
    #expect(try NIfTIReader.read(path: folder.path(name)).grid == none.grid)
  }

  @Test("scans are written in their own byte order and back", arguments: ["int16_big.nii", "int16_little.nii"])
  func keepsByteOrder(name: String) throws {
    let folder = try TemporaryFolder()
    let scan = try NIfTIReader.read(path: Fixtures.path(name))
    for type in [VolumeWriter.VoxelType.int16, .float32] {
      try VolumeWriter.write(scan, to: folder.path("a.nii"), type: type, overwrite: true)
      let back = try NIfTIReader.read(path: folder.path("a.nii"))
      #expect(back.voxels == scan.voxels)
      #expect(back.grid == scan.grid)
    }
  }

  @Test("a grey value that does not fit int16 is refused")
  func refusesRange() throws {
    let folder = try TemporaryFolder()
    let scan = try NIfTIReader.read(path: Fixtures.path("int32_big.nii"))
    #expect(throws: VolumeError.self) { try VolumeWriter.write(scan, to: folder.path("a.nii"), type: .int16) }
    #expect(folder.names == [])
  }
}
