/// A convolution's shapes, work and memory, known before its weights.
public struct ConvolutionLayout {
  /// Channels of the source.
  public let inputs: Int
  /// Channels of the result.
  public let outputs: Int
  /// The size of the source.
  public let inputExtent: Extent
  /// The size of the result.
  public let outputExtent: Extent
  /// Multiply-accumulates of one run, those that are executed.
  public let multiplyAccumulates: Int
  /// Floats of scratch memory that one run needs.
  public let scratchCount: Int
  /// Floats of scratch memory that a run takes at most unless one slice takes more.
  public static let mostScratch = 1 << 21
  /// Floats of packed weights.
  public let weightCount: Int

  /// The instruction set that runs it.
  let instructionSet: InstructionSet
  /// Whether products are summed in double precision.
  let sumsInDouble: Bool
  let geometry: ConvolutionGeometry
  /// 1 for an upsampling step: a channel that is 1 inside the coarse grid and 0 outside.
  let onesChannel: Int
  /// Slices of output (before upsampling) of one slab.
  let slabDepth: Int
  /// Rows of the results of one slab, some of the blocks.
  let slabRows: Int
  /// What scratch memory holds.
  let memory: SlabMemory
  /// Rows of the results that a thread convolves and then stores.
  let blockRows: Int
  /// Floats between the rows of the planes that taps read, and those of the results.
  let resultPitch: Int
  /// Floats of a thread's own planes of one channel and slice.
  let planesSlice: Int
  /// Floats between a thread's own planes of one channel and those of the next.
  let planesStride: Int
  /// Floats of a thread's own planes.
  let planesCount: Int
  /// Floats between the results of one output channel and those of the next.
  let resultPlane: Int
  /// Floats that a thread works in.
  let roomCount: Int
  /// Threads that there is room for.
  let threads: Int

  /// Floats that a thread works in, unless rows would be too short for the kernel: a quarter of an ordinary second cache,
  /// which holds weights too. Half of it changes nothing on processors with half of that cache. A pointwise convolution
  /// has four times as much: it reads each value once, and long pieces of a channel faster than short ones.
  private static let mostRoom = 1 << 17

  /// Floats of a slab's padded slices, where a slab does not have all rows: three quarters of an ordinary outer cache. With
  /// fewer rows there are more slabs, and more of what one core padded is fetched by another. Slabs have all rows where a
  /// few whole slices take three times as much, or less.
  public static let mostPadded = 3 << 21

  /// How scratch memory is shared out: padded slices, then rows that are kept for the slabs below, then the threads' rooms.
  struct SlabMemory {
    /// Padded slices of each channel.
    var slots: Int
    /// Floats of one padded slice.
    var sliceStride: Int
    /// Floats between the padded slices of one channel and those of the next.
    var channelStride: Int
    /// Floats of all padded slices.
    var paddedCount: Int
    /// Rows of each of the source's slices that are kept; none where a slab has all rows.
    var keptRows: Int
    /// Floats of these.
    var keptCount: Int
  }

  /// Lays out a convolution with padding `(kernel - 1) / 2`.
  ///
  /// - Parameters:
  ///   - inputs: Input channels.
  ///   - outputs: Output channels.
  ///   - kernel: Odd sizes.
  ///   - stride: Divides `extent`.
  ///   - extent: The size of the source.
  ///   - instructionSet: One that the processor has.
  ///   - mostWorkInDouble: A convolution of at most so many multiply-accumulates sums its products in double precision.
  public init(
    inputs: Int, outputs: Int, kernel: Extent, stride: Extent = Extent(repeating: 1), extent: Extent,
    instructionSet: InstructionSet = .best, mostWorkInDouble: Int = 0
  ) {
    let work = extent.divided(by: stride).count * kernel.count * inputs * outputs
    let sumsInDouble = work <= mostWorkInDouble
    let geometries = (sumsInDouble ? [false] : [false, true]).map {
      ConvolutionGeometry(kernel: kernel, stride: stride, input: extent, transformsRows: $0)
    }
    self.init(
      geometry: Self.leanest(geometries), inputs: inputs, onesChannel: 0, outputs: outputs, extent: extent,
      instructionSet: instructionSet, sumsInDouble: sumsInDouble)
  }

