import CKernels

/// A three-dimensional convolution, or an upsampling step, of one fixed size: weights packed for the kernel, depth cut
/// and rows cut into slabs that keep the work in the caches and can be interrupted.
///
/// A slab's source slices are finished and padded into scratch memory; then each thread convolves a block of rows into
/// room of its own that stays in its caches, and stores it with its statistics. For a pointwise convolution each thread
/// finishes the rows that it reads itself. A layer whose input and output have the
/// same shape may store over its own input: a slice is overwritten only after every slab that reads it has padded it.
public final class Convolution {
  /// The shapes, the work and the memory of a run.
  public let layout: ConvolutionLayout

  private let weights: PackedWeights
  private let taps: [ck_tap]
  /// Where the planes' rows begin.
  private let rowStarts: [Int64]
  /// The factors of the source's rows in the transformed ones, then of the terms in the outputs.
  private let factors: [Float]
  /// How many of the factors are of the first sort.
  private let transformFactors: Int

  /// Results of at least so many floats, 256 MiB, are written past the caches.
  public static let leastStreamed = 1 << 26

  /// Creates a convolution with padding `(kernel - 1) / 2`.
  ///
  /// - Parameters:
  ///   - weights: `[outputs, weightInputs, depth, height, width]`.
  ///   - bias: One value an output, or `nil`.
  ///   - weightInputs: Input channels of `weights`.
  ///   - range: The input channels that the source has; all unless it is one half of a concatenation.
  ///   - outputs: Output channels.
  ///   - kernel: Odd sizes.
  ///   - stride: Divides `extent`.
  ///   - extent: The size of the source.
  ///   - instructionSet: One that the processor has.
  ///   - mostWorkInDouble: A convolution of at most so many multiply-accumulates sums its products in double precision.
  /// - Throws: `TensorError.outOfMemory` when the system refuses memory.
  public convenience init(
    weights: [Float], bias: [Float]?, weightInputs: Int, range: Range<Int>? = nil, outputs: Int, kernel: Extent,
    stride: Extent = Extent(repeating: 1), extent: Extent, instructionSet: InstructionSet = .best,
    mostWorkInDouble: Int = 0
  ) throws {
    let range = range ?? 0..<weightInputs
    let layout = ConvolutionLayout(
      inputs: range.count, outputs: outputs, kernel: kernel, stride: stride, extent: extent,
      instructionSet: instructionSet, mostWorkInDouble: mostWorkInDouble)
    let packed = try PackedWeights.convolution(
      weights: weights, bias: bias, geometry: layout.geometry, kernel: kernel, weightInputs: weightInputs, range: range,
      outputs: outputs, instructionSet: instructionSet)
    self.init(layout: layout, weights: packed)
  }

  /// Creates a transposed convolution (kernel = stride = factor) followed by a convolution of its output, as one step
  /// from the coarse grid: for factor 2 and a 3x3x3 kernel, 8 convolutions of 2x2x2 taps instead of 27 taps at every
  /// fine voxel, and no upsampled map.
  ///
  /// - Parameters:
  ///   - weights: `[outputs, weightInputs, depth, height, width]` of the convolution, whose first `middle` inputs are
  ///     the upsampled channels.
  ///   - weightInputs: Input channels of `weights`.
  ///   - upsampling: `[inputs, middle, factor...]` of the transposed convolution.
  ///   - upsamplingBias: One value a middle channel, or `nil`.
  ///   - inputs: Channels of the coarse grid.
  ///   - middle: Channels between the two.
  ///   - outputs: Output channels.
  ///   - kernel: Odd sizes.
  ///   - factor: Upsampling factors.
  ///   - extent: The size of the coarse grid.
  ///   - instructionSet: One that the processor has.
  /// - Throws: `TensorError.outOfMemory` when the system refuses memory.
  public convenience init(
    weights: [Float], weightInputs: Int, upsampling: [Float], upsamplingBias: [Float]?, inputs: Int, middle: Int,
    outputs: Int, kernel: Extent, factor: Extent, extent: Extent,
    instructionSet: InstructionSet = .best
  ) throws {
    let layout = ConvolutionLayout(
      inputs: inputs, outputs: outputs, kernel: kernel, factor: factor, extent: extent, instructionSet: instructionSet)
    let packed = try PackedWeights.upsampling(
      weights: weights, upsampling: upsampling, upsamplingBias: upsamplingBias, geometry: layout.geometry,
      kernel: kernel,
      weightInputs: weightInputs, middle: middle, inputs: inputs, outputs: outputs,
      instructionSet: instructionSet)
    self.init(layout: layout, weights: packed)
  }

