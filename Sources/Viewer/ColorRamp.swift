import Canvas

/// Colours from dark to bright, and where between two of them each of 256 grey levels falls.
struct ColorRamp: Sendable {
  /// How finely a place between two colours is told: 16 steps, the cells of a 4x4 dither.
  static let steps = 16

  /// The colours, dark first.
  let colors: [CellColor]
  /// The darker of the two colours for each grey level; the last but one at most, unless there is only one.
  let lower: [UInt8]
  /// How far toward the brighter colour, 0...16, for each grey level.
  let fraction: [UInt8]

  /// Creates a ramp.
  ///
  /// - Parameters:
  ///   - colors: The colours, dark first; at least one, at most 256.
  ///   - values: The grey level (0...255) that each colour shows, rising; `nil` for equal steps.
  init(_ colors: [CellColor], values: [Double]? = nil) {
    precondition(!colors.isEmpty && colors.count <= 256 && (values.map { $0.count == colors.count } ?? true))
    self.colors = colors
    guard colors.count > 1 else {
      lower = Array(repeating: 0, count: 256)
      fraction = Array(repeating: 0, count: 256)
      return
    }
    let places = values ?? colors.indices.map { 255 * Double($0) / Double(colors.count - 1) }
    var lower: [UInt8] = []
    var fraction: [UInt8] = []
    var index = 0
    for level in 0..<256 {
      while index < colors.count - 2, Double(level) >= places[index + 1] { index += 1 }
      let part = (Double(level) - places[index]) / (places[index + 1] - places[index])
      lower.append(UInt8(index))
      fraction.append(UInt8(max(0, min(16, (part * 16).rounded()))))
    }
    self.lower = lower
    self.fraction = fraction
  }

  /// Creates a ramp of palette entries in equal steps.
  init(palette: [UInt8]) { self.init(palette.map { .palette($0) }) }

  /// The colour of a grey level where the dither's threshold, 0...15, is known.
  func color(_ level: UInt8, threshold: UInt8) -> CellColor {
    let index = Int(level)
    return colors[Int(lower[index]) + (fraction[index] > threshold ? 1 : 0)]
  }
}

/// Thresholds 0...15 of a 4x4 ordered dither: fixed to the screen, so that a still picture stays still.
enum OrderedDither {
  /// The thresholds, row by row.
  static let thresholds: [UInt8] = [0, 8, 2, 10, 12, 4, 14, 6, 3, 11, 1, 9, 15, 7, 13, 5]
}