  /// Lays out an upsampling step: a transposed convolution (kernel = stride = factor) and the convolution of its output.
  ///
  /// - Parameters:
  ///   - inputs: Channels of the coarse grid.
  ///   - outputs: Output channels.
  ///   - kernel: Odd sizes of the convolution.
  ///   - factor: Upsampling factors.
  ///   - extent: The size of the coarse grid.
  ///   - instructionSet: One that the processor has.
  public init(
    inputs: Int, outputs: Int, kernel: Extent, factor: Extent, extent: Extent, instructionSet: InstructionSet = .best
  ) {
    let geometries = [false, true].map {
      ConvolutionGeometry(kernel: kernel, factor: factor, coarse: extent, transformsRows: $0)
    }
    self.init(
      geometry: Self.leanest(geometries), inputs: inputs, onesChannel: 1, outputs: outputs, extent: extent,
      instructionSet: instructionSet, sumsInDouble: false)
  }

  /// The first of those that take the fewest products.
  private static func leanest(_ geometries: [ConvolutionGeometry]) -> ConvolutionGeometry {
    geometries.dropFirst().reduce(geometries[0]) { $1.productsPerColumn < $0.productsPerColumn ? $1 : $0 }
  }

  /// The same layout for a source of another size.
  func resized(to extent: Extent, mostPadded: Int) -> ConvolutionLayout {
    ConvolutionLayout(
      geometry: geometry.resized(to: extent), inputs: inputs, onesChannel: onesChannel, outputs: outputs,
      extent: extent, instructionSet: instructionSet, sumsInDouble: sumsInDouble, mostPadded: mostPadded)
  }