  /// The same convolution, sharing its weights, for a source of another size.
  ///
  /// - Parameters:
  ///   - extent: The size of the source.
  ///   - mostPadded: Floats of padded slices of a slab that does not have all rows; the numbers are the same.
  /// - Returns: The convolution.
  public func resized(to extent: Extent, mostPadded: Int = ConvolutionLayout.mostPadded) -> Convolution {
    Convolution(layout: layout.resized(to: extent, mostPadded: mostPadded), weights: weights)
  }

  private init(layout: ConvolutionLayout, weights: PackedWeights) {
    self.layout = layout
    self.weights = weights
    let geometry = layout.geometry
    taps = geometry.phases.flatMap { $0.taps.map(\.tap) }
    rowStarts = geometry.rowStarts.map(Int64.init)
    let input = geometry.transform?.input ?? []
    transformFactors = input.count * input.count
    factors = (input + (geometry.transform?.output ?? [[1]])).flatMap { $0.map { Float($0) } }
  }

  /// Convolves.
  ///
  /// - Parameters:
  ///   - source: The input, finished on the way; written back if it says so.
  ///   - addend: Is added to the result, laid out as it, or `nil`.
  ///   - boxes: Are added to parts of the result.
  ///   - destination: Receives the result; may be the source's values when the shapes are the same.
  ///   - scratch: At least `layout.scratchCount` floats.
  ///   - wantsSums: Whether statistics are taken.
  ///   - leastStreamed: A result of so many floats is written past the caches; its numbers are the same.
  ///   - observer: Is called before each slab with the share done; throwing ends the run.
  /// - Returns: For each block of rows of each slice, and output channel, the sum and the sum of squares of the result,
  ///   or nothing.
  /// - Throws: What the observer throws.
  public func run(
    _ source: Features, adding addend: UnsafePointer<Float>? = nil, boxes: [FeatureBox] = [],
    into destination: UnsafeMutablePointer<Float>, scratch: FloatBuffer, wantsSums: Bool = true,
    leastStreamed: Int = Convolution.leastStreamed, observer: (Double) throws -> Void = { _ in }
  ) rethrows -> [Double] {
    let geometry = layout.geometry
    let outputs = layout.outputs
    precondition(
      source.channels == layout.inputs && source.extent == layout.inputExtent, "the source has another shape")
    precondition(scratch.count >= layout.scratchCount, "the scratch memory is too small")
    let cells = geometry.cells
    var slab = ck_slab()
    source.describe(in: &slab)
    slab.isa = Int32(layout.instructionSet.rawValue)
    slab.padded = scratch.pointer
    slab.slots = Int64(layout.memory.slots)
    slab.slot_origin = Int64(-geometry.firstSlice)
    slab.channel_stride = Int64(layout.memory.channelStride)
    slab.slice_stride = Int64(layout.memory.sliceStride)
    slab.column_stride = Int64(geometry.stride.width)
    slab.pitch = Int64(geometry.pitch)
    slab.first_column = Int64(geometry.firstColumn)
    slab.ones_channel = Int64(layout.onesChannel)
    slab.convolved_channels = Int64(layout.inputs + layout.onesChannel)
    slab.depth_stride = Int64(geometry.stride.depth)
    slab.sums_in_double = layout.sumsInDouble ? 1 : 0
    slab.phase_depth = Int64(geometry.factor.depth)
    slab.phase_height = Int64(geometry.factor.height)
    slab.phase_width = Int64(geometry.factor.width)
    slab.output_channels = Int64(outputs)
    slab.output_tiles = Int64(weights.tiles)
    slab.terms = Int64(geometry.transform?.terms ?? 1)
    slab.term_rows = Int64(geometry.transform?.outputs ?? 1)
    slab.result_height = Int64(geometry.resultHeight)
    slab.output_height = Int64(cells.height)
    slab.output_width = Int64(cells.width)
    slab.block_rows = Int64(layout.blockRows)
    slab.kept_rows = Int64(layout.memory.keptRows)
    slab.kept = scratch.pointer + layout.memory.paddedCount
    slab.rooms = slab.kept + layout.memory.keptCount
    slab.room_stride = Int64(layout.roomCount)
    slab.result_start = Int64(layout.planesCount)
    slab.result_plane = Int64(layout.resultPlane)
    slab.result_pitch = Int64(layout.resultPitch)
    slab.addend = addend
    slab.destination = destination
    slab.destination_depth = Int64(layout.outputExtent.depth)
    slab.streams = outputs * layout.outputExtent.count >= leastStreamed ? 1 : 0

    let boxAddends = boxes.map { $0.addend(channels: outputs, within: layout.outputExtent) }
    var sums = [Double](repeating: 0, count: wantsSums ? cells.depth * layout.blocks * outputs * 2 : 0)
    try withTables { taps, starts, factors in
      if geometry.ownPlanes == 0 {
        slab.row_planes = Int64(geometry.rowStarts.count)
        slab.row_step = Int64(geometry.rowStep)
        slab.row_starts = starts
      } else {
        slab.own_planes = Int64(geometry.ownPlanes)
        slab.is_pointwise = geometry.isPointwise ? 1 : 0
        slab.transform_starts = starts
        slab.transform_factors = factors
        slab.own_slots = Int64(geometry.sliceCount)
        slab.own_channel_stride = Int64(layout.planesStride)
        slab.own_slice_stride = Int64(layout.planesSlice)
      }
      slab.output_factors = factors + transformFactors
      var phases: [ck_phase] = []
      var firstTap = 0
      for (index, phase) in geometry.phases.enumerated() {
        phases.append(
          ck_phase(
            taps: taps + firstTap, weights: UnsafePointer(weights.values.pointer + weights.starts[index]),
            bias: phase.takesBias ? UnsafePointer(weights.bias.pointer) : nil, tap_count: Int64(phase.taps.count)))
        firstTap += phase.taps.count
      }
      try withBuffers(phases, boxAddends, &sums) { phases, boxes, sums in
        slab.phases = phases.baseAddress
        slab.boxes = boxes.baseAddress
        slab.box_count = Int64(boxes.count)
        slab.sums = wantsSums ? sums.baseAddress : nil
        for firstRow in stride(from: 0, to: geometry.resultHeight, by: layout.slabRows) {
          let rows = firstRow..<min(firstRow + layout.slabRows, geometry.resultHeight)
          describe(rows, in: &slab)
          var gathered = geometry.firstSlice
          for begin in stride(from: 0, to: cells.depth, by: layout.slabDepth) {
            try observer(
              Double(firstRow * cells.depth + begin * rows.count) / Double(geometry.resultHeight * cells.depth))
            let end = min(begin + layout.slabDepth, cells.depth)
            slab.output_begin = Int64(begin)
            slab.output_end = Int64(end)
            slab.gather_begin = Int64(gathered)
            gathered = (end - 1) * geometry.stride.depth + geometry.firstSlice + geometry.sliceCount
            // Slices that no tap reads must be written back too.
            if end == cells.depth { gathered = max(gathered, layout.inputExtent.depth) }
            slab.gather_end = geometry.isPointwise ? slab.gather_begin : Int64(gathered)
            ck_run_slab(&slab, Int32(layout.threads))
          }
        }
      }
    }
    return sums
  }

