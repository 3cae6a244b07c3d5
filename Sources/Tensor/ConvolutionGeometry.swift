import CKernels

/// Where a convolution's taps lie in padded slices: the source's slices taken apart by the stride or transformed along
/// their rows, with the zeros that the kernel reaches around them, so that every tap is one constant offset.
struct ConvolutionGeometry {
  /// A position in the convolution's kernel and, when upsampling, in the transposed convolution's kernel.
  struct Contribution {
    var kernel: Extent
    var position: Extent
  }

  /// One tap that is read: what its weight is the sum of, and what the kernel function reads.
  struct Tap {
    /// Positions in `Position.taps`, each with a factor.
    var parts: [(index: Int, factor: Double)]
    var tap: ck_tap
  }

  /// One sum of taps over the padded slices.
  struct Phase {
    var taps: [Tap]
    /// Whether the bias belongs to it.
    var takesBias: Bool
  }

  /// Outputs that share their weights; one for a convolution, one per position in a coarse cell when upsampling. Each is
  /// `terms` phases.
  struct Position {
    /// What the weight of each tap is the sum of, before rows are transformed.
    var taps: [[Contribution]]
  }

  /// One tap along one axis: the offset in cells, the parity plane, and pairs of positions as in `Contribution`.
  private struct AxisTap {
    var cell: Int
    var parity: Int
    var contributions: [(kernel: Int, position: Int)]
  }

  /// The taps along one axis, by phase, and how far they reach.
  private struct Axis {
    var phases: [[AxisTap]]
    var first: Int
    var last: Int
  }

  private let kernel: Extent
  /// The size of the output before upsampling.
  let cells: Extent
  /// The stride of the convolution, 1 when upsampling.
  let stride: Extent
  /// Upsampling factors, 1 for a convolution.
  let factor: Extent
  /// Outputs by their weights.
  let positions: [Position]
  /// Sums of taps, those of a position together.
  let phases: [Phase]
  /// How rows are transformed, or `nil` for not at all.
  let transform: RowTransform?
  /// Planes that taps read, before columns are taken apart: those of a padded slice, or those that a thread makes from
  /// it where rows are transformed.
  ///
  /// Row j of a plane is the source's row `rowStep * j + start`, or a combination of those from there on; of a plane with
  /// transformed rows, `transform.terms` in turn begin at the same row.
  let rowStarts: [Int]
  /// Rows of the source from one row of a plane to the next.
  let rowStep: Int
  /// The first slice that slice 0 of the output reads, at most 0.
  let firstSlice: Int
  /// Slices that one slice of output reads.
  let sliceCount: Int
  /// The first column of a plane, at most 0.
  let firstColumn: Int
  /// The size of one whole plane of a padded slice. Rows that are transformed begin on cache lines.
  let planeHeight: Int
  let pitch: Int
  /// Values of a row with the zeros that the kernel reaches.
  let paddedWidth: Int
  /// Rows of a phase's result, each of which is `transform.outputs` rows of output.
  let resultHeight: Int

  /// Describes a convolution with padding `(kernel - 1) / 2`.
  ///
  /// - Parameters:
  ///   - kernel: Odd sizes.
  ///   - stride: Divides the input's size.
  ///   - input: The size of the input.
  ///   - transformsRows: Whether rows are transformed if there is a transform for the kernel.
  init(kernel: Extent, stride: Extent, input: Extent, transformsRows: Bool) {
    // Depth is not taken apart by parity: its stride is a stride over whole slices.
    let axes = [
      Self.convolutionAxis(kernel: kernel.depth, stride: 1),
      Self.convolutionAxis(kernel: kernel.height, stride: stride.height),
      Self.convolutionAxis(kernel: kernel.width, stride: stride.width),
    ]
    self.init(
      axes: axes, kernel: kernel, cells: input.divided(by: stride), stride: stride, factor: Extent(repeating: 1),
      transformsRows: transformsRows)
  }

  /// Describes a transposed convolution (kernel = stride = `factor`) and the convolution of its output as one step from
  /// the coarse grid: along an axis, fine position `factor * c + p` with tap `t` reads coarse cell
  /// `c + floor((p + t - (kernel - 1) / 2) / factor)`.
  ///
  /// - Parameters:
  ///   - kernel: Odd sizes of the convolution at the fine grid.
  ///   - factor: Upsampling factors.
  ///   - coarse: The size of the coarse grid.
  ///   - transformsRows: Whether rows are transformed if there is a transform for the kernel.
  init(kernel: Extent, factor: Extent, coarse: Extent, transformsRows: Bool) {
    let axes = zip(kernel.array, factor.array).map { Self.upsamplingAxis(kernel: $0, factor: $1) }
    self.init(
      axes: axes, kernel: kernel, cells: coarse, stride: Extent(repeating: 1), factor: factor,
      transformsRows: transformsRows)
  }

