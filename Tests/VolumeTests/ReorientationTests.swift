import Testing

@testable import Volume

@Suite struct ReorientationTests {
  private let shape = Axes3(5, 37, 70)
  private let spacing = Axes3(0.4, 0.25, 0.3)

  @Test("every orientation is turned into every other voxel by voxel, keeping world positions")
  func turnsAll() throws {
    let small = Axes3(2, 3, 4)
    for source in Orientation.all {
      let grid = Grid(
        shape: small, spacing: spacing, affine: affine(source, spacing: spacing, origin: SIMD3(3, -4, 5)))
      for target in Orientation.all {
        let turning = Reorientation(from: source, to: target)
        #expect(turning.isIdentity == (source == target))
        let turned = turning.turn(grid)
        #expect(turned.orientation == target)
        let labels = turning.turn((0..<24).map { UInt8($0) }, shape: small)
        for k in 0..<2 {
          for j in 0..<3 {
            for i in 0..<4 {
              let voxel = Axes3(k, j, i)
              #expect(small.index(at: small.offset(of: voxel)) == voxel)
              let after = turning.turn(voxel: voxel, in: small)
              #expect(Int(labels[turned.shape.offset(of: after)]) == small.offset(of: voxel))
              #expect(turning.inverse.turn(voxel: after, in: turned.shape) == voxel)
              let before = try #require(grid.position(ofVoxel: voxel))
              let now = try #require(turned.position(ofVoxel: after))
              #expect(abs(before.right - now.right) + abs(before.anterior - now.anterior) < 1e-12)
              #expect(abs(before.superior - now.superior) < 1e-12)
            }
          }
        }
      }
    }
  }

  @Test("larger arrays turned and turned back are as before", arguments: Orientation.all)
  func turnsBack(target: Orientation) {
    let turning = Reorientation(from: .lps, to: target)
    let voxels = (0..<shape.product).map { Float($0) }
    let turned = turning.turn(voxels, shape: shape)
    let turnedShape = turning.turn(shape)
    for offset in stride(from: 0, to: shape.product, by: 97) {
      let voxel = Axes3(
        offset / (shape.axis1 * shape.axis2), offset / shape.axis2 % shape.axis1, offset % shape.axis2)
      #expect(turned[turnedShape.offset(of: turning.turn(voxel: voxel, in: shape))] == Float(offset))
    }
    #expect(turning.inverse.turn(turned, shape: turnedShape) == voxels)
    #expect(turning.inverse == Reorientation(from: target, to: .lps))
  }

  @Test("a turned volume and mask carry their grid")
  func turnsVolumes() throws {
    let scan = try NIfTIReader.read(path: Fixtures.path("int16_little.nii"))
    let turning = Reorientation(from: .lps, to: try #require(Orientation(code: "SRA")))
    let turned = turning.turn(scan)
    #expect(turned.grid.shape == Axes3(4, 5, 3))
    #expect(turned.header == nil)
    #expect(turning.inverse.turn(turned).voxels == scan.voxels)
    let mask = Mask(grid: scan.grid, labels: (0..<60).map { UInt8($0) })
    #expect(turning.inverse.turn(turning.turn(mask)).labels == mask.labels)
    #expect(turning.turn(mask).grid == turned.grid)
  }
}
