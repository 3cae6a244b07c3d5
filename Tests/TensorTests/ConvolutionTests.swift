import Testing

@testable import Tensor

struct ConvolutionTests {
  /// One shape of a convolution.
  struct Shape: Sendable, CustomTestStringConvertible {
    var inputs: Int
    var outputs: Int
    var kernel: Extent
    var stride: Extent
    var output: Extent

    var testDescription: String {
      "\(inputs) to \(outputs), kernel \(kernel.array), stride \(stride.array), output \(output.array)"
    }
  }

  static let shapes = [
    Shape(inputs: 1, outputs: 1, kernel: Extent(1, 1, 1), stride: Extent(1, 1, 1), output: Extent(1, 1, 1)),
    Shape(inputs: 1, outputs: 5, kernel: Extent(3, 3, 3), stride: Extent(1, 1, 1), output: Extent(4, 5, 6)),
    Shape(inputs: 3, outputs: 8, kernel: Extent(3, 3, 3), stride: Extent(1, 1, 1), output: Extent(3, 7, 33)),
    Shape(inputs: 17, outputs: 9, kernel: Extent(1, 3, 3), stride: Extent(1, 1, 1), output: Extent(5, 3, 16)),
    Shape(inputs: 5, outputs: 12, kernel: Extent(3, 1, 5), stride: Extent(1, 1, 1), output: Extent(6, 4, 7)),
    Shape(inputs: 4, outputs: 6, kernel: Extent(3, 3, 3), stride: Extent(2, 2, 2), output: Extent(3, 5, 9)),
    Shape(inputs: 2, outputs: 7, kernel: Extent(3, 3, 3), stride: Extent(1, 2, 2), output: Extent(4, 1, 17)),
    Shape(inputs: 6, outputs: 3, kernel: Extent(1, 1, 1), stride: Extent(2, 2, 2), output: Extent(2, 3, 4)),
    Shape(inputs: 3, outputs: 4, kernel: Extent(5, 3, 7), stride: Extent(3, 1, 2), output: Extent(2, 4, 5)),
    Shape(inputs: 2, outputs: 2, kernel: Extent(3, 3, 3), stride: Extent(4, 4, 3), output: Extent(2, 2, 2)),
    Shape(inputs: 9, outputs: 24, kernel: Extent(3, 3, 3), stride: Extent(1, 1, 1), output: Extent(1, 1, 1)),
    Shape(inputs: 40, outputs: 16, kernel: Extent(3, 3, 3), stride: Extent(1, 1, 1), output: Extent(2, 9, 50)),
    // Rows of one vector or a few, which are taken one by one; more rows than a block has.
    Shape(inputs: 24, outputs: 16, kernel: Extent(3, 3, 3), stride: Extent(1, 1, 1), output: Extent(5, 29, 16)),
    Shape(inputs: 9, outputs: 24, kernel: Extent(3, 3, 3), stride: Extent(1, 1, 1), output: Extent(3, 40, 64)),
    Shape(inputs: 260, outputs: 264, kernel: Extent(3, 3, 3), stride: Extent(1, 1, 1), output: Extent(1, 24, 16)),
    Shape(inputs: 36, outputs: 8, kernel: Extent(3, 3, 3), stride: Extent(2, 2, 2), output: Extent(1, 70, 48)),
    Shape(inputs: 33, outputs: 9, kernel: Extent(1, 1, 1), stride: Extent(1, 1, 1), output: Extent(2, 90, 96)),
  ]