  private init(
    axes: [Axis], kernel: Extent, cells: Extent, stride: Extent, factor: Extent, transformsRows: Bool
  ) {
    self.kernel = kernel
    self.cells = cells
    self.stride = stride
    self.factor = factor
    firstSlice = axes[0].first
    sliceCount = axes[0].last - axes[0].first + 1
    firstColumn = axes[2].first
    let paddedWidth = cells.width + axes[2].last - axes[2].first
    self.paddedWidth = paddedWidth
    let rows = transformsRows && stride.height * stride.width == 1 ? axes[1].phases : []
    let transform = Self.transform(of: rows)
    self.transform = transform
    let pitch = transform == nil ? paddedWidth : Self.wholeLines(paddedWidth)
    self.pitch = pitch
    var starts: [Int] = []
    if let transform {
      resultHeight = (cells.height + transform.outputs - 1) / transform.outputs
      planeHeight = cells.height
      rowStep = transform.outputs
      for taps in rows where !starts.contains(taps[0].cell) {
        starts += [Int](repeating: taps[0].cell, count: transform.terms)
      }
    } else {
      resultHeight = cells.height
      planeHeight = cells.height + axes[1].last - axes[1].first
      rowStep = stride.height
      starts = (0..<stride.height).map { axes[1].first * stride.height + $0 }
    }
    rowStarts = starts
    var phases: [Phase] = []
    var positions: [Position] = []
    for depth in axes[0].phases {
      for row in axes[1].phases {
        for column in axes[2].phases {
          positions.append(Position(taps: Self.contributions(depth, row, column)))
          // What stands for the kernel's rows: the rows themselves, or terms, each a sum over all of them.
          let terms: [[RowTerm]]
          if let transform {
            let first = starts.firstIndex(of: row[0].cell) ?? 0
            terms = transform.filter.enumerated().map { term, factors in
              [RowTerm(plane: first + term, row: 0, parts: Array(factors.enumerated()))]
            }
          } else {
            terms = [
              row.enumerated().map { index, tap in
                RowTerm(plane: tap.parity, row: tap.cell - axes[1].first, parts: [(index, 1)])
              }
            ]
          }
          for (number, term) in terms.enumerated() {
            var taps: [Tap] = []
            for (d, depthTap) in depth.enumerated() {
              for rowTerm in term {
                for (w, columnTap) in column.enumerated() {
                  let plane = rowTerm.plane * stride.width + columnTap.parity
                  let offset = rowTerm.row * pitch + columnTap.cell - firstColumn
                  taps.append(
                    Tap(
                      parts: rowTerm.parts.map { part in
                        ((d * row.count + part.index) * column.count + w, part.factor)
                      }, tap: ck_tap(depth: Int32(depthTap.cell), plane: Int32(plane), offset: Int32(offset))))
                }
              }
            }
            phases.append(Phase(taps: taps, takesBias: number == transform?.commonTerm ?? 0))
          }
        }
      }
    }
    self.phases = phases
    self.positions = positions
  }

  /// Rows of a padded slice that one output row reads, and which rows of the kernel are in their weights.
  private struct RowTerm {
    var plane: Int
    var row: Int
    var parts: [(index: Int, factor: Double)]

    init(plane: Int, row: Int, parts: [(Int, Double)]) {
      self.plane = plane
      self.row = row
      self.parts = parts
    }
  }

  /// The transform for the taps of all positions along the rows' axis, if there is one.
  private static func transform(of positions: [[AxisTap]]) -> RowTransform? {
    guard let taps = positions.first?.count, positions.allSatisfy({ $0.count == taps }) else { return nil }
    return RowTransform.filter(taps: taps)
  }

  /// What each tap's weight is the sum of.
  private static func contributions(_ depth: [AxisTap], _ row: [AxisTap], _ column: [AxisTap]) -> [[Contribution]] {
    var taps: [[Contribution]] = []
    for d in depth {
      for h in row {
        for w in column {
          taps.append(
            d.contributions.flatMap { depth in
              h.contributions.flatMap { row in
                w.contributions.map { column in
                  Contribution(
                    kernel: Extent(depth.kernel, row.kernel, column.kernel),
                    position: Extent(depth.position, row.position, column.position))
                }
              }
            })
        }
      }
    }
    return taps
  }

