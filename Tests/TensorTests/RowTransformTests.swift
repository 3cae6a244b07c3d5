import Testing

@testable import Tensor

struct RowTransformTests {
  @Test("a transform's outputs are the filter's", arguments: [2, 3])
  func filter(taps: Int) throws {
    let transform = try #require(RowTransform.filter(taps: taps))
    #expect(transform.terms == transform.outputs + taps - 1)
    var random = CaseGenerator(seed: UInt64(taps))
    let values = random.floats(transform.terms).map(Double.init)
    let weights = random.floats(taps).map(Double.init)
    func product(_ matrix: [[Double]], _ vector: [Double]) -> [Double] {
      matrix.map { row in zip(row, vector).reduce(0) { $0 + $1.0 * $1.1 } }
    }
    let products = zip(product(transform.filter, weights), product(transform.input, values)).map { $0 * $1 }
    for (index, output) in product(transform.output, products).enumerated() {
      let expected = weights.indices.reduce(0) { $0 + weights[$1] * values[index + $1] }
      #expect(abs(output - expected) < 1e-14)
    }
  }

  @Test("a transform's factors are exact in single precision, and one term is in every output once", arguments: [2, 3])
  func factors(taps: Int) throws {
    let transform = try #require(RowTransform.filter(taps: taps))
    for factor in (transform.input + transform.output).joined() { #expect(Double(Float(factor)) == factor) }
    for row in transform.output { #expect(row[transform.commonTerm] == 1) }
  }

  @Test(
    "a convolution of transformed rows is the oracle's for every number of rows, also resized",
    arguments: 1...9, InstructionSet.available)
  func rows(height: Int, set: InstructionSet) throws {
    var random = CaseGenerator(seed: UInt64(height))
    let kernel = Extent(repeating: 3)
    let weights = random.floats(5 * 3 * 27)
    let bias = random.floats(5)
    let extent = Extent(2, height, 18)
    // Packed for a size that is worth the transform.
    let convolution = try Convolution(
      weights: weights, bias: bias, weightInputs: 3, outputs: 5, kernel: kernel, extent: Extent(2, 16, 8),
      instructionSet: set
    ).resized(to: extent)
    let values = random.floats(3 * extent.count)
    let source = try FloatBuffer(values)
    let result = try FloatBuffer(count: 5 * extent.count)
    let scratch = try FloatBuffer(count: convolution.layout.scratchCount)
    for index in scratch.values.indices { scratch.pointer[index] = .nan }
    _ = try convolution.run(
      Features(values: source.pointer, channels: 3, extent: extent), into: result.pointer, scratch: scratch)
    let expected = Oracle.convolve(
      Oracle.Map(channels: 3, extent: extent, values: values.map(Double.init)), weights: weights, bias: bias,
      outputs: 5,
      kernel: kernel, stride: Extent(repeating: 1))
    let difference = relativeDifference(result.values, expected.values)
    print("\(height) rows, \(set): largest relative difference \(difference)")
    #expect(difference < 1e-6)
  }
}
