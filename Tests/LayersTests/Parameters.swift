import Layers

/// Parameters given by name, for small layers.
struct Parameters: ParameterSource {
  struct Missing: Error, Equatable {
    var name: String
    var shape: [Int]
  }

  var arrays: [String: (shape: [Int], values: [Float])]

  func shape(of name: String) -> [Int]? { arrays[name]?.shape }

  func values(of name: String, shape: [Int]) throws -> [Float] {
    guard let array = arrays[name], array.shape == shape else { throw Missing(name: name, shape: shape) }
    return array.values
  }
}

/// Rows of given values.
func tokens(_ rows: [[Float]]) -> Tokens {
  var tokens = Tokens(count: rows.count, width: rows.first?.count ?? 0)
  tokens.values = rows.flatMap { $0 }
  return tokens
}

/// The largest difference between rows and what they should be.
func largestDifference(_ rows: Tokens, _ expected: [[Double]]) -> Double {
  let flat = expected.flatMap { $0 }
  guard rows.values.count == flat.count else { return .infinity }
  return zip(rows.values, flat).reduce(0) { max($0, abs(Double($1.0) - $1.1)) }
}
