import CCrypto

/// A SHA-256 digest, piece by piece.
final class SHA256 {
  private let digest: OpaquePointer

  /// Starts a digest, or returns `nil` when the system has no memory for one.
  init?() {
    guard let digest = canalis_sha256_new() else { return nil }
    self.digest = digest
  }

  deinit {
    canalis_sha256_free(digest)
  }

  /// Adds bytes; returns whether the library took them.
  func update(_ bytes: [UInt8]) -> Bool {
    bytes.withUnsafeBytes { canalis_sha256_update(digest, $0.baseAddress, $0.count) == 1 }
  }

  /// Ends the digest: 64 hexadecimal digits, or `nil` when the library refused.
  func finalize() -> String? {
    var result = [UInt8](repeating: 0, count: 32)
    guard canalis_sha256_final(digest, &result) == 1 else { return nil }
    return result.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
  }

  /// Returns the digest of a whole file, in hexadecimal digits.
  static func hexadecimalDigest(of file: ByteFile) throws -> String {
    let refused = CheckpointError.unreadable(file: file.path, reason: "its SHA-256 cannot be computed")
    guard let digest = SHA256() else { throw refused }
    try file.forEachPiece(at: 0, count: file.size) { piece in
      guard digest.update(piece) else { throw refused }
    }
    guard let result = digest.finalize() else { throw refused }
    return result
  }
}
