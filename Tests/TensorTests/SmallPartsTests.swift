import Foundation
import Testing

@testable import Tensor

struct SmallPartsTests {
  @Test("pooling a pending map averages its finished values")
  func pooling() throws {
    var random = CaseGenerator(seed: 1)
    for cell in [Extent(2, 2, 2), Extent(1, 2, 2), Extent(1, 1, 3), Extent(2, 1, 1)] {
      let extent = Extent(3, 4, 5).multiplied(by: cell)
      let raw = random.floats(2 * extent.count)
      let values = try FloatBuffer(raw)
      let pooled = try FloatBuffer(count: 2 * 60)
      let source = Features(values: values.pointer, channels: 2, extent: extent, slope: 0.5)
      let result = source.pool(cell: cell, into: pooled.pointer)
      #expect(result.extent == Extent(3, 4, 5))
      let finished = Oracle.Map(
        channels: 2, extent: extent, values: raw.map { $0 > 0 ? Double($0) : 0.5 * Double($0) })
      #expect(relativeDifference(pooled.values, Oracle.pool(finished, cell: cell).values) < 1e-6)
    }
  }

  @Test("finishing a map in place applies the norm, the residual and the activation")
  func finishing() throws {
    let values = try FloatBuffer([1, -2, 3, -4])
    let residual = try FloatBuffer([0.5, 0.5, -10, 0.5])
    var source = Features(values: values.pointer, channels: 2, extent: Extent(1, 1, 2), slope: 0.1)
    // Channel 0 has mean 1 and variance 3; channel 1 mean 0 and variance 8.
    source.affine = ChannelAffine(
      sums: [2, 8, 0, 16], channels: 2, count: 2, gain: [2, 1], offset: [1, 0], epsilon: 1)
    source.residual = UnsafePointer(residual.pointer)
    let finished = source.finish(into: values.pointer)
    #expect(finished.isFinished)
    // Channel 0: (x - 1) + 1 + 0.5; channel 1: x / 3 and the residual; negative results times 0.1.
    let expected: [Double] = [1.5, -0.15, -0.9, -0.25 / 3]
    for (actual, wanted) in zip(values.values, expected) { #expect(abs(Double(actual) - wanted) < 1e-6) }
  }

  @Test("statistics of large numbers with a small deviation keep their digits")
  func statistics() throws {
    // A hundred slices of two values, 4095.5 and 4096.5.
    let sums = [[Double]](repeating: [8192, 2 * 4096 * 4096 + 0.5], count: 100).flatMap { $0 }
    let affine = ChannelAffine(sums: sums, channels: 1, count: 200, gain: [1], offset: [0], epsilon: 1e-12)
    #expect(abs(affine.scale[0] - 2) < 1e-6)
    #expect(abs(affine.shift[0] + 8192) < 1e-2)
  }

  @Test("the scan is the recurrence, whatever the sizes and the instruction set", arguments: InstructionSet.available)
  func scan(set: InstructionSet) throws {
    var random = CaseGenerator(seed: 2)
    for (tokens, heads, width, states) in [(1, 1, 1, 1), (7, 3, 5, 6), (40, 2, 24, 32), (9, 4, 3, 17)] {
      let inner = heads * width
      let stride = inner + 2 * states
      let rows = random.floats(tokens * stride).map(Double.init)
      let steps = random.floats(tokens * heads).map { Double(abs($0)) }
      let decay = random.floats(heads).map { Double(-4 * abs($0)) }
      let skip = random.floats(heads).map(Double.init)
      var output = [Double](repeating: .nan, count: tokens * inner)
      SelectiveScan.run(
        rows, rowStride: stride, steps: steps, decay: decay, skip: skip, states: states, into: &output,
        instructionSet: set)
      var largest = 0.0
      for head in 0..<heads {
        var state = [Double](repeating: 0, count: width * states)
        for token in 0..<tokens {
          let step = steps[token * heads + head]
          for p in 0..<width {
            let x = rows[token * stride + head * width + p]
            var y = skip[head] * x
            for n in 0..<states {
              let b = rows[token * stride + inner + n]
              let c = rows[token * stride + inner + states + n]
              state[p * states + n] = exp(step * decay[head]) * state[p * states + n] + step * x * b
              y += state[p * states + n] * c
            }
            let difference = abs(output[token * inner + head * width + p] - y)
            if !(difference <= largest) { largest = difference }
          }
        }
      }
      print("scan of \(tokens) tokens, \(heads) heads of \(width), \(states) states, \(set): \(largest)")
      #expect(largest < 1e-13)
    }
  }

  @Test("OpenBLAS multiplies as the definition says at every small size")
  func products() {
    var random = CaseGenerator(seed: 3)
    for rows in [1, 3, 16, 33] {
      for columns in [1, 7, 32, 65] {
        for inner in [1, 5, 64, 100] {
          let left = random.floats(rows * inner)
          let right = random.floats(columns * inner)
          var result = [Float](repeating: 1, count: rows * columns)
          result.withUnsafeMutableBufferPointer { result in
            left.withUnsafeBufferPointer { left in
              right.withUnsafeBufferPointer { right in
                guard let a = left.baseAddress, let b = right.baseAddress, let c = result.baseAddress else { return }
                MatrixProduct.multiply(
                  a, transposed: b, into: c, rows: rows, columns: columns, inner: inner, accumulate: true)
              }
            }
          }
          for row in 0..<rows {
            for column in 0..<columns {
              let sum = (0..<inner).reduce(1.0) {
                $0 + Double(left[row * inner + $1]) * Double(right[column * inner + $1])
              }
              #expect(abs(Double(result[row * columns + column]) - sum) < 1e-5)
            }
          }
        }
      }
    }
  }

  @Test("memory that the system cannot give is an error that says how much")
  func memory() {
    #expect(throws: TensorError.outOfMemory(bytes: Int.max)) { _ = try FloatBuffer(count: Int.max / 2) }
    #expect(throws: TensorError.self) { _ = try FloatBuffer(count: 1 << 55) }
  }
}
