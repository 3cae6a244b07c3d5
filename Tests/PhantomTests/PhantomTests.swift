import Testing
import Volume

@testable import Phantom

@Suite("Synthetic jaws")
struct PhantomTests {
  static let coarse = PhantomOptions(spacing: Axes3(repeating: 1.2), showsWholeJaw: true)

  /// A checksum of grey values and labels, FNV-1a.
  func checksum(_ phantom: Phantom) -> UInt64 {
    var sum: UInt64 = 0xCBF2_9CE4_8422_2325
    func add(_ value: UInt64) { sum = (sum ^ value) &* 0x100_0000_01B3 }
    for value in phantom.scan.voxels { add(UInt64(bitPattern: Int64(value))) }
    for label in phantom.truth.labels { add(UInt64(label)) }
    return sum
  }

  @Test("The same seed gives the same jaw, another seed another")
  func repeatable() {
    let generator = PhantomGenerator(options: Self.coarse)
    let one = generator.phantom(seed: 5)
    #expect(checksum(one) == checksum(generator.phantom(seed: 5)))
    #expect(checksum(one) != checksum(generator.phantom(seed: 6)))
  }

  @Test("A seed's jaw is the same on every machine")
  func sameEverywhere() {
    let jaw = VirtualJaw(seed: 1, options: PhantomOptions(spacing: Axes3(repeating: 0.5), showsWholeJaw: true))
    let middle = jaw.centreLine(isLeft: true)[60]
    let origin = Axes3(0, 1, 2).map { Int(middle[$0]) - 12 }
    let sum = checksum(jaw.render(from: origin, shape: Axes3(24, 24, 24)))
    // Changes with the generator, and with nothing else.
    #expect(sum == 2_988_854_406_774_105_757)
  }

  @Test("A head that is turned further turns about the middle of its field of view, canals and labels alike")
  func turnsFurther() {
    let options = PhantomOptions(spacing: Axes3(repeating: 0.7), shape: Axes3(90, 130, 170), showsWholeJaw: true)
    let jaw = VirtualJaw(seed: 4, options: options)
    #expect(checksum(jaw.turned(pitch: 0, yaw: 0, roll: 0).render()) == checksum(jaw.render()))
    let (pitch, yaw, roll) = (9.0, -11.0, 7.0)
    let turned = jaw.turned(pitch: pitch, yaw: yaw, roll: roll)
    let middle = jaw.shape.map { Double($0 - 1) / 2 }
    // Left, back and up are the axes 2, 1 and 0; pitch about left, then roll about back, then yaw about up.
    func expected(_ point: Axes3<Double>) -> Axes3<Double> {
      func rotated(_ first: Double, _ second: Double, _ degrees: Double) -> (Double, Double) {
        let (sine, cosine) = Elementary.sineAndCosine(Elementary.radians(degrees))
        return (cosine * first - sine * second, sine * first + cosine * second)
      }
      var (x, y, z) = (point.axis2 - middle.axis2, point.axis1 - middle.axis1, point.axis0 - middle.axis0)
      (y, z) = rotated(y, z, pitch)
      (z, x) = rotated(z, x, roll)
      (x, y) = rotated(x, y, yaw)
      return Axes3(z + middle.axis0, y + middle.axis1, x + middle.axis2)
    }
    let truth = turned.render().truth
    for isLeft in [true, false] {
      var inside = 0
      for (before, after) in zip(jaw.centreLine(isLeft: isLeft), turned.centreLine(isLeft: isLeft)) {
        let place = expected(before)
        #expect((0..<3).allSatisfy { abs(place[$0] - after[$0]) < 1e-9 })
        let voxel = after.map { Int($0.rounded()) }
        guard truth.grid.shape.contains(voxel) else { continue }
        inside += truth.labels[truth.grid.shape.offset(of: voxel)] == (isLeft ? 1 : 2) ? 1 : 0
      }
      #expect(inside * 10 > 8 * jaw.centreLine(isLeft: isLeft).count)
    }
  }

  @Test("Only the canal's own voxels are labelled, never a look-alike's")
  func structuresAgree() {
    var found: Set<PhantomStructure> = []
    for seed in 20..<32 as Range<UInt64> {
      let phantom = VirtualJaw(seed: seed, options: Self.coarse).render()
      for (label, number) in zip(phantom.truth.labels, phantom.structures) {
        guard let structure = PhantomStructure(rawValue: number) else {
          Issue.record("structure \(number) has no name")
          return
        }
        found.insert(structure)
        if label == 1 && structure != .leftCanal || label == 2 && structure != .rightCanal {
          Issue.record("label \(label) on \(structure) in seed \(seed)")
          return
        }
      }
    }
    #expect(found == Set(PhantomStructure.allCases))
  }

