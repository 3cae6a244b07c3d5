import Layers
import Synchronization
import Tensor

/// Everything about one patch that clicks cannot change: for each decoder stage the skip's half of its first
/// convolution, and the bottleneck's tokens after Mamba2. Its memory goes back to the network's pool with the last
/// reference.
///
/// Nobody writes to an encoding once it is made, and the pool is locked: so any thread may read one and let it go.
public final class PatchEncoding: @unchecked Sendable {
  /// The version of the bytes that `UMamba2Network.withParts` gives: to be raised whenever layout or formulas change.
  static let version = 1

  /// The skips' halves by encoder stage, finest first.
  let skipHalves: [FloatBuffer]
  /// `[tokens, channels]`.
  let tokens: Tokens
  private let pool: EncodingPool

  init(skipHalves: [FloatBuffer], tokens: Tokens, pool: EncodingPool) {
    self.skipHalves = skipHalves
    self.tokens = tokens
    self.pool = pool
  }

  deinit {
    pool.put(skipHalves)
  }
}

/// The feature maps of one encoding that nobody uses, kept so that encoding patch after patch reserves nothing new.
final class EncodingPool: Sendable {
  /// Maps that nobody uses: whoever takes them is their only owner.
  private struct Spare: @unchecked Sendable {
    let buffers: [FloatBuffer]
  }

  private let counts: [Int]
  private let spare = Mutex<Spare?>(nil)

  /// Creates an empty pool.
  ///
  /// - Parameter counts: Values of each feature map of an encoding.
  init(counts: [Int]) {
    self.counts = counts
  }

  /// Returns the maps of an encoding, with any content.
  ///
  /// - Throws: `TensorError.outOfMemory`.
  func take() throws -> [FloatBuffer] {
    let taken = spare.withLock { spare in
      defer { spare = nil }
      return spare
    }
    if let taken { return taken.buffers }
    return try counts.map { try FloatBuffer(count: $0) }
  }

  /// Keeps the maps for the next encoding, unless there are some already.
  func put(_ buffers: [FloatBuffer]) {
    let returned = Spare(buffers: buffers)
    spare.withLock { if $0 == nil { $0 = returned } }
  }
}

extension UMamba2Network {
  /// What the bytes of an encoding depend on besides model and image: layout, instruction set, OpenBLAS's kernels,
  /// threads.
  public var encodingFormat: String? {
    "U-Mamba2 encoding \(PatchEncoding.version), \(instructionSet), \(MatrixProduct.core), \(Threads.count) threads"
  }

  /// Gives the memory of an encoding: the skips' halves, finest first, then the tokens; float32.
  ///
  /// - Parameters:
  ///   - encoding: An encoding; may be used on any thread.
  ///   - body: Called with the parts.
  /// - Returns: What the body returns.
  /// - Throws: What the body throws.
  public static func withParts<Result>(
    of encoding: PatchEncoding, _ body: ([UnsafeRawBufferPointer]) throws -> Result
  ) rethrows -> Result {
    try encoding.tokens.values.withUnsafeBytes { tokens in
      try body(encoding.skipHalves.map { UnsafeRawBufferPointer($0.values) } + [tokens])
    }
  }

  /// Makes an encoding of bytes that `withParts` gave before.
  ///
  /// - Parameter fill: Called with the memory of the parts; returns whether it has filled them.
  /// - Returns: The encoding; `nil` when the parts were not filled.
  /// - Throws: What `fill` throws, or `TensorError.outOfMemory`.
  public func encoding(
    filledBy fill: ([UnsafeMutableRawBufferPointer]) throws -> Bool
  ) throws -> PatchEncoding? {
    let buffers = try pool.take()
    var tokens = Tokens(count: extents[extents.count - 1].count, width: plan.features[plan.features.count - 1])
    var isFilled = false
    defer { if !isFilled { pool.put(buffers) } }
    isFilled = try tokens.values.withUnsafeMutableBytes { tokens in
      try fill(buffers.map { UnsafeMutableRawBufferPointer($0.values) } + [tokens])
    }
    return isFilled ? PatchEncoding(skipHalves: buffers, tokens: tokens, pool: pool) : nil
  }
}
