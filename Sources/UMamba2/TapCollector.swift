/// Keeps intermediate results of a forward pass by name, for comparison with a reference.
public final class TapCollector {
  /// One result, finished, in C order.
  public struct Tap: Sendable, Equatable {
    /// The shape, without the batch axis.
    public var shape: [Int]
    /// The values.
    public var values: [Float]
  }

  /// The results by name: `enc_stem`, `enc_stageN`, `mamba_layer_norm`, `mamba_ssd_y`, `mamba_out`, `point_emb`,
  /// `image_pe`, `cross_attnN_queries`, `cross_attnN_keys`, `bottleneck_out`, `dec_stageN`.
  public private(set) var taps: [String: Tap] = [:]

  /// Creates an empty collector.
  public init() {}

  /// Keeps a result.
  func keep(_ name: String, shape: [Int], values: UnsafePointer<Float>) {
    let count = shape.reduce(1, *)
    taps[name] = Tap(shape: shape, values: Array(UnsafeBufferPointer(start: values, count: count)))
  }

  /// Keeps a result.
  func keep(_ name: String, shape: [Int], values: [Float]) {
    taps[name] = Tap(shape: shape, values: values)
  }
}
