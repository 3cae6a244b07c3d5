import Foundation

extension Unicode.Scalar {
  /// How many columns a terminal gives this character: 0 for marks that join the one before, 2 for East Asian wide
  /// ones, else 1. Control characters count 0.
  public var columnWidth: Int {
    if value < 0x7f { return value < 0x20 ? 0 : 1 }
    switch properties.generalCategory {
    case .control, .format, .nonspacingMark, .enclosingMark, .lineSeparator, .paragraphSeparator, .surrogate: return 0
    default: return Self.wideRanges.contains { $0.contains(value) } ? 2 : 1
    }
  }

  /// What Unicode's EastAsianWidth calls wide or fullwidth, in blocks.
  private static let wideRanges: [ClosedRange<UInt32>] = [
    0x1100...0x115f, 0x231a...0x231b, 0x2329...0x232a, 0x23e9...0x23ec, 0x23f0...0x23f0, 0x23f3...0x23f3,
    0x25fd...0x25fe, 0x2614...0x2615, 0x2648...0x2653, 0x267f...0x267f, 0x2693...0x2693, 0x26a1...0x26a1,
    0x26aa...0x26ab, 0x26bd...0x26be, 0x26c4...0x26c5, 0x26ce...0x26ce, 0x26d4...0x26d4, 0x26ea...0x26ea,
    0x26f2...0x26f3, 0x26f5...0x26f5, 0x26fa...0x26fa, 0x26fd...0x26fd, 0x2705...0x2705, 0x270a...0x270b,
    0x2728...0x2728, 0x274c...0x274c, 0x274e...0x274e, 0x2753...0x2755, 0x2757...0x2757, 0x2795...0x2797,
    0x27b0...0x27b0, 0x27bf...0x27bf, 0x2b1b...0x2b1c, 0x2b50...0x2b50, 0x2b55...0x2b55, 0x2e80...0x303e,
    0x3041...0x33ff, 0x3400...0x4dbf, 0x4e00...0xa4cf, 0xa960...0xa97f, 0xac00...0xd7a3, 0xf900...0xfaff,
    0xfe10...0xfe19, 0xfe30...0xfe6f, 0xff00...0xff60, 0xffe0...0xffe6, 0x16fe0...0x1b2ff, 0x1f004...0x1f004,
    0x1f0cf...0x1f0cf, 0x1f18e...0x1f18e, 0x1f191...0x1f19a, 0x1f200...0x1f320, 0x1f32d...0x1f335,
    0x1f337...0x1f37c, 0x1f37e...0x1f393, 0x1f3a0...0x1f3ca, 0x1f3cf...0x1f3d3, 0x1f3e0...0x1f3f0,
    0x1f3f4...0x1f3f4, 0x1f3f8...0x1f43e, 0x1f440...0x1f440, 0x1f442...0x1f4fc, 0x1f4ff...0x1f53d,
    0x1f54b...0x1f54e, 0x1f550...0x1f567, 0x1f57a...0x1f57a, 0x1f595...0x1f596, 0x1f5a4...0x1f5a4,
    0x1f5fb...0x1f64f, 0x1f680...0x1f6c5, 0x1f6cc...0x1f6cc, 0x1f6d0...0x1f6d2, 0x1f6d5...0x1f6d7,
    0x1f6dc...0x1f6df, 0x1f6eb...0x1f6ec, 0x1f6f4...0x1f6fc, 0x1f7e0...0x1f7eb, 0x1f7f0...0x1f7f0,
    0x1f90c...0x1f93a, 0x1f93c...0x1f945, 0x1f947...0x1f9ff, 0x1fa70...0x1faff, 0x20000...0x3fffd,
  ]

  /// A character of ASCII that stands for this one where the terminal has no other: lines become `-`, `|` and `+`,
  /// shades a ramp, what has no likeness `?`.
  public var asciiFallback: Unicode.Scalar {
    if value < 0x20 || value == 0x7f { return "?" }
    if value < 0x80 { return self }
    if let likeness = Self.likenesses[self] { return likeness }
    switch value {
    case 0x2500...0x257f: return Self.lineFallback(value)
    case 0x2581...0x2590, 0x2594...0x259f: return "#"
    case 0x2800...0x28ff: return (value & 0xff).nonzeroBitCount > 3 ? "#" : (value == 0x2800 ? " " : ".")
    default: return "?"
    }
  }

  private static let likenesses: [Unicode.Scalar: Unicode.Scalar] = [
    "\u{a0}": " ", "░": ".", "▒": ":", "▓": "%", "█": "#", "▀": "\"", "▄": "_", "·": ".", "•": "*", "…": ".",
    "×": "x", "÷": "/", "±": "~", "µ": "u", "°": "o", "²": "2", "³": "3", "–": "-", "—": "-", "−": "-", "‐": "-",
    "‘": "'", "’": "'", "“": "\"", "”": "\"", "←": "<", "→": ">", "↑": "^", "↓": "v", "↔": "-", "↕": "|",
    "◀": "<", "▶": ">", "▲": "^", "▼": "v", "△": "^", "▽": "v", "●": "*", "○": "o", "◆": "*", "◇": "o", "■": "#",
    "□": "o", "✓": "v", "✗": "x", "⌀": "o", "≥": ">", "≤": "<", "≈": "~", "≠": "#", "∅": "0", "§": "S", "©": "c",
    "ß": "s", "ä": "a", "ö": "o", "ü": "u", "Ä": "A", "Ö": "O", "Ü": "U", "é": "e", "è": "e", "ê": "e", "á": "a",
    "à": "a", "â": "a", "å": "a", "ç": "c", "ñ": "n", "ó": "o", "ò": "o", "ô": "o", "ø": "o", "ú": "u", "ù": "u",
    "í": "i", "ì": "i", "ï": "i",
  ]

  private static func lineFallback(_ value: UInt32) -> Unicode.Scalar {
    switch value {
    case 0x2500, 0x2501, 0x2504, 0x2505, 0x2508, 0x2509, 0x254c, 0x254d, 0x2574, 0x2576, 0x2578, 0x257a, 0x257c,
      0x257e:
      return "-"
    case 0x2550: return "="
    case 0x2502, 0x2503, 0x2506, 0x2507, 0x250a, 0x250b, 0x254e, 0x254f, 0x2551, 0x2575, 0x2577, 0x2579, 0x257b,
      0x257d, 0x257f:
      return "|"
    case 0x2571: return "/"
    case 0x2572: return "\\"
    default: return "+"
    }
  }
}

extension String {
  /// This text with control characters and the invisible ones that reorder text written out, as `\x1B` or `\u{202E}`,
  /// so that a name from a file can neither move the cursor nor pretend to be another.
  public var escapingControlCharacters: String {
    var result = String.UnicodeScalarView()
    for scalar in unicodeScalars {
      switch scalar.properties.generalCategory {
      case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate:
        let digits = String(scalar.value, radix: 16, uppercase: true)
        let text = scalar.value < 0x100 ? "\\x" + (digits.count < 2 ? "0" : "") + digits : "\\u{\(digits)}"
        result.append(contentsOf: text.unicodeScalars)
      default:
        result.append(scalar)
      }
    }
    return String(result)
  }

  /// The characters that cells can hold, one column each: control characters written out, accents joined to their
  /// letters where Unicode has the pair and dropped where not, wide characters replaced by `?`.
  public var cellScalars: [Unicode.Scalar] {
    escapingControlCharacters.precomposedStringWithCanonicalMapping.unicodeScalars.compactMap { scalar in
      switch scalar.columnWidth {
      case 0: return nil
      case 1: return scalar
      default: return "?"
      }
    }
  }
}
