/// Characters by how much ink they have, and where between two of them each of 256 grey levels falls.
struct GlyphRamp: Sendable {
  private let glyphs: [Unicode.Scalar]
  private let lower: [UInt8]
  private let fraction: [UInt8]

  /// Creates a ramp from characters and the part of a cell that each covers, rising from a blank.
  init(_ inks: [(scalar: Unicode.Scalar, ink: Double)]) {
    glyphs = inks.map(\.scalar)
    let most = inks.last?.ink ?? 1
    let ramp = ColorRamp(inks.map { _ in .standard }, values: inks.map { $0.ink / most * 255 })
    lower = ramp.lower
    fraction = ramp.fraction
  }

  /// The character of a grey level where the dither's threshold, 0...15, is known.
  func glyph(_ level: UInt8, threshold: UInt8) -> Unicode.Scalar {
    let index = Int(level)
    return glyphs[Int(lower[index]) + (fraction[index] > threshold ? 1 : 0)]
  }
}
