import Dispatch
import Volume

/// A synthetic jaw in a scanner: everything is drawn, and any part of its scan can be made.
///
/// A part has the same voxels as the same part of the whole scan.
public struct VirtualJaw: Sendable {
  let anatomy: JawAnatomy
  let scanner: Scanner
  /// How scans are stored.
  public let orientation: Orientation

  /// Draws a jaw.
  ///
  /// - Parameters:
  ///   - seed: the same seed, ranges and options give the same jaw on every machine.
  ///   - ranges: the limits of what is drawn.
  ///   - options: what is not left to chance. Another voxel size or shape shows the same jaw with the same looks.
  public init(seed: UInt64, ranges: PhantomRanges = .training, options: PhantomOptions = PhantomOptions()) {
    let random = SeededGenerator(seed: SeededGenerator.mixed(seed &+ 0x0C0A_11CE))
    let anatomy = JawAnatomy(ranges: ranges, random: random)
    self.init(
      anatomy: anatomy, scanner: Scanner(ranges: ranges, anatomy: anatomy, options: options, random: random),
      orientation: options.orientation)
  }

  private init(anatomy: JawAnatomy, scanner: Scanner, orientation: Orientation) {
    self.anatomy = anatomy
    self.scanner = scanner
    self.orientation = orientation
  }

  /// The number of voxels of the whole scan along axis 0, 1, 2, stored left-posterior-superior.
  public var shape: Axes3<Int> { scanner.shape }

  /// The voxel size in millimetres along axis 0, 1, 2, stored left-posterior-superior.
  public var spacing: Axes3<Double> { scanner.spacing }

  /// The same jaw in the same field of view with voxels of another size, for instance a coarse one from which the
  /// scan's percentiles are found quickly.
  ///
  /// - Parameter spacing: the voxel size in millimetres along axis 0, 1, 2, each above 0.
  /// - Returns: the same jaw with those voxels.
  public func withSpacing(_ spacing: Axes3<Double>) -> VirtualJaw {
    VirtualJaw(anatomy: anatomy, scanner: scanner.withSpacing(spacing), orientation: orientation)
  }

  /// The same jaw in the same field of view with the head turned further, about the field's middle, as augmentation
  /// turns crops of real scans.
  ///
  /// - Parameters:
  ///   - pitch: chin up (negative) or down, in degrees.
  ///   - yaw: turned to the left or right, in degrees.
  ///   - roll: leaning to the left or right, in degrees.
  /// - Returns: the same jaw in that pose.
  public func turned(pitch: Double, yaw: Double, roll: Double) -> VirtualJaw {
    VirtualJaw(
      anatomy: anatomy, scanner: scanner.turned(pitch: pitch, yaw: yaw, roll: roll), orientation: orientation)
  }

  /// The centre line of the labelled canal of one side, from the mandibular to the mental foramen, in voxels along axis
  /// 0, 1, 2 of the whole scan stored left-posterior-superior; some places may lie outside the scan.
  public func centreLine(isLeft: Bool) -> [Axes3<Double>] {
    let course = isLeft ? anatomy.leftCourse : anatomy.rightCourse
    guard let tube = course.tubes.last else { return [] }
    return tube.points.map { point in
      let place = scanner.scanned(point)
      return Axes3(place.z / spacing.axis0, place.y / spacing.axis1, place.x / spacing.axis2)
    }
  }

  /// Makes the whole scan, on all cores.
  public func render() -> Phantom {
    let slices = 24
    let slabs = stride(from: 0, to: shape.axis0, by: slices).map { start in
      (
        origin: Axes3(start, 0, 0), shape: Axes3(min(slices, shape.axis0 - start), shape.axis1, shape.axis2)
      )
    }
    var parts = [RawPart?](repeating: nil, count: slabs.count)
    parts.withUnsafeMutableBufferPointer { slots in
      // Each slab writes its own place only.
      nonisolated(unsafe) let slots = slots
      DispatchQueue.concurrentPerform(iterations: slabs.count) { index in
        slots[index] = raw(from: slabs[index].origin, shape: slabs[index].shape)
      }
    }
    var whole = RawPart()
    for part in parts.compactMap({ $0 }) { whole.append(part) }
    return stored(whole, origin: Axes3(0, 0, 0), shape: shape)
  }

