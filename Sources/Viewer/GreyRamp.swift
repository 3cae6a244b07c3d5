import Canvas

/// Greys of each colour depth, and characters by their ink.
enum GreyRamp {
  /// 256 greys.
  static let trueColor = ColorRamp((0...255).map { .rgb($0, $0, $0) })

  /// The 30 distinct greys of the 256-colour palette: 24 of the grey ramp (8, 18, ... 238) and 6 of the colour cube.
  static let palette256: ColorRamp = {
    let ramp: [(entry: UInt8, value: Double)] = (0..<24).map { (UInt8(232 + $0), Double(8 + 10 * $0)) }
    let cube: [(entry: UInt8, value: Double)] = [(16, 0), (59, 95), (102, 135), (145, 175), (188, 215), (231, 255)]
    let greys = (ramp + cube).sorted { $0.value < $1.value }
    return ColorRamp(greys.map { .palette($0.entry) }, values: greys.map(\.value))
  }()

  /// Black, dark grey, light grey and white. Terminals differ in the two greys; these are values between theirs.
  static let palette16 = ColorRamp([.palette(0), .palette(8), .palette(7), .palette(15)], values: [0, 105, 205, 255])

  /// Black and white.
  static let palette8 = ColorRamp(palette: [0, 7])

  /// Characters of ASCII with the part of a cell that they cover.
  ///
  /// Measured by rendering in DejaVu Sans Mono and Noto Sans Mono and averaging; letters that could be read as edge
  /// letters or mask glyphs are left out.
  static let asciiInk: [(scalar: Unicode.Scalar, ink: Double)] = [
    (" ", 0), (".", 0.021), (",", 0.037), (":", 0.042), (";", 0.058), ("*", 0.086), ("=", 0.104), ("c", 0.115),
    ("s", 0.131), ("o", 0.157), ("e", 0.166), ("k", 0.171), ("S", 0.172), ("&", 0.211), ("0", 0.227), ("W", 0.234),
    ("@", 0.254),
  ]

  /// Characters with block shades, which cover a quarter, a half, three quarters and all of a cell.
  static let shadeInk: [(scalar: Unicode.Scalar, ink: Double)] = [
    (" ", 0), (".", 0.021), (":", 0.042), (";", 0.058), ("*", 0.086), ("=", 0.104), ("s", 0.131), ("o", 0.157),
    ("&", 0.211), ("\u{2591}", 0.25), ("\u{2592}", 0.5), ("\u{2593}", 0.75), ("\u{2588}", 1),
  ]
}