  /// The same taps for a source of another size.
  func resized(to extent: Extent) -> ConvolutionGeometry {
    factor == Extent(repeating: 1)
      ? ConvolutionGeometry(kernel: kernel, stride: stride, input: extent, transformsRows: transform != nil)
      : ConvolutionGeometry(kernel: kernel, factor: factor, coarse: extent, transformsRows: transform != nil)
  }

  /// Products for one input and one output channel, a slice of output and a column.
  var productsPerColumn: Int { resultHeight * phases.reduce(0) { $0 + $1.taps.count } }

  /// The rows of the source that some rows of the results stand on. Each row of the source belongs to one of the results,
  /// though more read it.
  func ownRows(of results: Range<Int>) -> Range<Int> {
    let step = transform?.outputs ?? stride.height
    let last = results.upperBound < resultHeight ? results.upperBound * step : cells.height * stride.height
    return results.lowerBound * step..<last
  }

  /// How many rows of the source before their own some rows of the results read.
  var rowsBefore: Int { -min(0, rowStarts.min() ?? 0) }

  /// The rows of a whole plane of a padded slice that some rows of the results read.
  func planeRows(of results: Range<Int>) -> Range<Int> {
    guard let transform else { return results.lowerBound..<results.upperBound + planeHeight - resultHeight }
    let first = results.lowerBound * transform.outputs - rowsBefore
    let last = (results.upperBound - 1) * transform.outputs + (rowStarts.max() ?? 0) + transform.terms
    return max(0, first)..<min(last, planeHeight)
  }

  /// Floats of a padded slice, all planes, for so many rows of the results.
  func sliceStride(results rows: Int) -> Int {
    guard let transform else {
      return rowStarts.count * stride.width * (rows + planeHeight - resultHeight) * pitch
    }
    let reach = (rows - 1) * transform.outputs + rowsBefore + (rowStarts.max() ?? 0) + transform.terms
    return min(reach, planeHeight) * pitch
  }

  /// The distance of the rows of the planes that taps read, where a thread has so many rows of them at once: rows that
  /// are convolved in one run are as short as they can be.
  func resultPitch(rows: Int) -> Int { transform == nil || rows > 1 ? paddedWidth : pitch }

  /// Whether every output voxel reads its own voxel alone, so that nothing has to be padded.
  var isPointwise: Bool { kernel == Extent(repeating: 1) && stride == kernel && factor == kernel }

  /// Planes of a slice that a thread makes in its own room, rather than all threads together in shared memory: transformed
  /// rows, or the rows of a pointwise convolution, which no other thread reads.
  var ownPlanes: Int { transform == nil ? (isPointwise ? 1 : 0) : rowStarts.count }

  private static func wholeLines(_ count: Int) -> Int { (count + 15) / 16 * 16 }

  private static func floorDivide(_ value: Int, _ divisor: Int) -> Int {
    value >= 0 ? value / divisor : -((-value + divisor - 1) / divisor)
  }

  private static func convolutionAxis(kernel: Int, stride: Int) -> Axis {
    let taps = (0..<kernel).map { tap in
      let position = tap - (kernel - 1) / 2
      let cell = floorDivide(position, stride)
      return AxisTap(cell: cell, parity: position - cell * stride, contributions: [(kernel: tap, position: 0)])
    }
    return Axis(phases: [taps], first: taps[0].cell, last: taps[kernel - 1].cell)
  }

  private static func upsamplingAxis(kernel: Int, factor: Int) -> Axis {
    let phases = (0..<factor).map { phase in
      var taps: [AxisTap] = []
      for tap in 0..<kernel {
        let position = phase + tap - (kernel - 1) / 2
        let cell = floorDivide(position, factor)
        let contribution = (kernel: tap, position: position - cell * factor)
        if let last = taps.indices.last, taps[last].cell == cell {
          taps[last].contributions.append(contribution)
        } else {
          taps.append(AxisTap(cell: cell, parity: 0, contributions: [contribution]))
        }
      }
      return taps
    }
    let cells = phases.flatMap { $0.map(\.cell) }
    return Axis(phases: phases, first: cells.min() ?? 0, last: cells.max() ?? 0)
  }
}
