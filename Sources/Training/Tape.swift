import CKernels
import COneDNN
import Volume

/// A blocked feature map on a tape: `[channel blocks, axis0, axis1, axis2, block]`.
final class FeatureMap {
  /// Channels in use; those up to a multiple of the block are zero.
  let channels: Int
  /// Voxels along each axis.
  let size: Axes3<Int>
  /// The numbers.
  let values: UnsafeMutablePointer<Float>
  /// The loss's gradient, once anything that uses the map has gone backward.
  var gradient: UnsafeMutablePointer<Float>?
  /// Whether the map is plain `[channels, axis0, axis1, axis2]`: an image, whose gradient nobody asks for.
  let isPlain: Bool

  init(channels: Int, size: Axes3<Int>, values: UnsafeMutablePointer<Float>, isPlain: Bool = false) {
    self.channels = channels
    self.size = size
    self.values = values
    self.isPlain = isPlain
  }

  /// Channels of a block on this processor.
  static let block = Int(canalis_training_block())

  /// Voxels.
  var voxels: Int { size.product }
  /// Blocks of channels.
  var blocks: Int { (channels + Self.block - 1) / Self.block }
  /// Numbers, unused channels included.
  var count: Int { isPlain ? channels * voxels : blocks * Self.block * voxels }
}

/// A matrix of tokens on a tape, `[rows, width]`.
final class TokenRows {
  /// Tokens.
  let rows: Int
  /// Numbers of a token.
  let width: Int
  /// The numbers.
  let values: UnsafeMutablePointer<Float>
  /// The loss's gradient, once anything that uses the tokens has gone backward.
  var gradient: UnsafeMutablePointer<Float>?

  init(rows: Int, width: Int, values: UnsafeMutablePointer<Float>) {
    self.rows = rows
    self.width = width
    self.values = values
  }

  /// Numbers.
  var count: Int { rows * width }
}

/// A forward pass with what is needed to go backward: reverse-mode differentiation, written by hand layer by layer.
///
/// Every operation computes at once and, on a tape that records, leaves a step that turns its output's gradient into
/// those of its inputs and parameters. Buffers belong to the pool and are valid until it takes them back.
final class Tape {
  /// The parameters that operations name.
  let store: ParameterStore
  /// Where arrays come from.
  let pool: BufferPool
  /// Where convolutions come from.
  let convolutions: ConvolutionCache
  /// Whether the pass can go backward.
  let isRecording: Bool
  private var steps: [() throws -> Void] = []

  init(store: ParameterStore, pool: BufferPool, convolutions: ConvolutionCache, isRecording: Bool) {
    self.store = store
    self.pool = pool
    self.convolutions = convolutions
    self.isRecording = isRecording
  }

  /// Leaves a step for the way back.
  func record(_ step: @escaping () throws -> Void) {
    if isRecording { steps.append(step) }
  }

  /// Goes backward through all steps, the last one first.
  func backward() throws {
    while let step = steps.popLast() { try step() }
  }

  /// Makes a map of any content.
  func map(channels: Int, size: Axes3<Int>) -> FeatureMap {
    let block = FeatureMap.block
    return FeatureMap(
      channels: channels, size: size, values: pool.take((channels + block - 1) / block * block * size.product))
  }

  /// Makes tokens of any content.
  func rows(_ rows: Int, _ width: Int) -> TokenRows {
    TokenRows(rows: rows, width: width, values: pool.take(rows * width))
  }

  /// Adds a contribution to a map's gradient; the first one is written in place.
  func contribute(to map: FeatureMap, _ write: (UnsafeMutablePointer<Float>) throws -> Void) rethrows {
    if let gradient = map.gradient {
      let mark = pool.mark()
      let scratch = pool.take(map.count)
      try write(scratch)
      canalis_add(gradient, scratch, Int64(map.count))
      pool.release(to: mark)
    } else {
      let gradient = pool.take(map.count)
      try write(gradient)
      map.gradient = gradient
    }
  }

  /// The gradient of tokens, zero at first, for contributions that add.
  func gradient(of rows: TokenRows) -> UnsafeMutablePointer<Float> {
    if let gradient = rows.gradient { return gradient }
    let gradient = pool.takeZeros(rows.count)
    rows.gradient = gradient
    return gradient
  }
}
