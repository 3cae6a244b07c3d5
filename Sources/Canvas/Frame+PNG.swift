import CPNG

extension Frame {
  /// The frame as a picture, 8 x 16 pixels a cell.
  ///
  /// - Parameters:
  ///   - scale: Pixels of the picture to a pixel of the font, along each side.
  ///   - foreground: What the default colour of characters looks like.
  ///   - background: What the default colour behind them looks like.
  /// - Returns: The bytes of a PNG file.
  /// - Throws: `CanvasError` if the picture would be empty or too large.
  public func png(
    scale: Int = 1, foreground: Palette.RGB = (0xd0, 0xd0, 0xd0), background: Palette.RGB = (0, 0, 0)
  ) throws -> [UInt8] {
    let (width, widthOverflows) = columns.multipliedReportingOverflow(by: BitmapFont.width * max(1, scale))
    let (height, heightOverflows) = rows.multipliedReportingOverflow(by: BitmapFont.height * max(1, scale))
    guard !widthOverflows, !heightOverflows, (1...65536).contains(width), (1...65536).contains(height) else {
      throw CanvasError.pictureSize(width: width, height: height)
    }
    let pixels = pixels(scale: max(1, scale), foreground: foreground, background: background)
    var message = [CChar](repeating: 0, count: 64)
    let capacity = png_encoded_bound(UInt32(width), UInt32(height))
    let bytes = [UInt8](unsafeUninitializedCapacity: capacity) { buffer, count in
      count = png_encode_rgb(
        pixels, UInt32(width), UInt32(height), buffer.baseAddress, buffer.count, &message)
    }
    guard !bytes.isEmpty else {
      let text = message.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
      throw CanvasError.encoding(String(decoding: text, as: UTF8.self))
    }
    return bytes
  }

  /// Red, green and blue of every pixel, row by row.
  private func pixels(scale: Int, foreground: Palette.RGB, background: Palette.RGB) -> [UInt8] {
    let rowBytes = columns * BitmapFont.width * scale * 3
    var pixels = [UInt8](repeating: 0, count: rows * BitmapFont.height * scale * rowBytes)
    var shapes: [Unicode.Scalar: BitmapFont.Coverage] = [:]
    pixels.withUnsafeMutableBufferPointer { buffer in
      for (index, cell) in cells.enumerated() {
        let shape = shapes[cell.scalar] ?? BitmapFont.coverage(of: cell.scalar)
        shapes[cell.scalar] = shape
        let inks = cell.inks(foreground: foreground, background: background)
        let isUnderlined = cell.style.contains(.underline)
        let isBold = cell.style.contains(.bold)
        let left = index % columns * BitmapFont.width * scale * 3
        let top = index / columns * BitmapFont.height * scale
        for row in 0..<BitmapFont.height * scale {
          var offset = (top + row) * rowBytes + left
          let shapeRow = row / scale * BitmapFont.width
          for column in 0..<BitmapFont.width * scale {
            let dot = column / scale
            var covered = shape[shapeRow + dot]
            if isUnderlined, row / scale == 14 { covered = 4 }
            // Bold strokes are one pixel wider.
            if isBold, dot > 0 { covered = max(covered, shape[shapeRow + dot - 1]) }
            let ink = inks[Int(covered)]
            buffer[offset] = ink.red
            buffer[offset + 1] = ink.green
            buffer[offset + 2] = ink.blue
            offset += 3
          }
        }
      }
    }
    return pixels
  }
}

extension Cell {
  /// The colours of a pixel by how much of it the character covers, 0 to 4 quarters.
  fileprivate func inks(foreground standardFront: Palette.RGB, background standardBack: Palette.RGB) -> [Palette.RGB] {
    var front = Self.rgb(foreground, standardFront)
    var back = Self.rgb(background, standardBack)
    if style.contains(.reverse) { swap(&front, &back) }
    func mixed(_ quarters: Int, _ from: Palette.RGB, _ to: Palette.RGB) -> Palette.RGB {
      func mix(_ from: UInt8, _ to: UInt8) -> UInt8 { UInt8((Int(from) * (4 - quarters) + Int(to) * quarters + 2) / 4) }
      return (mix(from.red, to.red), mix(from.green, to.green), mix(from.blue, to.blue))
    }
    if style.contains(.dim) { front = mixed(2, back, front) }
    return (0...4).map { mixed($0, back, front) }
  }

  private static func rgb(_ color: CellColor, _ standard: Palette.RGB) -> Palette.RGB {
    switch color {
    case .standard: return standard
    case .palette(let index): return Palette.rgb(index)
    case .rgb(let red, let green, let blue): return (red, green, blue)
    }
  }
}