  @Test("Other voxels show the same jaw in the same field of view")
  func otherSpacing() {
    let fine = VirtualJaw(seed: 12, options: PhantomOptions(spacing: Axes3(repeating: 1)))
    let coarse = fine.withSpacing(Axes3(repeating: 2))
    for axis in 0..<3 { #expect(abs(fine.shape[axis] - 2 * coarse.shape[axis]) <= 1) }
    func share(_ phantom: Phantom) -> Double {
      Double(phantom.structures.filter { $0 == PhantomStructure.marrow.rawValue }.count)
        / Double(phantom.structures.count)
    }
    let (one, other) = (share(fine.render()), share(coarse.render()))
    #expect(abs(one - other) < 0.1 * one, "marrow fills \(one) and \(other)")
  }

  @Test("A part has the voxels of the whole scan, wherever it is cut")
  func partEqualsWhole() {
    var largest: Float = 0
    for seed in [2, 9, 16] as [UInt64] {
      let jaw = VirtualJaw(seed: seed, options: PhantomOptions(spacing: Axes3(1.0, 0.8, 0.8)))
      let whole = jaw.render()
      for origin in [Axes3(0, 0, 0), Axes3(7, 13, 21), Axes3(jaw.shape.axis0 - 20, 30, jaw.shape.axis2 - 33)] {
        let part = jaw.render(from: origin, shape: Axes3(20, 31, 33))
        for index0 in 0..<20 {
          for index1 in 0..<31 {
            for index2 in 0..<33 {
              let inPart = Axes3(20, 31, 33).offset(of: Axes3(index0, index1, index2))
              let inWhole = jaw.shape.offset(
                of: Axes3(origin.axis0 + index0, origin.axis1 + index1, origin.axis2 + index2))
              largest = max(largest, abs(part.scan.voxels[inPart] - whole.scan.voxels[inWhole]))
              if part.truth.labels[inPart] != whole.truth.labels[inWhole] { largest = .infinity }
              if part.structures[inPart] != whole.structures[inWhole] { largest = .infinity }
            }
          }
        }
      }
    }
    print("part against whole: largest difference \(largest)")
    #expect(largest == 0)
  }

  @Test("The patient's left canal is label 1 by the affine, in all 48 orientations")
  func leftIsLeft() throws {
    var digests: Set<[Int]> = []
    for orientation in Orientation.all {
      let options = PhantomOptions(
        spacing: Axes3(2.0, 1.9, 1.8), orientation: orientation, showsWholeJaw: true)
      let jaw = VirtualJaw(seed: 8, options: options)
      let phantom = jaw.render(from: Axes3(4, 8, 0), shape: Axes3(25, 40, jaw.shape.axis2))
      let grid = phantom.truth.grid
      #expect(grid.orientation == orientation)
      let affine = try #require(grid.affine)
      var sums = [Double](repeating: 0, count: 3)
      var counts = [0, 0, 0]
      var digest = [0, 0, 0, 0]
      for index0 in 0..<grid.shape.axis0 {
        for index1 in 0..<grid.shape.axis1 {
          for index2 in 0..<grid.shape.axis2 {
            let offset = grid.shape.offset(of: Axes3(index0, index1, index2))
            let label = Int(phantom.truth.labels[offset])
            guard label > 0 else { continue }
            let place = affine.rows.map {
              $0[0] * Double(index2) + $0[1] * Double(index1) + $0[2] * Double(index0) + $0[3]
            }
            sums[label] += place[0]
            counts[label] += 1
            digest[0] += 1
            for axis in 0..<3 { digest[axis + 1] += label * Int((place[axis] * 10).rounded()) }
          }
        }
      }
      #expect(counts[1] > 20 && counts[2] > 20)
      // A NIfTI affine's first coordinate grows from left to right.
      #expect(sums[1] / Double(counts[1]) < sums[2] / Double(counts[2]))
      digests.insert(digest)
    }
    #expect(digests.count == 1, "every orientation shows the same canals in the patient")
  }

  @Test("Every whole jaw has both canals, plausible lengths and whole grey values of 16 bits")
  func plausible() {
    for seed in 100..<106 as Range<UInt64> {
      for ranges in [PhantomRanges.training, .outside] {
        let jaw = VirtualJaw(seed: seed, ranges: ranges, options: Self.coarse)
        let phantom = jaw.render()
        for label in [1, 2] as [UInt8] {
          let volume = Double(phantom.truth.labels.filter { $0 == label }.count) * 1.2 * 1.2 * 1.2
          #expect(volume > 40 && volume < 2500, "seed \(seed): \(volume) mm³")
        }
        #expect(phantom.scan.voxels.allSatisfy { $0 == $0.rounded() && abs($0) <= 32767 })
        for course in [jaw.anatomy.leftCourse, jaw.anatomy.rightCourse] {
          let length = zip(course.unrolled, course.unrolled.dropFirst()).reduce(0) { $0 + ($1.1 - $1.0).length }
          #expect(length > 45 && length < 120)
          #expect(course.radii.allSatisfy { $0 >= 1 && $0 <= 2.75 })
        }
      }
    }
  }

  @Test("The canal runs inside the bone between its foramina")
  func canalInBone() {
    var worst = -Double.infinity
    for seed in 0..<25 as Range<UInt64> {
      let anatomy = VirtualJaw(seed: seed).anatomy
      for course in [anatomy.leftCourse, anatomy.rightCourse] {
        guard let tube = course.tubes.last else { continue }
        for point in tube.points.dropFirst(14).dropLast(14) {
          worst = max(worst, anatomy.sample(at: point).mandible)
        }
      }
    }
    print("canal centre to bone surface, 10 mm off its ends: at least \(-worst) mm deep")
    #expect(worst < 0)
  }

  @Test("Sine, cosine and exponential agree with the textbook")
  func elementary() {
    for angle in stride(from: -20.0, through: 20, by: 0.37) {
      let (sine, cosine) = Elementary.sineAndCosine(angle)
      #expect(abs(sine * sine + cosine * cosine - 1) < 1e-14)
    }
    #expect(abs(Elementary.sineAndCosine(Double.pi / 6).sine - 0.5) < 1e-15)
    #expect(abs(Elementary.sineAndCosine(-2 * Double.pi / 3).cosine + 0.5) < 1e-15)
    #expect(abs(Elementary.exponential(1) - 2.718281828459045) < 1e-13)
    #expect(abs(Elementary.exponential(-1) * Elementary.exponential(1) - 1) < 1e-13)
    #expect(Elementary.exponential(-1e9) >= 0)
  }
}
