import Testing

@testable import Tensor

/// Convolutions whose slabs have some of the rows only.
struct SlabTests {
  static let shapes =
    ConvolutionTests.shapes + [
      ConvolutionTests.Shape(
        inputs: 12, outputs: 12, kernel: Extent(3, 3, 3), stride: Extent(1, 1, 1), output: Extent(19, 61, 130)),
      ConvolutionTests.Shape(
        inputs: 5, outputs: 48, kernel: Extent(3, 3, 3), stride: Extent(2, 2, 2), output: Extent(9, 131, 97)),
      ConvolutionTests.Shape(
        inputs: 33, outputs: 33, kernel: Extent(3, 5, 3), stride: Extent(1, 1, 1), output: Extent(5, 101, 65)),
      ConvolutionTests.Shape(
        inputs: 3, outputs: 40, kernel: Extent(3, 7, 3), stride: Extent(1, 2, 1), output: Extent(3, 103, 96)),
      ConvolutionTests.Shape(
        inputs: 2, outputs: 40, kernel: Extent(1, 1, 3), stride: Extent(1, 3, 1), output: Extent(3, 190, 80)),
    ]

  /// The result, its sums, and what was written back over the residual.
  private struct Outcome: Equatable {
    var values: [Float]
    var sums: [Double]
    var writtenBack: [Float]
  }

  /// Runs a convolution of a pending map, over its own input if asked.
  private func outcome(
    _ convolution: Convolution, raw: [Float], residual: [Float], addend: [Float], affine: ChannelAffine,
    boxes: [FeatureBox], isInPlace: Bool
  ) throws -> Outcome {
    let values = try FloatBuffer(raw)
    let residualValues = try FloatBuffer(residual)
    let addendValues = try FloatBuffer(addend)
    let result = isInPlace ? values : try FloatBuffer(count: addend.count)
    let scratch = try FloatBuffer(count: convolution.layout.scratchCount)
    for index in scratch.values.indices { scratch.pointer[index] = .nan }
    var source = Features(
      values: values.pointer, channels: convolution.layout.inputs, extent: convolution.layout.inputExtent,
      affine: affine, slope: 0.25)
    source.residual = UnsafePointer(residualValues.pointer)
    source.writeBack = residualValues.pointer
    let sums = try convolution.run(
      source, adding: addendValues.pointer, boxes: boxes, into: result.pointer, scratch: scratch)
    return Outcome(values: Array(result.values), sums: sums, writtenBack: Array(residualValues.values))
  }

  @Test(
    "slabs of some rows give the bytes and the sums of slabs of all rows, also over their own input",
    arguments: shapes, InstructionSet.available)
  func someRows(shape: ConvolutionTests.Shape, set: InstructionSet) throws {
    var random = CaseGenerator(seed: UInt64(shape.inputs * 1000 + shape.outputs))
    let extent = shape.output.multiplied(by: shape.stride)
    let whole = try Convolution(
      weights: random.floats(shape.outputs * shape.inputs * shape.kernel.count), bias: random.floats(shape.outputs),
      weightInputs: shape.inputs, outputs: shape.outputs, kernel: shape.kernel, stride: shape.stride, extent: extent,
      instructionSet: set)
    let raw = random.floats(shape.inputs * extent.count)
    let residual = random.floats(raw.count)
    let addend = random.floats(shape.outputs * shape.output.count)
    let affine = ChannelAffine(
      sums: (0..<shape.inputs).flatMap { _ in [0, Double(extent.count)] }, channels: shape.inputs,
      count: extent.count, gain: random.floats(shape.inputs), offset: random.floats(shape.inputs), epsilon: 1e-5)
    let box = Extent(shape.output.depth, (shape.output.height + 1) / 2, 1)
    let boxes = [
      FeatureBox(
        origin: Extent(0, shape.output.height / 4, 0), extent: box,
        values: try FloatBuffer(random.floats(shape.outputs * box.count)))
    ]
    #expect(whole.layout.slabRows == whole.layout.geometry.resultHeight)
    let expected = try outcome(
      whole, raw: raw, residual: residual, addend: addend, affine: affine, boxes: boxes, isInPlace: false)
    #expect(expected.values.allSatisfy { $0 == $0 })
    // One block a slab, and some of them.
    for most in [1, whole.layout.memory.paddedCount / 4] {
      let some = whole.resized(to: extent, mostPadded: most)
      for isInPlace in shape.inputs == shape.outputs && shape.stride == Extent(repeating: 1) ? [false, true] : [false] {
        let actual = try outcome(
          some, raw: raw, residual: residual, addend: addend, affine: affine, boxes: boxes, isInPlace: isInPlace)
        #expect(actual == expected, "\(some.layout.slabRows) of \(whole.layout.slabRows) rows, in place: \(isInPlace)")
      }
    }
  }

