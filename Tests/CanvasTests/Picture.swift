import CPNGReader

/// A decoded picture, to look at its pixels.
struct Picture {
  struct DecodingError: Error {}

  let width: Int
  let height: Int
  /// Red, green, blue, row by row.
  let pixels: [UInt8]

  /// Decodes a PNG file.
  init(png: [UInt8]) throws {
    var width: UInt32 = 0
    var height: UInt32 = 0
    var pixels = [UInt8](repeating: 0, count: 1 << 20)
    guard png_decode_rgb(png, png.count, &pixels, pixels.count, &width, &height) else { throw DecodingError() }
    self.width = Int(width)
    self.height = Int(height)
    self.pixels = Array(pixels.prefix(3 * self.width * self.height))
  }

  subscript(column: Int, row: Int) -> [UInt8] {
    Array(pixels[3 * (row * width + column)..<3 * (row * width + column + 1)])
  }
}
