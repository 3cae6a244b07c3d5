/// Turning arrays, indices and grids from one orientation to another: a change of the order of the axes, and flips.
///
/// World positions are kept: a voxel of the turned grid lies where it lay before.
public struct Reorientation: Sendable, Equatable {
  /// For each axis after turning, the axis before that runs along it.
  public let sourceAxes: Axes3<Int>
  /// For each axis after turning, whether it runs the other way.
  public let flips: Axes3<Bool>

  /// Finds how to turn.
  ///
  /// - Parameters:
  ///   - source: The orientation before.
  ///   - target: The orientation after.
  public init(from source: Orientation, to target: Orientation) {
    let pairs = target.directions.map { direction in
      // Each orientation has every body axis once, so there is exactly one.
      let axis = (0..<3).first { source.directions[$0].bodyAxis == direction.bodyAxis } ?? 0
      return (axis, source.directions[axis] != direction)
    }
    sourceAxes = pairs.map(\.0)
    flips = pairs.map(\.1)
  }

  private init(sourceAxes: Axes3<Int>, flips: Axes3<Bool>) {
    self.sourceAxes = sourceAxes
    self.flips = flips
  }

  /// Whether nothing changes.
  public var isIdentity: Bool { sourceAxes == Axes3(0, 1, 2) && flips == Axes3(repeating: false) }

  /// Turning back.
  public var inverse: Reorientation {
    var axes = Axes3(0, 0, 0)
    var flipped = Axes3(repeating: false)
    for axis in 0..<3 {
      axes[sourceAxes[axis]] = axis
      flipped[sourceAxes[axis]] = flips[axis]
    }
    return Reorientation(sourceAxes: axes, flips: flipped)
  }

  /// Turns values that belong to axes, for instance a shape or a spacing.
  public func turn<Value>(_ values: Axes3<Value>) -> Axes3<Value> {
    sourceAxes.map { values[$0] }
  }

  /// Turns a voxel index.
  ///
  /// - Parameters:
  ///   - voxel: The index before.
  ///   - shape: The shape before.
  /// - Returns: The index after; indices outside the grid stay outside on the same side of the patient.
  public func turn(voxel: Axes3<Int>, in shape: Axes3<Int>) -> Axes3<Int> {
    Axes3(0, 1, 2).map { axis in
      let source = sourceAxes[axis]
      return flips[axis] ? shape[source] - 1 - voxel[source] : voxel[source]
    }
  }

  /// Turns a grid; its affine is changed so that every voxel keeps its place in the patient.
  public func turn(_ grid: Grid) -> Grid {
    let affine = grid.affine.map { affine in
      var origin = affine.origin
      let steps = Axes3(0, 1, 2).map { axis in
        let step = affine.step(alongAxis: sourceAxes[axis])
        if flips[axis] { origin += step * Double(grid.shape[sourceAxes[axis]] - 1) }
        return flips[axis] ? -step : step
      }
      return Affine(steps: steps, origin: origin)
    }
    return Grid(shape: turn(grid.shape), spacing: turn(grid.spacing), affine: affine)
  }

  /// Turns grey values.
  ///
  /// - Parameters:
  ///   - voxels: The array before, axis 2 fastest.
  ///   - shape: The shape before.
  /// - Returns: The array after, axis 2 fastest.
  public func turn(_ voxels: [Float], shape: Axes3<Int>) -> [Float] { turnArray(voxels, shape: shape) }

  /// Turns labels.
  ///
  /// - Parameters:
  ///   - labels: The array before, axis 2 fastest.
  ///   - shape: The shape before.
  /// - Returns: The array after, axis 2 fastest.
  public func turn(_ labels: [UInt8], shape: Axes3<Int>) -> [UInt8] { turnArray(labels, shape: shape) }

