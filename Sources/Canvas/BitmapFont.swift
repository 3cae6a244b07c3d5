/// The shapes of characters on cells of 8 x 16 pixels.
enum BitmapFont {
  /// Pixels in a row of a cell.
  static let width = 8
  /// Rows of pixels of a cell.
  static let height = 16

  /// How much of a cell's pixels the character covers: 16 rows of 8, 0 (background) to 4 (foreground).
  typealias Coverage = [UInt8]

  /// The shape of a character; one that the font lacks is an empty box.
  static func coverage(of scalar: Unicode.Scalar) -> Coverage {
    if let shape = geometry(scalar.value) { return shape }
    guard let rows = glyphs[scalar.value] ?? glyphs[0xfffd] else { return missing }
    return (0..<width * height).map { rows[$0 / width] & (0x80 >> UInt8($0 % width)) == 0 ? 0 : 4 }
  }

  private static let missing: Coverage = cells { column, row in
    let isBorder = column == 1 || column == 6 || row == 3 || row == 12
    return isBorder && (1...6).contains(column) && (3...12).contains(row)
  }

  /// Rows of the font's glyphs by character; blanks are empty.
  private static let glyphs: [UInt32: [UInt8]] = {
    var glyphs: [UInt32: [UInt8]] = [0x20: Array(repeating: 0, count: 16), 0xa0: Array(repeating: 0, count: 16)]
    let words = glyphText.split { $0 == " " || $0 == "\n" }
    for index in stride(from: 0, to: words.count - 1, by: 2) {
      guard let value = UInt32(words[index], radix: 16) else { continue }
      let digits = Array(words[index + 1])
      glyphs[value] = stride(from: 0, to: digits.count - 1, by: 2).compactMap {
        UInt8(String(digits[$0...$0 + 1]), radix: 16)
      }
    }
    return glyphs.filter { $0.value.count == height }
  }()

  private static func cells(_ isInk: (_ column: Int, _ row: Int) -> Bool) -> Coverage {
    (0..<width * height).map { isInk($0 % width, $0 / width) ? 4 : 0 }
  }

  /// Blocks, shades and braille, which must meet their neighbours exactly.
  private static func geometry(_ value: UInt32) -> Coverage? {
    let eighth = Int(value & 0xf)
    switch value {
    case 0x2580: return cells { _, row in row < 8 }
    case 0x2581...0x2588: return cells { _, row in row >= 16 - 2 * eighth }
    case 0x2589...0x258f: return cells { column, _ in column < 16 - eighth }
    case 0x2590: return cells { column, _ in column >= 4 }
    case 0x2591...0x2593: return Array(repeating: UInt8(value - 0x2590), count: width * height)
    case 0x2594: return cells { _, row in row < 2 }
    case 0x2595: return cells { column, _ in column == 7 }
    case 0x2596...0x259f:
      // Which quarters are filled: upper left 1, upper right 2, lower left 4, lower right 8.
      let quarters: [Int] = [4, 8, 1, 13, 9, 7, 11, 2, 6, 14]
      let filled = quarters[Int(value - 0x2596)]
      return cells { column, row in filled & (1 << (column / 4 + row / 8 * 2)) != 0 }
    case 0x2800...0x28ff:
      // Dots 1 2 3 7 go down the left column, 4 5 6 8 down the right.
      let bits = [[0, 3], [1, 4], [2, 5], [6, 7]]
      return cells { column, row in
        let isDot = (1...2).contains(column % 4) && (1...2).contains(row % 4)
        return isDot && value & (1 << UInt32(bits[row / 4][column / 4])) != 0
      }
    default: return nil
    }
  }
}
