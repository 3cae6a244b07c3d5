/// A random number generator that gives the same numbers for the same seed on every machine: SplitMix64.
///
/// Steele, Lea and Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014. The state is a counter, so that
/// `split(_:)` can derive an independent stream for a purpose without drawing from this one.
public struct SeededGenerator: RandomNumberGenerator, Sendable {
  private var state: UInt64

  /// Creates the generator of a seed; every seed is valid.
  public init(seed: UInt64) {
    state = seed
  }

  /// Returns the next 64 random bits.
  public mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    return Self.mixed(state)
  }

  /// Returns a generator for one purpose, independent of this one's own numbers; the same state and purpose always give
  /// the same stream.
  public func split(_ purpose: UInt64) -> SeededGenerator {
    SeededGenerator(seed: Self.mixed(state ^ Self.mixed(purpose &+ 0xD1B5_4A32_D192_ED03)))
  }

  /// Returns a number from 0 up to but not including 1, a multiple of 2⁻⁵³.
  public mutating func unit() -> Double {
    Double(next() >> 11) * 0x1p-53
  }

  /// Returns a number drawn evenly from a range.
  public mutating func uniform(_ range: ClosedRange<Double>) -> Double {
    range.lowerBound + (range.upperBound - range.lowerBound) * unit()
  }

  /// Returns a whole number drawn evenly from a range, by multiplication (bias below 2⁻³² for ranges under 2³²).
  public mutating func integer(_ range: ClosedRange<Int>) -> Int {
    let count = UInt64(range.upperBound - range.lowerBound) &+ 1
    return range.lowerBound + Int(next().multipliedFullWidth(by: count).high)
  }

  /// Returns whether an event of a probability, 0 to 1, happens.
  public mutating func happens(_ probability: Double) -> Bool {
    unit() < probability
  }

  /// Returns a number of about normal distribution with mean 0 and deviation 1, at most 6 in size: the sum of twelve
  /// even draws, which needs no function of the C library.
  public mutating func normal() -> Double {
    var sum = -6.0
    for _ in 0..<12 { sum += unit() }
    return sum
  }

  /// Scrambles 64 bits so that each input bit changes about half of the output bits.
  public static func mixed(_ bits: UInt64) -> UInt64 {
    var value = bits
    value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
    value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
    return value ^ (value >> 31)
  }
}
