import Testing

@testable import Tensor

struct UpsamplingTests {
  /// One shape of an upsampling step.
  struct Shape: Sendable, CustomTestStringConvertible {
    var inputs: Int
    var middle: Int
    var outputs: Int
    var kernel: Extent
    var factor: Extent
    var coarse: Extent

    var testDescription: String {
      "\(inputs) to \(middle) to \(outputs), kernel \(kernel.array), factor \(factor.array), coarse \(coarse.array)"
    }
  }

  static let shapes = [
    Shape(
      inputs: 3, middle: 2, outputs: 4, kernel: Extent(3, 3, 3), factor: Extent(2, 2, 2), coarse: Extent(3, 4, 5)),
    Shape(
      inputs: 9, middle: 5, outputs: 5, kernel: Extent(3, 3, 3), factor: Extent(2, 2, 2), coarse: Extent(1, 2, 19)),
    Shape(
      inputs: 4, middle: 3, outputs: 3, kernel: Extent(3, 3, 3), factor: Extent(1, 2, 2), coarse: Extent(4, 1, 3)),
    Shape(
      inputs: 4, middle: 3, outputs: 3, kernel: Extent(3, 3, 3), factor: Extent(1, 1, 1), coarse: Extent(2, 3, 4)),
    Shape(
      inputs: 2, middle: 3, outputs: 2, kernel: Extent(5, 1, 3), factor: Extent(2, 1, 3), coarse: Extent(3, 4, 2)),
    Shape(
      inputs: 2, middle: 1, outputs: 2, kernel: Extent(1, 1, 1), factor: Extent(2, 4, 2), coarse: Extent(2, 2, 2)),
    Shape(
      inputs: 16, middle: 8, outputs: 8, kernel: Extent(3, 3, 3), factor: Extent(2, 2, 2), coarse: Extent(2, 8, 24)),
    Shape(
      inputs: 24, middle: 8, outputs: 8, kernel: Extent(3, 3, 3), factor: Extent(2, 2, 2), coarse: Extent(3, 19, 16)),
    Shape(
      inputs: 9, middle: 4, outputs: 12, kernel: Extent(3, 3, 3), factor: Extent(2, 2, 2), coarse: Extent(4, 33, 32)),
  ]

  @Test(
    "one step from the coarse grid is the transposed convolution and the convolution of the concatenation",
    arguments: shapes, InstructionSet.available)
  func upsampling(shape: Shape, set: InstructionSet) throws {
    var random = CaseGenerator(seed: UInt64(shape.inputs * 100 + shape.kernel.depth))
    let fine = shape.coarse.multiplied(by: shape.factor)
    let coarse = random.floats(shape.inputs * shape.coarse.count)
    let skip = random.floats(shape.middle * fine.count)
    let weights = random.floats(shape.outputs * 2 * shape.middle * shape.kernel.count)
    let bias = random.floats(shape.outputs)
    let upsampling = random.floats(shape.inputs * shape.middle * shape.factor.count)
    let upsamplingBias = random.floats(shape.middle)

    let up = try Convolution(
      weights: weights, weightInputs: 2 * shape.middle, upsampling: upsampling, upsamplingBias: upsamplingBias,
      inputs: shape.inputs, middle: shape.middle, outputs: shape.outputs, kernel: shape.kernel, factor: shape.factor,
      extent: shape.coarse, instructionSet: set)
    let side = try Convolution(
      weights: weights, bias: bias, weightInputs: 2 * shape.middle, range: shape.middle..<2 * shape.middle,
      outputs: shape.outputs, kernel: shape.kernel, extent: fine, instructionSet: set)
    #expect(up.layout.outputExtent == fine)
    let coarseValues = try FloatBuffer(coarse)
    let skipValues = try FloatBuffer(skip)
    let half = try FloatBuffer(count: shape.outputs * fine.count)
    let result = try FloatBuffer(count: half.count)
    let scratch = try FloatBuffer(count: max(up.layout.scratchCount, side.layout.scratchCount))
    for index in scratch.values.indices { scratch.pointer[index] = .nan }
    _ = try side.run(
      Features(values: skipValues.pointer, channels: shape.middle, extent: fine), into: half.pointer, scratch: scratch)
    let sums = try up.run(
      Features(values: coarseValues.pointer, channels: shape.inputs, extent: shape.coarse), adding: half.pointer,
      into: result.pointer, scratch: scratch)
    let streamed = try FloatBuffer(count: half.count)
    let streamedSums = try up.run(
      Features(values: coarseValues.pointer, channels: shape.inputs, extent: shape.coarse), adding: half.pointer,
      into: streamed.pointer, scratch: scratch, leastStreamed: 0)
    #expect(Array(streamed.values) == Array(result.values) && streamedSums == sums)

    let middle = Oracle.upsample(
      Oracle.Map(channels: shape.inputs, extent: shape.coarse, values: coarse.map(Double.init)), weights: upsampling,
      bias: upsamplingBias, outputs: shape.middle, factor: shape.factor)
    let expected = Oracle.convolve(
      Oracle.concatenate(middle, Oracle.Map(channels: shape.middle, extent: fine, values: skip.map(Double.init))),
      weights: weights, bias: bias, outputs: shape.outputs, kernel: shape.kernel, stride: Extent(repeating: 1))
    let difference = relativeDifference(result.values, expected.values)
    print("\(shape.testDescription), \(set): largest relative difference \(difference)")
    #expect(difference < 1e-6)
    let total = stride(from: 0, to: sums.count, by: 2).reduce(0) { $0 + sums[$1] }
    #expect(abs(total - result.values.reduce(0) { $0 + Double($1) }) < 1e-8)
  }
}
