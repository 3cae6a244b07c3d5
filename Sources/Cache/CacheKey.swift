import Formats
import Foundation

/// What a kept file is of: everything that decides its content.
public struct CacheKey: Sendable, Hashable {
  /// SHA-256 of all facts, 64 hexadecimal digits.
  public let digest: String
  /// The file's name: the first digits of the scan's hash, so that a scan's files can be told apart, and the digest.
  public let fileName: String

  /// The digits of a scan's hash that begin a file's name.
  public static let scanDigits = 12

  /// Creates the key of some facts.
  ///
  /// - Parameters:
  ///   - scan: The scan's SHA-256, hexadecimal; one of the facts.
  ///   - facts: The others, in a fixed order.
  public init(scan: String, facts: [String]) {
    var hash = SHA256()
    for fact in [scan] + facts {
      // Each fact's length goes before it, so that no two lists of facts give the same bytes.
      let bytes = Array("\(fact.utf8.count):\(fact)\n".utf8)
      bytes.withUnsafeBytes { hash.update($0) }
    }
    digest = hash.finalize()
    let safe = scan.utf8.prefix(Self.scanDigits).allSatisfy { Self.isHexadecimalDigit($0) }
    fileName = (safe ? String(scan.prefix(Self.scanDigits)) : "other") + "-" + digest + CacheFolder.fileEnding
  }

  /// The digest's 32 bytes.
  var digestBytes: [UInt8] {
    let digits = Array(digest.utf8)
    return stride(from: 0, to: digits.count, by: 2).map { place in
      UInt8(String(decoding: digits[place..<place + 2], as: UTF8.self), radix: 16) ?? 0
    }
  }

  /// The scan that a file's name speaks of, if it is a kept file's name.
  static func scan(ofFileName name: String) -> String? {
    guard name.hasSuffix(CacheFolder.fileEnding) else { return nil }
    let parts = name.dropLast(CacheFolder.fileEnding.count).split(separator: "-", omittingEmptySubsequences: false)
    guard parts.count == 2, !parts[0].isEmpty, SHA256.isDigest(String(parts[1])) else { return nil }
    return String(parts[0])
  }

  private static func isHexadecimalDigit(_ byte: UInt8) -> Bool {
    (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(byte)
  }
}