  /// Makes a part of the scan, on the calling thread alone.
  ///
  /// - Parameters:
  ///   - origin: the part's first voxel, axis 0, 1, 2 of the scan stored left-posterior-superior. The part may reach
  ///     beyond the scan: it then shows what a larger field of view would.
  ///   - shape: the part's voxels along axis 0, 1, 2 of the scan stored left-posterior-superior, each at least 1.
  /// - Returns: the part, its affine moved accordingly, stored as the options say.
  public func render(from origin: Axes3<Int>, shape: Axes3<Int>) -> Phantom {
    stored(raw(from: origin, shape: shape), origin: origin, shape: shape)
  }

  /// One line about the jaw and the scanner.
  public var description: String {
    let lengths = [anatomy.leftCourse, anatomy.rightCourse].map { course in
      zip(course.unrolled, course.unrolled.dropFirst()).reduce(0) { $0 + ($1.1 - $1.0).length }
    }
    func short(_ value: Double) -> String { String((value * 10).rounded() / 10) }
    return "canals \(short(lengths[0])) mm left, \(short(lengths[1])) mm right; marrow "
      + "\(short(anatomy.bone.marrow)) HU; \(anatomy.dentition.crowns.count) crowns, "
      + "\(anatomy.dentition.metals.count) metal bodies; noise \(short(scanner.noise)) HU, blur "
      + "\(short(scanner.blur)) mm"
  }

  /// A part before it is stored: axis 0 up, 1 back, 2 left.
  private struct RawPart {
    var values: [Float] = []
    var labels: [UInt8] = []
    var structures: [UInt8] = []

    mutating func append(_ other: RawPart) {
      values += other.values
      labels += other.labels
      structures += other.structures
    }
  }

  private func raw(from origin: Axes3<Int>, shape: Axes3<Int>) -> RawPart {
    let effects = ScannerEffects(scanner: scanner, anatomy: anatomy)
    let margin = effects.margin
    var box = RenderBox(
      origin: Axes3(origin.axis0 - margin.axis0, origin.axis1 - margin.axis1, origin.axis2 - margin.axis2),
      shape: Axes3(
        shape.axis0 + 2 * margin.axis0, shape.axis1 + 2 * margin.axis1, shape.axis2 + 2 * margin.axis2),
      spacing: spacing)
    AnatomyRenderer(anatomy: anatomy, scanner: scanner).fill(&box)
    Painter(anatomy: anatomy, scanner: scanner).paint(&box)
    var labels = Self.inner(box.truth, of: box.shape, margin: margin, shape: shape)
    blankOutsideCylinder(&labels, origin: origin, shape: shape)
    return RawPart(
      values: effects.recorded(box), labels: labels,
      structures: Self.inner(box.structures, of: box.shape, margin: margin, shape: shape))
  }

  private func stored(_ part: RawPart, origin: Axes3<Int>, shape: Axes3<Int>) -> Phantom {
    let storage = StoredOrder(shape: shape, spacing: spacing, orientation: orientation)
    let grid = storage.grid(
      firstVoxel: scanner.place
        + Vector(
          Double(origin.axis2) * spacing.axis2, Double(origin.axis1) * spacing.axis1,
          Double(origin.axis0) * spacing.axis0))
    return Phantom(
      scan: Volume(grid: grid, voxels: storage.stored(part.values)),
      truth: Mask(grid: grid, labels: storage.stored(part.labels)), structures: storage.stored(part.structures),
      description: description)
  }

  /// Nothing can be labelled where the scanner recorded nothing.
  private func blankOutsideCylinder(_ labels: inout [UInt8], origin: Axes3<Int>, shape: Axes3<Int>) {
    guard let radius = scanner.cylinderRadius else { return }
    let middle = scanner.halfExtent
    var at = 0
    for _ in 0..<shape.axis0 {
      for index1 in 0..<shape.axis1 {
        let dy = Float(origin.axis1 + index1) * Float(spacing.axis1) - Float(middle.y)
        for index2 in 0..<shape.axis2 {
          let dx = Float(origin.axis2 + index2) * Float(spacing.axis2) - Float(middle.x)
          if dx * dx + dy * dy > Float(radius * radius) { labels[at] = 0 }
          at += 1
        }
      }
    }
  }

  private static func inner(
    _ values: [UInt8], of outer: Axes3<Int>, margin: Axes3<Int>, shape: Axes3<Int>
  ) -> [UInt8] {
    var result: [UInt8] = []
    result.reserveCapacity(shape.product)
    for index0 in 0..<shape.axis0 {
      for index1 in 0..<shape.axis1 {
        let start = outer.offset(of: Axes3(index0 + margin.axis0, index1 + margin.axis1, margin.axis2))
        result.append(contentsOf: values[start..<start + shape.axis2])
      }
    }
    return result
  }
}
