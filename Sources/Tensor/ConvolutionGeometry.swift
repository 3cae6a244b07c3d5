import CKernels

/// Where a convolution's taps lie in padded slices: the source's slices taken apart by the stride, with the zeros that
/// the kernel reaches around them, so that every tap is one constant offset.
struct ConvolutionGeometry {
  /// A position in the convolution's kernel and, when upsampling, in the transposed convolution's kernel.
  struct Contribution {
    var kernel: Extent
    var position: Extent
  }

  /// One tap: what its weight is the sum of, and what the kernel function reads.
  struct Tap {
    var contributions: [Contribution]
    var tap: ck_tap
  }

  /// Output positions that share their taps; one for a convolution, one per position in a coarse cell when upsampling.
  struct Phase {
    var taps: [Tap]
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
  /// Taps of each phase.
  let phases: [Phase]
  /// The first slice that slice 0 of the output reads, at most 0.
  let firstSlice: Int
  /// Slices that one slice of output reads.
  let sliceCount: Int
  /// The first row and column of a plane, at most 0.
  let firstRow: Int
  let firstColumn: Int
  /// The size of one parity plane.
  let planeHeight: Int
  let pitch: Int

  /// Describes a convolution with padding `(kernel - 1) / 2`.
  ///
  /// - Parameters:
  ///   - kernel: Odd sizes.
  ///   - stride: Divides the input's size.
  ///   - input: The size of the input.
  init(kernel: Extent, stride: Extent, input: Extent) {
    // Depth is not taken apart by parity: its stride is a stride over whole slices.
    let axes = [
      Self.convolutionAxis(kernel: kernel.depth, stride: 1),
      Self.convolutionAxis(kernel: kernel.height, stride: stride.height),
      Self.convolutionAxis(kernel: kernel.width, stride: stride.width),
    ]
    self.init(
      axes: axes, kernel: kernel, cells: input.divided(by: stride), stride: stride, factor: Extent(repeating: 1))
  }

  /// Describes a transposed convolution (kernel = stride = `factor`) and the convolution of its output as one step from
  /// the coarse grid: along an axis, fine position `factor * c + p` with tap `t` reads coarse cell
  /// `c + floor((p + t - (kernel - 1) / 2) / factor)`.
  ///
  /// - Parameters:
  ///   - kernel: Odd sizes of the convolution at the fine grid.
  ///   - factor: Upsampling factors.
  ///   - coarse: The size of the coarse grid.
  init(kernel: Extent, factor: Extent, coarse: Extent) {
    let axes = zip(kernel.array, factor.array).map { Self.upsamplingAxis(kernel: $0, factor: $1) }
    self.init(axes: axes, kernel: kernel, cells: coarse, stride: Extent(repeating: 1), factor: factor)
  }

  private init(axes: [Axis], kernel: Extent, cells: Extent, stride: Extent, factor: Extent) {
    self.kernel = kernel
    self.cells = cells
    self.stride = stride
    self.factor = factor
    firstSlice = axes[0].first
    sliceCount = axes[0].last - axes[0].first + 1
    firstRow = axes[1].first
    firstColumn = axes[2].first
    planeHeight = cells.height + axes[1].last - axes[1].first
    pitch = cells.width + axes[2].last - axes[2].first
    var phases: [Phase] = []
    for depth in axes[0].phases {
      for row in axes[1].phases {
        for column in axes[2].phases {
          var taps: [Tap] = []
          for d in depth {
            for h in row {
              for w in column {
                let plane = h.parity * stride.width + w.parity
                let offset = (plane * planeHeight + h.cell - firstRow) * pitch + w.cell - firstColumn
                let contributions = d.contributions.flatMap { depth in
                  h.contributions.flatMap { row in
                    w.contributions.map { column in
                      Contribution(
                        kernel: Extent(depth.kernel, row.kernel, column.kernel),
                        position: Extent(depth.position, row.position, column.position))
                    }
                  }
                }
                taps.append(
                  Tap(contributions: contributions, tap: ck_tap(depth: Int32(d.cell), offset: Int32(offset))))
              }
            }
          }
          phases.append(Phase(taps: taps))
        }
      }
    }
    self.phases = phases
  }

  /// The same taps for a source of another size.
  func resized(to extent: Extent) -> ConvolutionGeometry {
    factor == Extent(repeating: 1)
      ? ConvolutionGeometry(kernel: kernel, stride: stride, input: extent)
      : ConvolutionGeometry(kernel: kernel, factor: factor, coarse: extent)
  }

  /// Floats of one padded slice, all parity planes.
  var sliceStride: Int { stride.height * stride.width * planeHeight * pitch }

  /// Values from the first to the last output of a plane, those between rows included.
  var run: Int { (cells.height - 1) * pitch + cells.width }

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
