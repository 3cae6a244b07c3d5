import Canvas

/// Why the terminal cannot be used.
public enum TerminalError: Error, Equatable, Sendable, CustomStringConvertible {
  /// Standard input or output is a file or a pipe.
  case notATerminal
  /// The terminal type in `TERM` is not described on this machine.
  case unknownType(String)
  /// The terminal cannot place its cursor.
  case noCursorAddressing(String)
  /// Another driver is open in this process, or the terminal's modes cannot be read.
  case notAvailable

  /// What is wrong and what to do.
  public var description: String {
    switch self {
    case .notATerminal:
      return "The viewer needs a terminal, but standard input or output is a file or a pipe. \(Self.alternatives)"
    case .unknownType(""):
      return "The viewer needs to know the terminal, but TERM is not set. \(Self.alternatives)"
    case .unknownType(let type):
      return """
        This machine does not know the terminal type TERM=\(type.escapingControlCharacters). Try TERM=xterm-256color, \
        or install its description (Debian: ncurses-term). \(Self.alternatives)
        """
    case .noCursorAddressing(let type):
      return
        "A terminal of type TERM=\(type.escapingControlCharacters) cannot place its cursor, which the viewer needs. "
        + Self.alternatives
    case .notAvailable:
      return "The terminal is in use by this program already, or its settings cannot be read."
    }
  }

  private static let alternatives = """
    Without a viewer: 'canalis segment SCAN --output MASK' makes the mask, 'canalis render SCAN --output FRAME.png' \
    a picture, 'canalis info SCAN' describes the file.
    """
}
