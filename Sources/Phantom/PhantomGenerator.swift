import Volume

/// Makes synthetic scans of jaws, each from a number.
public struct PhantomGenerator: Sendable {
  /// The limits of what is drawn.
  public let ranges: PhantomRanges
  /// What is not left to chance.
  public let options: PhantomOptions

  /// Creates a generator.
  public init(ranges: PhantomRanges = .training, options: PhantomOptions = PhantomOptions()) {
    self.ranges = ranges
    self.options = options
  }

  /// Makes the whole scan of a seed's jaw with its truth.
  public func phantom(seed: UInt64) -> Phantom {
    jaw(seed: seed).render()
  }

  /// Draws a seed's jaw, of which any part can be made.
  public func jaw(seed: UInt64) -> VirtualJaw {
    VirtualJaw(seed: seed, ranges: ranges, options: options)
  }
}
