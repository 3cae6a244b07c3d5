import Testing

@testable import Volume

/// An affine of a grid stored in an orientation, axes parallel to the body.
func affine(_ orientation: Orientation, spacing: Axes3<Double>, origin: SIMD3<Double>) -> Affine {
  Affine(
    steps: Axes3(0, 1, 2).map { axis in
      let direction = orientation.directions[axis]
      var step = SIMD3<Double>.zero
      let isGrowing = [.right, .anterior, .superior].contains(direction)
      step[direction.bodyAxis] = isGrowing ? spacing[axis] : -spacing[axis]
      return step
    }, origin: origin)
}

@Suite struct GeometryTests {
  @Test("all 48 orientations are found from their affines")
  func findsOrientations() {
    #expect(Set(Orientation.all).count == 48)
    for orientation in Orientation.all {
      let found = Orientation(
        affine: affine(orientation, spacing: Axes3(0.4, 0.25, 0.3), origin: SIMD3(5, -7, 11)))
      #expect(found == orientation)
      #expect(Orientation(code: orientation.code) == orientation)
    }
    #expect(Orientation.lps.code == "LPS")
    #expect(Orientation(code: "LRS") == nil)
    #expect(Orientation(code: "LP") == nil)
    #expect(Orientation(code: "lps") == nil)
  }

  @Test("a tilted scan gets the nearest orientation, no body axis twice")
  func findsTilted() {
    // Tilted about x by 40 degrees, as a head that is bent back.
    let (cosine, sine) = (0.766, 0.643)
    let tilted = Affine(rows: [
      [-0.3, 0, 0, 0], [0, -0.3 * cosine, -0.3 * sine, 0], [0, -0.3 * sine, 0.3 * cosine, 0],
    ])
    #expect(Orientation(affine: tilted) == .lps)
    // Two axes nearest to z: the second best is taken for one of them.
    let sheared = Affine(rows: [[0.3, 0.05, 0, 0], [0, 0.05, 0.1, 0], [0, 0.3, 0.3, 0]])
    let found = Orientation(affine: sheared)
    #expect(Set(found?.directions.array.map(\.bodyAxis) ?? []).count == 3)
  }

  @Test("a singular or infinite affine has no orientation and no inverse")
  func refusesSingular() {
    let singular = Affine(rows: [[1, 1, 0, 0], [0, 0, 0, 0], [0, 0, 1, 0]])
    let infinite = Affine(rows: [[1, 0, 0, .infinity], [0, 1, 0, 0], [0, 0, 1, 0]])
    for affine in [singular, infinite] {
      #expect(Orientation(affine: affine) == nil)
      #expect(affine.voxel(at: PatientPosition(right: 0, anterior: 0, superior: 0)) == nil)
    }
  }

  @Test("voxel to patient and back is the identity")
  func invertsAffine() throws {
    let affine = Affine(rows: [[-0.3, 0.02, 0.01, 12], [0.03, -0.25, 0.05, -8], [0.02, 0.04, 0.4, 20]])
    let voxel = Axes3(3.5, 17, 120.25)
    let position = affine.position(ofVoxel: voxel)
    #expect(abs(position.right - (-0.3 * 120.25 + 0.02 * 17 + 0.01 * 3.5 + 12)) < 1e-12)
    let back = try #require(affine.voxel(at: position))
    for axis in 0..<3 { #expect(abs(back[axis] - voxel[axis]) < 1e-9) }
    #expect(PatientPosition(right: -12.34, anterior: -4, superior: 30.06).lettered == "L 12.3 P 4.0 S 30.1")
  }
}
