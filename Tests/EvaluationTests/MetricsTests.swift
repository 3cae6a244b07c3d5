import Testing
import Volume

@testable import Evaluation

@Suite("Scores of masks")
struct MetricsTests {
  @Test("Dice and HD95 equal medpy's on drawn masks, in voxels and in millimetres")
  func metricsEqualMedpy() throws {
    let fixture = try ScoreFixture.load()
    var largest = 0.0
    for (number, example) in fixture.cases.enumerated() {
      let metrics = try MaskMetrics(
        prediction: Mask(shape: example.shape, spacing: example.spacing, digits: example.prediction),
        truth: Mask(shape: example.shape, spacing: example.spacing, digits: example.truth))
      for (canal, expected) in zip([metrics.left, metrics.right], example.scores) {
        let actual = [canal.dice, canal.hausdorff95InVoxels, canal.hausdorff95InMillimeters]
        for (one, other) in zip(actual, expected) {
          largest = max(largest, abs(one - other))
          #expect(abs(one - other) < 1e-9, "case \(number): \(actual) instead of \(expected)")
        }
      }
    }
    print("scores against medpy: largest difference \(largest) over \(fixture.cases.count) cases")
    #expect(fixture.cases.count == 9)
  }

  @Test("The distance transform equals SciPy's on an anisotropic grid")
  func transformEqualsSciPy() throws {
    let fixture = try ScoreFixture.load().transform
    let squares = DistanceTransform.squaredDistances(
      sites: fixture.sites.map { $0 == "1" }, shape: fixture.shape, spacing: fixture.spacing)
    let largest = zip(squares, fixture.distances).map { abs($0.squareRoot() - $1) }.max() ?? .infinity
    print("distance transform against SciPy: largest difference \(largest)")
    #expect(largest < 1e-12)
  }

  @Test("Without a site every distance is infinite")
  func transformWithoutSites() {
    let shape = Axes3(2, 3, 4)
    let squares = DistanceTransform.squaredDistances(
      sites: Array(repeating: false, count: 24), shape: shape, spacing: Axes3(repeating: 0.5))
    #expect(squares.allSatisfy { $0 == .infinity })
  }

  @Test("A bar moved by two voxels scores as worked out by hand")
  func movedBar() throws {
    // Ten voxels in a row against the same moved by two along axis 2: eight are common, Dice 16 / 20; the surface
    // distances are 0 eight times, 1 and 2 each way; position 0.95 · 19 = 18.05 of the sorted twenty lies between 2 and 2.
    let shape = Axes3(3, 3, 14)
    let truth = Mask(shape: shape, spacing: Axes3(1, 1, 0.5), boxes: [(1, [1..<2, 1..<2, 1..<11])])
    let prediction = Mask(shape: shape, spacing: Axes3(1, 1, 0.5), boxes: [(1, [1..<2, 1..<2, 3..<13])])
    let metrics = try MaskMetrics(prediction: prediction, truth: truth)
    #expect(metrics.left.dice == 0.8)
    #expect(metrics.left.hausdorff95InVoxels == 2)
    #expect(metrics.left.hausdorff95InMillimeters == 1)
    #expect(metrics.left.volumeInCubicMillimeters == 5)
    #expect(metrics.right.dice == 1)
    #expect(metrics.right.hausdorff95InVoxels == 0)
    #expect(metrics.meanDice == 0.9)
    #expect(metrics.meanHausdorff95InVoxels == 1)
  }

  @Test("One empty canal scores Dice 0 and the norm of the shape")
  func oneEmpty() throws {
    let shape = Axes3(2, 3, 6)
    let truth = Mask(shape: shape, spacing: Axes3(repeating: 0.5), boxes: [(2, [0..<1, 0..<1, 0..<2])])
    let empty = Mask(shape: shape, spacing: Axes3(repeating: 0.5), boxes: [])
    for (prediction, expected) in [(truth, empty), (empty, truth)] {
      let metrics = try MaskMetrics(prediction: prediction, truth: expected)
      #expect(metrics.right.dice == 0)
      #expect(metrics.right.hausdorff95InVoxels == 7)
      #expect(metrics.right.hausdorff95InMillimeters == 3.5)
      #expect(metrics.left.dice == 1)
    }
    #expect(try MaskMetrics(prediction: truth, truth: empty).right.volumeInCubicMillimeters == 0.25)
    #expect(try MaskMetrics(prediction: empty, truth: truth).right.truthVolumeInCubicMillimeters == 0.25)
  }

  @Test("A whole array of one label has its edge as surface")
  func edgeIsSurface() {
    let shape = Axes3(3, 3, 3)
    let surface = SurfaceDistance.surface(of: Array(repeating: true, count: 27), shape: shape)
    #expect(surface.filter { $0 }.count == 26)
    #expect(!surface[13])
  }

  @Test("Masks that cannot be compared are refused, with what is wrong")
  func refusals() throws {
    let one = Mask(shape: Axes3(2, 2, 2), boxes: [])
    #expect(throws: EvaluationError.shapesDiffer(prediction: [2, 2, 2], truth: [2, 2, 3])) {
      try MaskMetrics(prediction: one, truth: Mask(shape: Axes3(2, 2, 3), boxes: []))
    }
    #expect(throws: EvaluationError.spacingsDiffer(prediction: [1, 1, 1], truth: [1, 1, 2])) {
      try MaskMetrics(prediction: one, truth: Mask(shape: Axes3(2, 2, 2), spacing: Axes3(1, 1, 2), boxes: []))
    }
    #expect(throws: EvaluationError.unexpectedLabel(4, mask: "truth")) {
      try MaskMetrics(prediction: one, truth: Mask(shape: Axes3(2, 2, 2), digits: "00004000"))
    }
  }
}