  @Test("the added shapes have several slabs, which keep rows for those below", arguments: InstructionSet.available)
  func several(set: InstructionSet) {
    for shape in Self.shapes.suffix(5) {
      let layout = ConvolutionLayout(
        inputs: shape.inputs, outputs: shape.outputs, kernel: shape.kernel, stride: shape.stride,
        extent: shape.output.multiplied(by: shape.stride), instructionSet: set)
      let some = layout.resized(to: layout.inputExtent, mostPadded: 1)
      #expect(some.slabRows < some.geometry.resultHeight)
      #expect(some.memory.keptRows == some.geometry.rowsBefore)
    }
  }

  @Test(
    "an upsampling step with slabs of some rows gives the bytes of one with slabs of all",
    arguments:
      UpsamplingTests.shapes, InstructionSet.available)
  func upsampling(shape: UpsamplingTests.Shape, set: InstructionSet) throws {
    var random = CaseGenerator(seed: UInt64(shape.inputs * 100 + shape.kernel.depth))
    let coarse = Extent(shape.coarse.depth, 5 * shape.coarse.height + 1, shape.coarse.width)
    let whole = try Convolution(
      weights: random.floats(shape.outputs * shape.middle * shape.kernel.count), weightInputs: shape.middle,
      upsampling: random.floats(shape.inputs * shape.middle * shape.factor.count),
      upsamplingBias: random.floats(shape.middle), inputs: shape.inputs, middle: shape.middle, outputs: shape.outputs,
      kernel: shape.kernel, factor: shape.factor, extent: coarse, instructionSet: set)
    let raw = random.floats(shape.inputs * coarse.count)
    let residual = random.floats(raw.count)
    let addend = random.floats(shape.outputs * whole.layout.outputExtent.count)
    let affine = ChannelAffine(
      sums: (0..<shape.inputs).flatMap { _ in [0, Double(coarse.count)] }, channels: shape.inputs,
      count: coarse.count, gain: random.floats(shape.inputs), offset: random.floats(shape.inputs), epsilon: 1e-5)
    let outcomes = try [whole, whole.resized(to: coarse, mostPadded: 1)].map {
      try outcome(
        $0, raw: raw, residual: residual, addend: addend, affine: affine, boxes: [], isInPlace: false)
    }
    #expect(outcomes[0].values.allSatisfy { $0 == $0 })
    #expect(outcomes[0] == outcomes[1])
  }

  @Test("slabs of some rows report shares that grow, can be stopped at any, and are whole the next time")
  func cancellation() throws {
    struct Stop: Error {}
    var random = CaseGenerator(seed: 7)
    let extent = Extent(24, 40, 40)
    let convolution = try Convolution(
      weights: random.floats(16 * 16 * 27), bias: nil, weightInputs: 16, outputs: 16, kernel: Extent(repeating: 3),
      extent: extent
    ).resized(to: extent, mostPadded: 1)
    #expect(convolution.layout.slabRows < convolution.layout.geometry.resultHeight)
    let raw = random.floats(16 * extent.count)
    let values = try FloatBuffer(raw)
    let source = Features(values: values.pointer, channels: 16, extent: extent)
    let scratch = try FloatBuffer(count: convolution.layout.scratchCount)
    let result = try FloatBuffer(count: values.count)
    var shares: [Double] = []
    _ = convolution.run(source, into: result.pointer, scratch: scratch) { shares.append($0) }
    #expect(shares.first == 0 && shares.allSatisfy { $0 < 1 })
    #expect(zip(shares, shares.dropFirst()).allSatisfy { $0 < $1 })
    let expected = Array(result.values)
    for last in shares.indices {
      var calls = 0
      #expect(throws: Stop.self) {
        _ = try convolution.run(source, into: result.pointer, scratch: scratch) { _ in
          calls += 1
          if calls == last + 1 { throw Stop() }
        }
      }
    }
    _ = try convolution.run(source, into: result.pointer, scratch: scratch)
    #expect(Array(result.values) == expected)
    _ = try convolution.run(source, into: values.pointer, scratch: scratch)
    #expect(Array(values.values) == expected)
  }
}