  /// Fills in which rows of the results a slab computes, and what these read.
  private func describe(_ rows: Range<Int>, in slab: inout ck_slab) {
    let geometry = layout.geometry
    let planeRows = geometry.planeRows(of: rows)
    let ownRows = geometry.ownRows(of: rows)
    slab.result_begin = Int64(rows.lowerBound)
    slab.result_end = Int64(rows.upperBound)
    slab.plane_start = Int64(planeRows.lowerBound * (geometry.transform == nil ? geometry.rowStep : 1))
    slab.plane_height = Int64(planeRows.count)
    slab.own_begin = Int64(ownRows.lowerBound)
    slab.own_end = Int64(ownRows.upperBound)
  }

  /// Lends the memory of what a run reads beside its weights.
  private func withTables(
    _ body: (UnsafePointer<ck_tap>, UnsafePointer<Int64>, UnsafePointer<Float>) throws -> Void
  ) rethrows {
    try taps.withUnsafeBufferPointer { taps in
      try rowStarts.withUnsafeBufferPointer { starts in
        try factors.withUnsafeBufferPointer { factors in
          guard let taps = taps.baseAddress, let starts = starts.baseAddress, let factors = factors.baseAddress else {
            preconditionFailure("a convolution has taps and rows")
          }
          try body(taps, starts, factors)
        }
      }
    }
  }

  /// Lends three arrays' memory at once.
  private func withBuffers(
    _ phases: [ck_phase], _ boxes: [ck_box], _ sums: inout [Double],
    _ body: (
      UnsafeBufferPointer<ck_phase>, UnsafeBufferPointer<ck_box>, UnsafeMutableBufferPointer<Double>
    ) throws -> Void
  ) rethrows {
    try phases.withUnsafeBufferPointer { phases in
      try boxes.withUnsafeBufferPointer { boxes in
        try sums.withUnsafeMutableBufferPointer { try body(phases, boxes, $0) }
      }
    }
  }
}
