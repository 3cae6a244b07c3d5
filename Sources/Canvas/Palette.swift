/// The 256 colours of a terminal, as xterm shows them unless the user has others.
public enum Palette {
  /// A colour as red, green and blue, 0 to 255 each.
  public typealias RGB = (red: UInt8, green: UInt8, blue: UInt8)

  /// Colours 0 to 15, which users change most.
  private static let named: [RGB] = [
    (0x00, 0x00, 0x00), (0xcd, 0x00, 0x00), (0x00, 0xcd, 0x00), (0xcd, 0xcd, 0x00),
    (0x00, 0x00, 0xee), (0xcd, 0x00, 0xcd), (0x00, 0xcd, 0xcd), (0xe5, 0xe5, 0xe5),
    (0x7f, 0x7f, 0x7f), (0xff, 0x00, 0x00), (0x00, 0xff, 0x00), (0xff, 0xff, 0x00),
    (0x5c, 0x5c, 0xff), (0xff, 0x00, 0xff), (0x00, 0xff, 0xff), (0xff, 0xff, 0xff),
  ]

  /// The six levels of the colour cube 16 to 231.
  private static let cubeLevels: [UInt8] = [0, 95, 135, 175, 215, 255]

  /// All 256 colours.
  private static let colors: [RGB] = (0..<256).map { index in
    switch index {
    case 0..<16:
      return named[index]
    case 16..<232:
      let cube = index - 16
      return (cubeLevels[cube / 36], cubeLevels[cube / 6 % 6], cubeLevels[cube % 6])
    default:
      let grey = UInt8(8 + 10 * (index - 232))
      return (grey, grey, grey)
    }
  }

  /// The colour of a palette entry.
  public static func rgb(_ index: UInt8) -> RGB { colors[Int(index)] }

  /// The entry nearest to a colour.
  ///
  /// With 256 entries, 0 to 15 are left out: what they look like is the user's choice.
  ///
  /// - Parameters:
  ///   - color: The colour to come near to.
  ///   - count: How many entries there are: 8, 16 or 256.
  /// - Returns: The entry's index, below `count`.
  public static func nearest(to color: RGB, count: Int) -> UInt8 {
    let isGrey = max(color.red, color.green, color.blue) - min(color.red, color.green, color.blue) < 40
    var candidates = count >= 256 ? Array(16..<256) : Array(0..<max(1, count))
    // Among few colours a hue may be nearest to a grey; but a hue carries meaning, so greys stay grey.
    if count < 256, isGrey { candidates = [0, 7, 8, 15].filter { $0 < max(1, count) } }
    var best = 0
    var bestDistance = Int.max
    for index in candidates {
      let distance = squaredDistance(colors[index], color)
      if distance < bestDistance {
        best = index
        bestDistance = distance
      }
    }
    return UInt8(best)
  }

  private static func squaredDistance(_ left: RGB, _ right: RGB) -> Int {
    let red = Int(left.red) - Int(right.red)
    let green = Int(left.green) - Int(right.green)
    let blue = Int(left.blue) - Int(right.blue)
    // The eye's weights, roughly: green counts most, blue least.
    return 3 * red * red + 4 * green * green + 2 * blue * blue
  }
}

extension CellColor {
  /// The nearest colour that a terminal with fewer colours has; with none, the default.
  public func reduced(to depth: DisplayCapabilities.ColorDepth) -> CellColor {
    switch (self, depth) {
    case (.standard, _), (_, .none): return .standard
    case (_, .trueColor): return self
    case (.rgb(let red, let green, let blue), _):
      return .palette(Palette.nearest(to: (red, green, blue), count: depth.rawValue))
    case (.palette(let index), _):
      guard Int(index) >= depth.rawValue else { return self }
      // Bright colours become their ordinary ones, whatever the eye's distance says: a hue carries meaning.
      if depth == .eight, (9...15).contains(index) { return .palette(index - 8) }
      return .palette(Palette.nearest(to: Palette.rgb(index), count: depth.rawValue))
    }
  }
}

extension DisplayCapabilities.ColorDepth {
  /// The depth's name as an option: `0`, `8`, `16`, `256` or `24bit`.
  public var optionName: String { self == .trueColor ? "24bit" : String(rawValue) }

  /// Reads a depth from an option: `0`, `8`, `16`, `256` or `24bit`.
  public init?(optionName: String) {
    guard let depth = Self.allCases.first(where: { $0.optionName == optionName }) else { return nil }
    self = depth
  }
}
