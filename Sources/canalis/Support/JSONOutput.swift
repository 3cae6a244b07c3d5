import Foundation

/// Results for scripts: one JSON object on standard output, keys sorted.
enum JSONOutput {
  /// Prints a value.
  ///
  /// - Parameter value: Anything that can be encoded.
  /// - Throws: What the encoder throws, for a number that JSON cannot hold.
  static func write(_ value: some Encodable) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
    print(String(decoding: try encoder.encode(value), as: UTF8.self))
  }
}
