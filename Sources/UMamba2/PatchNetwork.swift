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
public protocol PatchNetwork: AnyObject, SendableMetatype {
  /// What `encode` returns: everything about a patch that clicks cannot change.
  associatedtype Encoding: Sendable

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

  /// What the bytes of an encoding depend on besides model and image: the version of their layout and of the formulas,
  /// and what computes. `nil` when encodings cannot be kept outside the program's memory.
  var encodingFormat: String? { get }

  /// Gives the memory of an encoding, for instance to be written to a file.
  ///
  /// - Parameters:
  ///   - encoding: An encoding; may be used on any thread.
  ///   - body: Called with the parts, whose number and sizes are the same for all encodings of a network.
  /// - Returns: What the body returns.
  /// - Throws: What the body throws.
  static func withParts<Result>(
    of encoding: Encoding, _ body: ([UnsafeRawBufferPointer]) throws -> Result
  ) rethrows -> Result

  /// Makes an encoding of bytes that `withParts` gave before.
  ///
  /// - Parameter fill: Called with the memory of the parts; returns whether it has filled them.
  /// - Returns: The encoding; `nil` when the parts were not filled.
  /// - Throws: What `fill` throws, or `TensorError.outOfMemory`.
  func encoding(filledBy fill: ([UnsafeMutableRawBufferPointer]) throws -> Bool) throws -> Encoding?
}

extension PatchNetwork {
  /// `nil`: encodings stay in memory.
  public var encodingFormat: String? { nil }

  /// Gives no parts.
  public static func withParts<Result>(
    of encoding: Encoding, _ body: ([UnsafeRawBufferPointer]) throws -> Result
  ) rethrows -> Result {
    try body([])
  }

  /// Makes nothing.
  public func encoding(filledBy fill: ([UnsafeMutableRawBufferPointer]) throws -> Bool) throws -> Encoding? { nil }
}
