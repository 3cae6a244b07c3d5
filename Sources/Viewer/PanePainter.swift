import Canvas

/// Paints sampled pixels into cells, one rung of the ladder each.
struct PanePainter {
  private static let upperHalf: Unicode.Scalar = "\u{2580}"
  private static let shades: [Unicode.Scalar] = [" ", "\u{2591}", "\u{2592}", "\u{2593}"]
  private static let asciiGlyphs = GlyphRamp(GreyRamp.asciiInk)
  private static let shadeGlyphs = GlyphRamp(GreyRamp.shadeInk)

  let mode: PictureMode
  let capabilities: DisplayCapabilities

  /// Paints a pane.
  ///
  /// - Parameters:
  ///   - sample: The pixels.
  ///   - picture: The cells; as many pixels as the mode puts into them.
  ///   - frame: Where to paint.
  func paint(_ sample: PlaneSample, in picture: CellRect, of frame: inout Frame) {
    let ramps = MaskTint.ramps(capabilities.colors)
    sample.greys.withUnsafeBufferPointer { greys in
      sample.classes.withUnsafeBufferPointer { classes in
        for row in 0..<picture.rows {
          for column in 0..<picture.columns {
            let cell: Cell
            switch mode {
            case .blocks: cell = block(greys, classes, ramps, column, row, sample.width)
            case .solid: cell = solid(greys, classes, ramps, column, row, sample.width)
            case .shades: cell = shade(greys, classes, ramps, column, row, sample.width)
            case .glyphs: cell = glyph(greys, classes, ramps, column, row, sample.width)
            }
            frame[picture.column + column, picture.row + row] = cell
          }
        }
      }
    }
  }

  private typealias Pixels = UnsafeBufferPointer<UInt8>

  @inline(__always)
  private func threshold(_ x: Int, _ y: Int) -> UInt8 { OrderedDither.thresholds[(y & 3) << 2 | x & 3] }

  private func block(
    _ greys: Pixels, _ classes: Pixels, _ ramps: [ColorRamp], _ column: Int, _ row: Int, _ width: Int
  ) -> Cell {
    let upper = 2 * row * width + column
    let lower = upper + width
    let top = ramps[Int(classes[upper])].color(greys[upper], threshold: threshold(column, 2 * row))
    let bottom = ramps[Int(classes[lower])].color(greys[lower], threshold: threshold(column, 2 * row + 1))
    // One colour needs no character: fewer bytes travel, and blanks can be cleared in one go.
    return top == bottom ? Cell(" ", background: top) : Cell(Self.upperHalf, foreground: top, background: bottom)
  }

  private func solid(
    _ greys: Pixels, _ classes: Pixels, _ ramps: [ColorRamp], _ column: Int, _ row: Int, _ width: Int
  ) -> Cell {
    let index = row * width + column
    return Cell(
      " ", background: ramps[Int(classes[index])].color(greys[index], threshold: threshold(column, row)))
  }

  private func shade(
    _ greys: Pixels, _ classes: Pixels, _ ramps: [ColorRamp], _ column: Int, _ row: Int, _ width: Int
  ) -> Cell {
    let index = row * width + column
    let ramp = ramps[Int(classes[index])]
    let level = Int(greys[index])
    let lower = Int(ramp.lower[level])
    guard ramp.colors.count > 1 else {
      return Cell(Self.shades[2], foreground: ramp.colors[0], background: .palette(0))
    }
    // Quarters between two colours; the dither decides between the two nearest quarters.
    let sixteenths = Int(ramp.fraction[level])
    let quarter = sixteenths / 4 + (sixteenths % 4 * 4 > Int(threshold(column, row)) ? 1 : 0)
    if quarter == 0 { return Cell(" ", background: ramp.colors[lower]) }
    if quarter == 4 { return Cell(" ", background: ramp.colors[lower + 1]) }
    return Cell(Self.shades[quarter], foreground: ramp.colors[lower + 1], background: ramp.colors[lower])
  }

  private func glyph(
    _ greys: Pixels, _ classes: Pixels, _ ramps: [ColorRamp], _ column: Int, _ row: Int, _ width: Int
  ) -> Cell {
    let index = row * width + column
    let pixelClass = PixelClass(rawValue: classes[index]) ?? .plain
    let threshold = threshold(column, row)
    // Letters of ASCII are a texture of their own, which a dither would only confuse: the nearest ink is taken.
    let glyphs = capabilities.isUTF8 ? Self.shadeGlyphs : Self.asciiGlyphs
    let glyphThreshold: UInt8 = capabilities.isUTF8 ? threshold : 8
    if capabilities.colors == .none {
      if let letter = MaskTint.glyph(pixelClass), isLetterShown(pixelClass, column, row) { return Cell(letter) }
      return Cell(glyphs.glyph(greys[index], threshold: glyphThreshold))
    }
    guard pixelClass != .plain, pixelClass != .crosshair else {
      return Cell(glyphs.glyph(greys[index], threshold: glyphThreshold))
    }
    // A blank has no colour: the darkest tinted cell still has a dot.
    return Cell(
      glyphs.glyph(max(48, greys[index]), threshold: glyphThreshold),
      foreground: ramps[Int(pixelClass.rawValue)].color(greys[index], threshold: threshold))
  }

  /// Whether a letter stands in a cell: everywhere but inside a filled mask, where every other cell shows its grey.
  private func isLetterShown(_ pixelClass: PixelClass, _ column: Int, _ row: Int) -> Bool {
    switch pixelClass {
    case .leftFill, .rightFill: (column + row) & 1 == 0
    default: true
    }
  }
}
