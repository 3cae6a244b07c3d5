import Volume

/// What a forward pass reports while it runs.
public struct ForwardProgress: Sendable {
  /// The part that runs now, for instance "encoder stage 2".
  public var stage: String
  /// The share of the work done, 0 to 1, by multiply-accumulates.
  public var fraction: Double

  /// Creates a report.
  public init(stage: String, fraction: Double) {
    self.stage = stage
    self.fraction = fraction
  }
}

/// Is called between pieces of a forward pass; throwing (for instance `CancellationError`) ends the pass and leaves the
/// network ready for the next one.
public typealias ForwardObserver = (ForwardProgress) throws -> Void

/// What the pipeline needs from a network: logits of one patch, with the click-independent half kept apart so that it
/// can be reused.
public protocol PatchNetwork: AnyObject {
  /// What `encode` returns: everything about a patch that clicks cannot change.
  associatedtype Encoding

  /// The architecture.
  var plan: NetworkPlan { get }
  /// Voxels of the patches that this network takes.
  var patch: Axes3<Int> { get }

  /// Bytes that one encoding holds on to.
  var encodingByteCount: Int { get }

  /// Computes the click-independent half: encoder and Mamba2.
  ///
  /// - Parameters:
  ///   - image: `[channels, axis0, axis1, axis2]` of the patch, C order.
  ///   - observer: Called between pieces.
  /// - Returns: The encoding, to be decoded any number of times.
  /// - Throws: What the observer throws.
  func encode(image: UnsafeBufferPointer<Float>, observer: ForwardObserver) throws -> Encoding

  /// Computes the logits from an encoding and clicks.
  ///
  /// - Parameters:
  ///   - encoding: What `encode` returned for the patch.
  ///   - prompts: The clicks; the not-a-point token is appended by the network.
  ///   - logits: Receives `[classes, axis0, axis1, axis2]`, C order.
  ///   - observer: Called between pieces.
  /// - Throws: What the observer throws.
  func decode(
    _ encoding: Encoding, prompts: [PointPrompt], into logits: UnsafeMutableBufferPointer<Float>,
    observer: ForwardObserver) throws
}
