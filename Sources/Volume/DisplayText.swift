/// Text from files and file names, made safe to print on a terminal.
public enum DisplayText {
  /// Returns a text with everything that could steer a terminal or mislead a reader written as an escape.
  ///
  /// Control characters (C0, DEL, C1), line and paragraph separators, bidirectional controls, invisible format
  /// characters and unassigned or private code points become `\n`, `\t`, `\r` or `\u{...}`. Everything else stays.
  ///
  /// - Parameter text: Any text, for instance a file name or a tensor's name.
  /// - Returns: The text on one line, without control characters.
  public static func escaped(_ text: String) -> String {
    guard text.unicodeScalars.contains(where: isUnsafe) else { return text }
    var result = ""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\n": result += "\\n"
      case "\r": result += "\\r"
      case "\t": result += "\\t"
      case _ where isUnsafe(scalar): result += "\\u{\(String(scalar.value, radix: 16))}"
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result
  }

  /// Whether a scalar can steer a terminal, reorder text or is invisible.
  private static func isUnsafe(_ scalar: Unicode.Scalar) -> Bool {
    if (0x20...0x7E).contains(scalar.value) { return false }
    switch scalar.properties.generalCategory {
    case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .privateUse, .unassigned: return true
    default: return false
    }
  }
}
