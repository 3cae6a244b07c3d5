import Layers
import Tensor

/// Everything about one patch that clicks cannot change: for each decoder stage the skip's half of its first
/// convolution, and the bottleneck's tokens after Mamba2. Its memory goes back to the network's pool with the last
/// reference.
public final class PatchEncoding {
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
final class EncodingPool {
  private let counts: [Int]
  private var spare: [FloatBuffer]?

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
    if let buffers = spare {
      spare = nil
      return buffers
    }
    return try counts.map { try FloatBuffer(count: $0) }
  }

  /// Keeps the maps for the next encoding, unless there are some already.
  func put(_ buffers: [FloatBuffer]) {
    if spare == nil { spare = buffers }
  }
}
