import CNCurses
import Canvas

/// The pairs of foreground and background that the terminal has been told; pairs are defined when first used.
struct ColorPairs {
  /// The colours of the terminal.
  let depth: DisplayCapabilities.ColorDepth
  /// How many pairs there can be.
  private let capacity: Int
  /// Whether the terminal's own default colours can be part of a pair.
  private let hasDefault: Bool
  private var numbers: [UInt64: Int32] = [:]
  private var next: Int32 = 1
  private var lastKey: UInt64 = 0
  private var lastNumber: Int32 = 0

  /// Starts colour on the open terminal; without colour every pair is 0.
  init(depth: DisplayCapabilities.ColorDepth) {
    var hasDefault = false
    let capacity = depth == .none ? 0 : Int(terminal_start_color(&hasDefault))
    self.capacity = capacity
    self.hasDefault = hasDefault
    self.depth = capacity > 1 ? depth : .none
  }

  /// The number of a pair; nil when no more can be defined and `forgetAll` must come first.
  mutating func number(_ foreground: CellColor, _ background: CellColor) -> Int32? {
    if depth == .none { return 0 }
    let key = UInt64(foreground.packed) << 32 | UInt64(background.packed)
    if key == lastKey { return lastNumber }
    guard let number = numbers[key] ?? define(foreground, background, key) else { return nil }
    lastKey = key
    lastNumber = number
    return number
  }

  /// Forgets all pairs: the cells on the screen must be drawn anew.
  mutating func forgetAll() {
    terminal_forget_pairs()
    numbers.removeAll(keepingCapacity: true)
    next = 1
    lastKey = 0
    lastNumber = 0
  }

  private mutating func define(_ foreground: CellColor, _ background: CellColor, _ key: UInt64) -> Int32? {
    let front = terminalNumber(foreground, standard: 7)
    let back = terminalNumber(background, standard: 0)
    let pairOfZero: (Int32, Int32) = hasDefault ? (-1, -1) : (7, 0)
    if (front, back) == pairOfZero {
      numbers[key] = 0
      return 0
    }
    // Different colours may come down to the same pair.
    let reducedKey =
      UInt64(1) << 63 | UInt64(UInt16(truncatingIfNeeded: front)) << 32 | UInt64(UInt32(bitPattern: back))
    if depth < .palette256, let number = numbers[reducedKey] {
      numbers[key] = number
      return number
    }
    guard Int(next) < capacity, terminal_define_pair(next, front, back) else { return nil }
    numbers[key] = next
    if depth < .palette256 { numbers[reducedKey] = next }
    next += 1
    return next - 1
  }

  private func terminalNumber(_ color: CellColor, standard: Int32) -> Int32 {
    switch color.reduced(to: depth) {
    case .standard: return hasDefault ? -1 : standard
    case .palette(let index) where depth == .trueColor && index >= 16:
      let color = Palette.rgb(index)
      return Self.directNumber(color.red, color.green, color.blue)
    case .palette(let index): return Int32(index)
    case .rgb(let red, let green, let blue): return Self.directNumber(red, green, blue)
    }
  }

  /// A colour as a number of the direct-colour entry, in which 0 to 15 are the palette's: the darkest blues move up by
  /// one level of red and green.
  private static func directNumber(_ red: UInt8, _ green: UInt8, _ blue: UInt8) -> Int32 {
    let number = Int32(red) << 16 | Int32(green) << 8 | Int32(blue)
    return number < 16 ? 0x010100 | max(1, number) : number
  }
}

extension CellColor {
  /// The colour as a number that no other colour has.
  var packed: UInt32 {
    switch self {
    case .standard: return 1 << 26
    case .palette(let index): return 1 << 25 | UInt32(index)
    case .rgb(let red, let green, let blue):
      return 1 << 24 | UInt32(red) << 16 | UInt32(green) << 8 | UInt32(blue)
    }
  }
}