  /// Turns a scan. The header is left out: it describes the array as it was stored.
  public func turn(_ volume: Volume) -> Volume {
    if isIdentity { return volume }
    return Volume(
      grid: turn(volume.grid), voxels: turn(volume.voxels, shape: volume.grid.shape), warnings: volume.warnings)
  }

  /// Turns a mask.
  public func turn(_ mask: Mask) -> Mask {
    if isIdentity { return mask }
    return Mask(grid: turn(mask.grid), labels: turn(mask.labels, shape: mask.grid.shape))
  }

  private func turnArray<Element: BitwiseCopyable>(_ array: [Element], shape: Axes3<Int>) -> [Element] {
    precondition(array.count == shape.product, "one value for each voxel")
    if isIdentity || array.isEmpty { return array }
    let turned = turn(shape)
    let sourceStrides = Axes3(shape.axis1 * shape.axis2, shape.axis2, 1)
    // Where a step along each turned axis leads in the source, and where the turned array begins.
    let strides = Axes3(0, 1, 2).map { flips[$0] ? -sourceStrides[sourceAxes[$0]] : sourceStrides[sourceAxes[$0]] }
    let start = (0..<3).reduce(0) { $0 + (flips[$1] ? -strides[$1] * (turned[$1] - 1) : 0) }
    return [Element](onLargePages: array.count) { output, count in
      array.withUnsafeBufferPointer { input in
        nonisolated(unsafe) let output = output
        if abs(strides.axis2) == 1 {
          Self.copyRows(input, output, turned, strides, start)
        } else {
          Self.copyTiles(input, output, turned, strides, start)
        }
      }
      count = array.count
    }
  }

  /// Rows stay rows, perhaps reversed.
  private static func copyRows<Element: BitwiseCopyable>(
    _ input: UnsafeBufferPointer<Element>, _ output: UnsafeMutableBufferPointer<Element>, _ shape: Axes3<Int>,
    _ strides: Axes3<Int>, _ start: Int
  ) {
    nonisolated(unsafe) let output = output
    Parallel.forEach(shape.axis0) { slice in
      for row in 0..<shape.axis1 {
        let from = start + slice * strides.axis0 + row * strides.axis1
        let target = (slice * shape.axis1 + row) * shape.axis2
        if strides.axis2 == 1 {
          for column in 0..<shape.axis2 { output[target + column] = input[from + column] }
        } else {
          for column in 0..<shape.axis2 { output[target + column] = input[from - column] }
        }
      }
    }
  }

  /// Another axis of the turned array is the one whose voxels lie side by side in the source: tiles of these two axes
  /// are small enough that both arrays stay in the cache.
  private static func copyTiles<Element: BitwiseCopyable>(
    _ input: UnsafeBufferPointer<Element>, _ output: UnsafeMutableBufferPointer<Element>, _ shape: Axes3<Int>,
    _ strides: Axes3<Int>, _ start: Int
  ) {
    let tile = 32
    let contiguousAxis = abs(strides.axis0) == 1 ? 0 : 1
    let outerAxis = 1 - contiguousAxis
    let targetStrides = Axes3(shape.axis1 * shape.axis2, shape.axis2, 1)
    nonisolated(unsafe) let output = output
    // Tiles of the contiguous axis are spread over the cores, so that no two write the same row.
    let tiles = (shape[contiguousAxis] + tile - 1) / tile
    Parallel.forEach(tiles) { index in
      let lines = index * tile..<min((index + 1) * tile, shape[contiguousAxis])
      for outer in 0..<shape[outerAxis] {
        for first in stride(from: 0, to: shape.axis2, by: tile) {
          let columns = first..<min(first + tile, shape.axis2)
          for line in lines {
            let from = start + outer * strides[outerAxis] + line * strides[contiguousAxis]
            let target = outer * targetStrides[outerAxis] + line * targetStrides[contiguousAxis]
            for column in columns { output[target + column] = input[from + column * strides.axis2] }
          }
        }
      }
    }
  }
}
