import ArgumentParser
import Foundation

/// A number of bytes as people write it: `500M`, `8G`, `1.5GiB`, `0`. K, M, G and T are powers of 1024.
struct ByteCount: ExpressibleByArgument, Equatable {
  /// The bytes, at least 0.
  let bytes: Int

  /// Creates a number of bytes.
  init(bytes: Int) { self.bytes = bytes }

  init?(argument: String) {
    var text = argument.uppercased()
    for ending in ["IB", "B"] where text.hasSuffix(ending) {
      text.removeLast(ending.count)
      break
    }
    var factor = 1.0
    if let last = text.last, let power = "KMGT".firstIndex(of: last) {
      factor = pow(1024, Double("KMGT".distance(from: "KMGT".startIndex, to: power) + 1))
      text.removeLast()
    }
    guard !text.isEmpty, text.allSatisfy({ $0.isASCII && ($0.isNumber || $0 == ".") }), let number = Double(text),
      number.isFinite, number * factor < 1e18
    else { return nil }
    bytes = Int(number * factor)
  }

  /// The number in the largest unit that leaves at least 1, for instance "1.4 GiB".
  var text: String {
    var (value, unit) = (Double(bytes), "B")
    for larger in ["KiB", "MiB", "GiB", "TiB"] where value >= 1023.5 {
      value /= 1024
      unit = larger
    }
    return unit == "B" || value >= 99.5
      ? String(format: "%.0f %@", value, unit) : String(format: "%.1f %@", value, unit)
  }
}