  @Test(
    "a convolution of a pending map is the oracle's, with its sums, on every instruction set",
    arguments: shapes, InstructionSet.available)
  func convolution(shape: Shape, set: InstructionSet) throws {
    var random = CaseGenerator(seed: UInt64(shape.inputs * 1000 + shape.outputs))
    let extent = shape.output.multiplied(by: shape.stride)
    let raw = random.floats(shape.inputs * extent.count)
    let residual = random.floats(raw.count)
    let gain = random.floats(shape.inputs)
    let offset = random.floats(shape.inputs)
    let weights = random.floats(shape.outputs * shape.inputs * shape.kernel.count)
    let bias = random.floats(shape.outputs)
    let addend = random.floats(shape.outputs * shape.output.count)

    let convolution = try Convolution(
      weights: weights, bias: bias, weightInputs: shape.inputs, outputs: shape.outputs, kernel: shape.kernel,
      stride: shape.stride, extent: extent, instructionSet: set)
    #expect(convolution.layout.outputExtent == shape.output)
    let values = try FloatBuffer(raw)
    let residualValues = try FloatBuffer(residual)
    let addendValues = try FloatBuffer(addend)
    let result = try FloatBuffer(count: addend.count)
    let scratch = try FloatBuffer(count: convolution.layout.scratchCount)
    for index in scratch.values.indices { scratch.pointer[index] = .nan }
    // Norms of sum 0 and mean square 1 are gain and offset themselves.
    let sums = (0..<shape.inputs).flatMap { _ in [0, Double(extent.count) * (1 - 1e-5)] }
    var source = Features(values: values.pointer, channels: shape.inputs, extent: extent, slope: 0.25)
    source.affine = ChannelAffine(
      sums: sums, channels: shape.inputs, count: extent.count, gain: gain, offset: offset, epsilon: 1e-5)
    source.residual = UnsafePointer(residualValues.pointer)
    source.writeBack = residualValues.pointer
    let stored = try convolution.run(
      source, adding: addendValues.pointer, into: result.pointer, scratch: scratch)

    var finished = Oracle.Map(channels: shape.inputs, extent: extent)
    for index in raw.indices {
      let channel = index / extent.count
      let value = Double(raw[index]) * Double(gain[channel]) + Double(offset[channel]) + Double(residual[index])
      finished.values[index] = value > 0 ? value : 0.25 * value
    }
    var expected = Oracle.convolve(
      finished, weights: weights, bias: bias, outputs: shape.outputs, kernel: shape.kernel, stride: shape.stride)
    for index in expected.values.indices { expected.values[index] += Double(addend[index]) }
    let difference = relativeDifference(result.values, expected.values)
    let written = relativeDifference(residualValues.values, finished.values)
    print("\(shape.testDescription), \(set): largest relative differences \(difference), written back \(written)")
    #expect(difference < 1e-6)
    #expect(written < 1e-6)
    for channel in 0..<shape.outputs {
      var sum = 0.0
      var squares = 0.0
      // Those of each slice, and of each block of rows: how many there are is the layout's choice.
      #expect(stored.count >= shape.output.depth * shape.outputs * 2)
      for part in stride(from: 0, to: stored.count, by: shape.outputs * 2) {
        sum += stored[part + channel * 2]
        squares += stored[part + channel * 2 + 1]
      }
      let part = result.values[(channel * shape.output.count)..<((channel + 1) * shape.output.count)]
      // Another order of summing changes the last digits.
      let squared = part.reduce(0) { $0 + Double($1) * Double($1) }
      let tolerance = max(1e-9, 1e-13 * squared)
      #expect(abs(sum - part.reduce(0) { $0 + Double($1) }) < tolerance)
      #expect(abs(squares - squared) < tolerance)
    }
  }

  @Test(
    "a convolution with sums in double precision is the oracle's, rounded", arguments: shapes, InstructionSet.available)
  func sumsInDouble(shape: Shape, set: InstructionSet) throws {
    var random = CaseGenerator(seed: UInt64(shape.inputs * 1000 + shape.outputs))
    let extent = shape.output.multiplied(by: shape.stride)
    let raw = random.floats(shape.inputs * extent.count)
    let weights = random.floats(shape.outputs * shape.inputs * shape.kernel.count)
    let bias = random.floats(shape.outputs)
    let convolution = try Convolution(
      weights: weights, bias: bias, weightInputs: shape.inputs, outputs: shape.outputs, kernel: shape.kernel,
      stride: shape.stride, extent: extent, instructionSet: set, mostWorkInDouble: .max)
    let values = try FloatBuffer(raw)
    let result = try FloatBuffer(count: shape.outputs * shape.output.count)
    let scratch = try FloatBuffer(count: convolution.layout.scratchCount)
    for index in scratch.values.indices { scratch.pointer[index] = .nan }
    _ = try convolution.run(
      Features(values: values.pointer, channels: shape.inputs, extent: extent), into: result.pointer, scratch: scratch)
    let expected = Oracle.convolve(
      Oracle.Map(channels: shape.inputs, extent: extent, values: raw.map(Double.init)), weights: weights, bias: bias,
      outputs: shape.outputs, kernel: shape.kernel, stride: shape.stride)
    // Half the distance of two neighbouring numbers, and what is left of the order of summation.
    for (actual, exact) in zip(result.values, expected.values) {
      #expect(abs(Double(actual) - exact) <= 0.5 * Double(Float(exact).ulp) + 1e-12)
    }
  }

