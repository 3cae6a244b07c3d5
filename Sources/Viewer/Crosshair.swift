import Canvas

/// The thin lines that meet at the cursor, with a gap around it so that they hide no voxel that matters.
enum Crosshair {
  /// Tints the pixels of both lines where they are plain.
  static func tint(_ classes: inout [UInt8], view: PaneView, cursor: SIMD3<Int>) {
    guard let center = view.pixel(of: cursor) else { return }
    let (gapX, gapY) = gap(view)
    for x in 0..<view.width where abs(x - center.x) > gapX {
      let index = center.y * view.width + x
      if classes[index] == 0 { classes[index] = PixelClass.crosshair.rawValue }
    }
    for y in 0..<view.height where abs(y - center.y) > gapY {
      let index = y * view.width + center.x
      if classes[index] == 0 { classes[index] = PixelClass.crosshair.rawValue }
    }
  }

  /// Draws short arms with characters, where there are too few colours for a tint.
  static func drawArms(_ view: PaneView, cursor: SIMD3<Int>, isUTF8: Bool, style: TextStyle, in frame: inout Frame) {
    guard let center = view.cell(of: cursor) else { return }
    let (gapX, gapY) = gap(view)
    let (horizontal, vertical): (Unicode.Scalar, Unicode.Scalar) = isUTF8 ? ("\u{2500}", "\u{2502}") : ("-", "|")
    func put(_ scalar: Unicode.Scalar, _ column: Int, _ row: Int) {
      guard view.picture.contains(column: column, row: row) else { return }
      frame[column, row] = Cell(
        scalar, foreground: style.foreground, background: style.background, style: style.style)
    }
    for step in 1...3 {
      put(horizontal, center.column - gapX - step, center.row)
      put(horizontal, center.column + gapX + step, center.row)
    }
    for step in 1...2 {
      put(vertical, center.column, center.row - gapY - step)
      put(vertical, center.column, center.row + gapY + step)
    }
  }

  /// Pixels on each side of the cursor's pixel that stay free: at least one, and all of the voxel.
  private static func gap(_ view: PaneView) -> (Int, Int) {
    func half(_ voxel: Double, _ pixel: Double) -> Int { Int(min(voxel / pixel / 2, 1000).rounded(.up)) }
    return (
      max(1, half(view.voxelSize.x, view.pixelSize.x)), max(1, half(view.voxelSize.y, view.pixelSize.y))
    )
  }
}
