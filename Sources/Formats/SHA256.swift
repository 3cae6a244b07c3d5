import CCrypto

/// SHA-256 of bytes that come in pieces.
public struct SHA256: ~Copyable {
  private let digest: OpaquePointer

  /// Begins a digest.
  public init() {
    guard let digest = canalis_sha256_new() else { preconditionFailure("OpenSSL gives no SHA-256") }
    self.digest = digest
  }

  deinit { canalis_sha256_free(digest) }

  /// Takes the next bytes.
  public mutating func update(_ bytes: UnsafeRawBufferPointer) {
    let isTaken = canalis_sha256_update(digest, bytes.baseAddress, bytes.count) == 1
    precondition(isTaken, "OpenSSL takes any bytes")
  }

  /// Ends the digest.
  ///
  /// - Returns: 64 lower-case hexadecimal digits.
  public consuming func finalize() -> String {
    var bytes = [UInt8](repeating: 0, count: 32)
    let isDone = canalis_sha256_final(digest, &bytes) == 1
    precondition(isDone, "OpenSSL ends a digest once")
    return bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
  }

  /// Whether a text could be a digest: 64 lower-case hexadecimal digits.
  public static func isDigest(_ text: String) -> Bool {
    text.utf8.count == 64
      && text.utf8.allSatisfy {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains($0)
      }
  }
}