  private init(
    geometry: ConvolutionGeometry, inputs: Int, onesChannel: Int, outputs: Int, extent: Extent,
    instructionSet: InstructionSet, sumsInDouble: Bool, mostPadded: Int = Self.mostPadded
  ) {
    self.instructionSet = instructionSet
    self.sumsInDouble = sumsInDouble
    self.geometry = geometry
    self.inputs = inputs
    self.onesChannel = onesChannel
    self.outputs = outputs
    inputExtent = extent
    outputExtent = geometry.cells.multiplied(by: geometry.factor)
    let tapCount = geometry.phases.reduce(0) { $0 + $1.taps.count }
    let channels = inputs + onesChannel
    let perSlice = geometry.productsPerColumn * geometry.cells.width * channels * outputs
    multiplyAccumulates = perSlice * geometry.cells.depth

    let set = instructionSet
    let tileOutputs = (outputs + set.tileChannels - 1) / set.tileChannels * set.tileChannels
    weightCount = tapCount * channels * tileOutputs
    let resultChannels = geometry.phases.count * tileOutputs
    let rowsOfRoom = channels * geometry.sliceCount * geometry.ownPlanes + resultChannels
    // Rows of one vector are taken one by one, two tiles of them; longer ones, and those shorter than that, joined.
    let longEnough =
      geometry.cells.width > set.tileRun / set.tileVectors
      ? (set.tileRun / 2 + geometry.paddedWidth - 1) / geometry.paddedWidth : 2 * set.tileVectors
    let few = (geometry.isPointwise ? 4 : 1) * Self.mostRoom / (rowsOfRoom * geometry.paddedWidth)
    blockRows = Self.even(rows: max(longEnough, few), of: geometry.resultHeight)
    resultPitch = geometry.resultPitch(rows: blockRows)
    planesSlice = geometry.ownPlanes * blockRows * resultPitch
    // The kernel's last vectors read beyond the last channel.
    let beyond = 256
    planesStride = Self.spread(geometry.sliceCount * planesSlice)
    planesCount = geometry.ownPlanes == 0 ? 0 : channels * planesStride + beyond
    resultPlane = Self.spread((blockRows - 1) * resultPitch + geometry.cells.width + set.tileRun)
    roomCount = planesCount + resultChannels * resultPlane
    threads = Threads.count
    let rooms = threads * roomCount
    func memory(rows: Int, depth: Int) -> (parts: SlabMemory, total: Int) {
      let slots = depth * geometry.stride.depth + geometry.sliceCount - 1
      let sliceStride = geometry.sliceStride(results: rows)
      let channelStride = Self.spread(slots * sliceStride)
      let padded = geometry.isPointwise ? 0 : channels * channelStride + beyond
      let keptRows = rows < geometry.resultHeight ? geometry.rowsBefore : 0
      let kept = Self.wholeLines(channels * extent.depth * keptRows * extent.width)
      let parts = SlabMemory(
        slots: slots, sliceStride: sliceStride, channelStride: channelStride, paddedCount: padded, keptRows: keptRows,
        keptCount: kept)
      return (parts, padded + kept + rooms)
    }
    // Where a few whole slices are far larger than the outer cache, a slab has some rows of more slices instead. What a
    // slab keeps of its own rows is all that the one below reads of the rows before its own.
    let fewSlices = min(geometry.transform == nil ? 4 : 8, geometry.cells.depth)
    var leastDepth = geometry.transform == nil ? 1 : 8
    var rows = geometry.resultHeight
    if memory(rows: rows, depth: fewSlices).parts.paddedCount > 3 * mostPadded {
      leastDepth = fewSlices
      var count = (rows + blockRows - 1) / blockRows
      while count > 1, memory(rows: rows, depth: fewSlices).parts.paddedCount > mostPadded {
        count = Self.fewer(blocks: count)
        guard geometry.ownRows(of: 0..<count * blockRows).count >= geometry.rowsBefore else { break }
        rows = count * blockRows
      }
    }
    slabRows = rows
    // As many slices as stay in the outer cache and end within a fraction of a second; where rows are transformed, some
    // more, for what a block's first slices read is transformed for every slab.
    let perSlabSlice = perSlice / geometry.resultHeight * rows
    var depth = 1
    while depth < geometry.cells.depth, perSlabSlice * (depth + 1) <= 12_000_000_000,
      memory(rows: rows, depth: depth + 1).total <= (depth < leastDepth ? 8 : 1) * Self.mostScratch
    {
      depth += 1
    }
    slabDepth = depth
    let chosen = memory(rows: rows, depth: depth)
    self.memory = chosen.parts
    scratchCount = chosen.total
  }

  /// Blocks of rows of a slice.
  var blocks: Int { (geometry.resultHeight + blockRows - 1) / blockRows }

  /// At most so many rows a block that threads have as many blocks as each other, or nearly: two of them, or a multiple of
  /// four. It does not depend on how many threads there are, for statistics are summed by blocks.
  private static func even(rows: Int, of height: Int) -> Int {
    let blocks = (height + rows - 1) / rows
    guard blocks > 1, rows > 1 else { return min(rows, height) }
    let wanted = blocks == 2 ? 2 : (blocks + 3) / 4 * 4
    return (height + wanted - 1) / wanted
  }

  /// The next smaller number of blocks that threads have as many of as each other: a multiple of four, or two, or one.
  private static func fewer(blocks: Int) -> Int {
    blocks > 4 ? (blocks - 1) / 4 * 4 : max(1, (blocks - 1) / 2 * 2)
  }

  /// The next count of whole cache lines that is odd, so that channels do not fall on the same cache sets.
  private static func spread(_ count: Int) -> Int {
    ((count + 15) / 16 | 1) * 16
  }

  private static func wholeLines(_ count: Int) -> Int { (count + 15) / 16 * 16 }
}
