/// One block of the two-way attention between click tokens and image tokens (Kirillov et al., arXiv:2304.02643,
/// appendix A).
public final class TwoWayBlock {
  /// Numbers of a block.
  public struct Sizes: Sendable {
    /// Length of a token.
    public var channels: Int
    /// Heads of every attention.
    public var heads: Int
    /// Hidden width of the MLP.
    public var hidden: Int
    /// Inner width of self-attention.
    public var selfWidth: Int
    /// Inner width of both cross-attentions.
    public var crossWidth: Int

    /// Creates the numbers.
    public init(channels: Int, heads: Int, hidden: Int, selfWidth: Int, crossWidth: Int) {
      self.channels = channels
      self.heads = heads
      self.hidden = hidden
      self.selfWidth = selfWidth
      self.crossWidth = crossWidth
    }
  }

  private let selfAttention: Attention
  private let tokenToImage: Attention
  private let imageToToken: Attention
  private let hiddenLayer: Linear
  private let hiddenOutput: Linear
  private let norms: [LayerNorm]
  private let isFirst: Bool

  /// Reads the parameters.
  ///
  /// - Parameters:
  ///   - scope: Holds `self_attn`, `cross_attn_token_to_image`, `cross_attn_image_to_token`, `mlp`, `norm1` to `norm4`.
  ///   - sizes: Numbers of the block.
  ///   - isFirst: Whether it is the first block, whose self-attention has neither residual nor code.
  /// - Throws: The source's error.
  public init(_ scope: ParameterScope, sizes: Sizes, isFirst: Bool) throws {
    let channels = sizes.channels
    selfAttention = try Attention(
      scope["self_attn"], channels: channels, width: sizes.selfWidth, heads: sizes.heads)
    tokenToImage = try Attention(
      scope["cross_attn_token_to_image"], channels: channels, width: sizes.crossWidth, heads: sizes.heads)
    imageToToken = try Attention(
      scope["cross_attn_image_to_token"], channels: channels, width: sizes.crossWidth, heads: sizes.heads)
    hiddenLayer = try Linear(scope["mlp.layers.0"], inputs: channels, outputs: sizes.hidden)
    hiddenOutput = try Linear(scope["mlp.layers.1"], inputs: sizes.hidden, outputs: channels)
    norms = try (1...4).map { try LayerNorm(scope["norm\($0)"], width: channels) }
    self.isFirst = isFirst
  }

  /// Computes the block.
  ///
  /// - Parameters:
  ///   - clicks: Click tokens, replaced by their new values.
  ///   - clickCode: The click tokens' initial values.
  ///   - image: Image tokens, replaced by their new values.
  ///   - imageCode: The image tokens' positional code.
  public func forward(clicks: inout Tokens, clickCode: Tokens, image: inout Tokens, imageCode: Tokens) {
    if isFirst {
      clicks = norms[0].forward(selfAttention.forward(queries: clicks, keys: clicks, values: clicks))
    } else {
      let coded = clicks + clickCode
      clicks = norms[0].forward(clicks + selfAttention.forward(queries: coded, keys: coded, values: clicks))
    }
    let codedImage = image + imageCode
    clicks = norms[1].forward(
      clicks + tokenToImage.forward(queries: clicks + clickCode, keys: codedImage, values: image))
    var hidden = hiddenLayer.forward(clicks)
    for index in hidden.values.indices { hidden.values[index] = max(0, hidden.values[index]) }
    clicks = norms[2].forward(clicks + hiddenOutput.forward(hidden))
    image = norms[3].forward(
      image + imageToToken.forward(queries: codedImage, keys: clicks + clickCode, values: clicks))
  }
}