  @Test("a convolution over its own input gives the bytes of one beside it", arguments: InstructionSet.available)
  func inPlace(set: InstructionSet) throws {
    var random = CaseGenerator(seed: 5)
    let extent = Extent(40, 61, 65)
    let convolution = try Convolution(
      weights: random.floats(24 * 24 * 45), bias: nil, weightInputs: 24, outputs: 24, kernel: Extent(5, 3, 3),
      extent: extent, instructionSet: set)
    #expect(convolution.layout.slabDepth < extent.depth, "the case has several slabs")
    let values = try FloatBuffer(random.floats(24 * extent.count))
    let beside = try FloatBuffer(count: values.count)
    let scratch = try FloatBuffer(count: convolution.layout.scratchCount)
    let source = Features(values: values.pointer, channels: 24, extent: extent)
    let sums = try convolution.run(source, into: beside.pointer, scratch: scratch)
    let sumsInPlace = try convolution.run(source, into: values.pointer, scratch: scratch)
    #expect(Array(values.values) == Array(beside.values))
    #expect(sums == sumsInPlace)
  }

  @Test(
    "a result written past the caches has the bytes and the sums of an ordinary one", arguments: shapes,
    InstructionSet.available)
  func streamed(shape: Shape, set: InstructionSet) throws {
    var random = CaseGenerator(seed: UInt64(shape.inputs * 1000 + shape.outputs))
    // Rows of 16 are aligned throughout, others in part.
    for width in [shape.output.width, 16, 48, 67] {
      let output = Extent(shape.output.depth, shape.output.height, width)
      let extent = output.multiplied(by: shape.stride)
      let convolution = try Convolution(
        weights: random.floats(shape.outputs * shape.inputs * shape.kernel.count), bias: random.floats(shape.outputs),
        weightInputs: shape.inputs, outputs: shape.outputs, kernel: shape.kernel, stride: shape.stride, extent: extent,
        instructionSet: set)
      let values = try FloatBuffer(random.floats(shape.inputs * extent.count))
      let addend = try FloatBuffer(random.floats(shape.outputs * output.count))
      let scratch = try FloatBuffer(count: convolution.layout.scratchCount)
      let source = Features(values: values.pointer, channels: shape.inputs, extent: extent)
      func result(leastStreamed: Int) throws -> (values: [Float], sums: [Double]) {
        let result = try FloatBuffer(count: addend.count)
        for index in result.values.indices { result.pointer[index] = .nan }
        let sums = try convolution.run(
          source, adding: addend.pointer, into: result.pointer, scratch: scratch, leastStreamed: leastStreamed)
        return (Array(result.values), sums)
      }
      let ordinary = try result(leastStreamed: .max)
      let streamed = try result(leastStreamed: 0)
      #expect(ordinary.values.allSatisfy { $0 == $0 })
      #expect(streamed.values == ordinary.values)
      #expect(streamed.sums == ordinary.sums)
    }
  }

