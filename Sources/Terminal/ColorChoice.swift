import Canvas

/// Which colours to use, from what the user says, what the environment says, and what the terminal's description has.
struct ColorChoice: Equatable {
  /// The colours to use.
  let depth: DisplayCapabilities.ColorDepth
  /// Whether the terminal's own description has them; if not, a private one must be made.
  let isInDescription: Bool

  /// Chooses.
  ///
  /// - Parameters:
  ///   - wish: What the user asked for by option; it outweighs everything.
  ///   - environment: `NO_COLOR` (any text that is not empty: no colour) and `COLORTERM` (`truecolor` or `24bit`).
  ///   - described: The number of colours in the terminal's description.
  init(wish: DisplayCapabilities.ColorDepth?, environment: [String: String], described: Int) {
    let native = Self.depth(described: described)
    let depth: DisplayCapabilities.ColorDepth
    if let wish {
      depth = wish
    } else if environment["NO_COLOR"]?.isEmpty == false {
      depth = .none
    } else if native > .none, ["truecolor", "24bit"].contains(environment["COLORTERM"] ?? "") || described > 256 {
      depth = .trueColor
    } else {
      depth = native
    }
    self.depth = depth
    isInDescription = depth <= native
  }

  /// The colours that a description with this many surely has. In descriptions with more than 256, all numbers from 8
  /// on are direct colours.
  static func depth(described: Int) -> DisplayCapabilities.ColorDepth {
    switch described {
    case 257...: return .eight
    case 256: return .palette256
    case 16...: return .sixteen
    case 8...: return .eight
    default: return .none
    }
  }
}
