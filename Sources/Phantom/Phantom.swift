import Volume

/// A synthetic scan of a jaw, or a part of one, with its truth.
public struct Phantom: Sendable {
  /// The scan: whole numbers that fit 16 bits with sign.
  public let scan: Volume
  /// The canals: 1 the patient's left, 2 the right. The lumen and half the wall, from where the mandibular foramen
  /// enters the bone to where the mental foramen leaves it.
  public let truth: Mask
  /// What each voxel shows, `PhantomStructure` numbers in stored order, axis 2 fastest.
  public let structures: [UInt8]
  /// One line about the jaw and the scanner.
  public let description: String
}