  @Test("half of a concatenation's weights, and the other half added, are the whole")
  func halves() throws {
    var random = CaseGenerator(seed: 6)
    let extent = Extent(4, 6, 10)
    let kernel = Extent(repeating: 3)
    let weights = random.floats(5 * 7 * 27)
    let bias = random.floats(5)
    let first = random.floats(3 * extent.count)
    let second = random.floats(4 * extent.count)
    func half(_ values: [Float], _ range: Range<Int>, bias: [Float]?, adding: FloatBuffer?) throws -> FloatBuffer {
      let convolution = try Convolution(
        weights: weights, bias: bias, weightInputs: 7, range: range, outputs: 5, kernel: kernel, extent: extent)
      let buffer = try FloatBuffer(values)
      let result = try FloatBuffer(count: 5 * extent.count)
      let scratch = try FloatBuffer(count: convolution.layout.scratchCount)
      _ = try convolution.run(
        Features(values: buffer.pointer, channels: range.count, extent: extent),
        adding: adding.map { UnsafePointer($0.pointer) }, into: result.pointer, scratch: scratch)
      return result
    }
    let skip = try half(second, 3..<7, bias: bias, adding: nil)
    let whole = try half(first, 0..<3, bias: nil, adding: skip)
    let expected = Oracle.convolve(
      Oracle.Map(channels: 7, extent: extent, values: (first + second).map(Double.init)), weights: weights, bias: bias,
      outputs: 5, kernel: kernel, stride: Extent(repeating: 1))
    let difference = relativeDifference(whole.values, expected.values)
    print("halves: largest relative difference \(difference)")
    #expect(difference < 1e-6)
  }

  @Test("an observer that throws ends a run, and the next run is whole")
  func cancellation() throws {
    struct Stop: Error {}
    var random = CaseGenerator(seed: 7)
    let extent = Extent(64, 40, 40)
    let convolution = try Convolution(
      weights: random.floats(16 * 16 * 27), bias: nil, weightInputs: 16, outputs: 16, kernel: Extent(repeating: 3),
      extent: extent)
    let values = try FloatBuffer(random.floats(16 * extent.count))
    let source = Features(values: values.pointer, channels: 16, extent: extent)
    let scratch = try FloatBuffer(count: convolution.layout.scratchCount)
    let result = try FloatBuffer(count: values.count)
    _ = try convolution.run(source, into: result.pointer, scratch: scratch)
    let expected = Array(result.values)
    var calls = 0
    #expect(throws: Stop.self) {
      _ = try convolution.run(source, into: result.pointer, scratch: scratch) { _ in
        calls += 1
        if calls == 2 { throw Stop() }
      }
    }
    #expect(calls == 2)
    _ = try convolution.run(source, into: result.pointer, scratch: scratch)
    #expect(Array(result.values) == expected)
  }

  @Test("boxes are added where they lie")
  func boxes() throws {
    var random = CaseGenerator(seed: 8)
    let extent = Extent(5, 6, 21)
    let weights = random.floats(3 * 2)
    let convolution = try Convolution(
      weights: weights, bias: nil, weightInputs: 2, outputs: 3, kernel: Extent(repeating: 1), extent: extent)
    let values = try FloatBuffer(random.floats(2 * extent.count))
    let scratch = try FloatBuffer(count: convolution.layout.scratchCount)
    let plain = try FloatBuffer(count: 3 * extent.count)
    let boxed = try FloatBuffer(count: 3 * extent.count)
    let source = Features(values: values.pointer, channels: 2, extent: extent)
    let boxes = try [(Extent(1, 0, 4), Extent(3, 2, 9)), (Extent(2, 1, 10), Extent(3, 5, 11))].map { origin, size in
      FeatureBox(origin: origin, extent: size, values: try FloatBuffer(random.floats(3 * size.count)))
    }
    _ = try convolution.run(source, into: plain.pointer, scratch: scratch)
    _ = try convolution.run(source, boxes: boxes, into: boxed.pointer, scratch: scratch)
    var expected = Oracle.Map(channels: 3, extent: extent, values: plain.values.map(Double.init))
    for box in boxes {
      let inner = Oracle.Map(channels: 3, extent: box.extent, values: box.values.values.map(Double.init))
      for channel in 0..<3 {
        inner.forEachVoxel { depth, height, width in
          guard
            let from = inner.position(channel, depth, height, width),
            let to = expected.position(
              channel, box.origin.depth + depth, box.origin.height + height, box.origin.width + width)
          else { return }
          expected.values[to] += inner.values[from]
        }
      }
    }
    #expect(relativeDifference(boxed.values, expected.values) < 1e-6)
  }
}
