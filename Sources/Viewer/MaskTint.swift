import Canvas

/// What a pixel belongs to, beside its grey value.
enum PixelClass: UInt8, Sendable, CaseIterable {
  case plain, leftFill, rightFill, leftOutline, rightOutline, added, removed, crosshair
}

/// Colours in which the grey value stays visible under the hue of what a pixel belongs to.
///
/// Left is blue and right is orange: eyes of every common kind of colour blindness tell these two apart (Okabe and Ito).
enum MaskTint {
  /// Ramps of 24-bit colours for every class.
  static let trueColor: [ColorRamp] = PixelClass.allCases.map { pixelClass in
    switch pixelClass {
    case .plain: GreyRamp.trueColor
    case .leftFill: blend((70, 160, 255), part: 0.5, floor: 0.3)
    case .rightFill: blend((255, 150, 20), part: 0.5, floor: 0.3)
    case .leftOutline: blend((70, 160, 255), part: 0.85, floor: 0.5)
    case .rightOutline: blend((255, 150, 20), part: 0.85, floor: 0.5)
    case .added: blend((60, 230, 90), part: 0.75, floor: 0.45)
    case .removed: blend((240, 70, 220), part: 0.75, floor: 0.45)
    case .crosshair: blend((200, 230, 0), part: 0.45, floor: 0.5)
    }
  }

  /// Ramps of the 256-colour palette's cube for every class, each rising in brightness.
  static let palette256: [ColorRamp] = PixelClass.allCases.map { pixelClass in
    switch pixelClass {
    case .plain: GreyRamp.palette256
    case .leftFill: ColorRamp(palette: [17, 24, 25, 67, 74, 110, 153, 195])
    case .rightFill: ColorRamp(palette: [52, 94, 130, 137, 173, 180, 223, 230])
    case .leftOutline: ColorRamp(palette: [25, 32, 33, 39, 75, 117])
    case .rightOutline: ColorRamp(palette: [130, 166, 172, 208, 214, 220])
    case .added: ColorRamp(palette: [22, 28, 34, 40, 83, 120, 157])
    case .removed: ColorRamp(palette: [53, 90, 127, 164, 171, 177, 219])
    case .crosshair: ColorRamp(palette: [58, 100, 106, 142, 149])
    }
  }

  /// Ramps of 16 colours.
  static let palette16: [ColorRamp] = PixelClass.allCases.map { pixelClass in
    switch pixelClass {
    case .plain: GreyRamp.palette16
    case .leftFill: ColorRamp(palette: [4, 12, 14])
    case .rightFill: ColorRamp(palette: [1, 3, 11])
    case .leftOutline: ColorRamp(palette: [12, 14])
    case .rightOutline: ColorRamp(palette: [3, 11])
    case .added: ColorRamp(palette: [2, 10])
    case .removed: ColorRamp(palette: [5, 13])
    case .crosshair: GreyRamp.palette16
    }
  }

  /// Ramps of 8 colours.
  static let palette8: [ColorRamp] = PixelClass.allCases.map { pixelClass in
    switch pixelClass {
    case .plain, .crosshair: GreyRamp.palette8
    case .leftFill, .leftOutline: ColorRamp(palette: [4, 6])
    case .rightFill, .rightOutline: ColorRamp(palette: [1, 3])
    case .added: ColorRamp(palette: [2])
    case .removed: ColorRamp(palette: [5])
    }
  }

  /// The ramps of a colour depth, one for each class; without colour, greys that nobody uses.
  static func ramps(_ colors: DisplayCapabilities.ColorDepth) -> [ColorRamp] {
    switch colors {
    case .trueColor: trueColor
    case .palette256: palette256
    case .sixteen: palette16
    case .eight, .none: palette8
    }
  }

  /// The character that stands for a class where there is no colour; `nil` where the grey value is shown.
  static func glyph(_ pixelClass: PixelClass) -> Unicode.Scalar? {
    switch pixelClass {
    case .plain, .crosshair: nil
    case .leftFill, .leftOutline: "l"
    case .rightFill, .rightOutline: "r"
    case .added: "+"
    case .removed: "-"
    }
  }

  /// Blends a hue over grey: `grey * (1 - part) + hue * (floor + (1 - floor) * grey) * part`.
  private static func blend(_ hue: (Double, Double, Double), part: Double, floor: Double) -> ColorRamp {
    ColorRamp(
      (0...255).map { level in
        let grey = Double(level)
        func mix(_ channel: Double) -> UInt8 {
          UInt8((grey * (1 - part) + channel * (floor + (1 - floor) * grey / 255) * part).rounded())
        }
        return .rgb(mix(hue.0), mix(hue.1), mix(hue.2))
      })
  }
}
