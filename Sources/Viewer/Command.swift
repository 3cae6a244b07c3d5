import Clicks
import Volume

/// A line typed behind `:`.
enum Command: Sendable, Hashable {
  case goTo(Axes3<Int>)
  case window(width: Double, level: Double)
  case export(String?)
  case note(String)
  case kind(ClickKind)
  case mask(ViewSettings.MaskStyle)
  case flash(Bool)
  case help
  case quit

  /// A command's name, what follows it and what it does.
  struct Usage: Sendable {
    let name: String
    let arguments: String
    let help: String
    /// The words that can follow, if they are words.
    var words: [String] = []
  }

  /// All commands.
  static let usages: [Usage] = [
    Usage(name: "export", arguments: "[PATH]", help: "write the mask"),
    Usage(name: "flash", arguments: "on|off", help: "show each answer's change for a moment", words: ["on", "off"]),
    Usage(name: "goto", arguments: "K J I", help: "crosshair to a voxel as stored"),
    Usage(name: "help", arguments: "", help: "list of keys"),
    Usage(
      name: "kind", arguments: "left|right|not-canal", help: "what the next click says",
      words: ["left", "right", "not-canal"]),
    Usage(
      name: "mask", arguments: "fill|outline|off", help: "how the mask is drawn", words: ["fill", "outline", "off"]),
    Usage(name: "note", arguments: "TEXT", help: "write a note into the session"),
    Usage(name: "quit", arguments: "", help: "end; everything is saved already"),
    Usage(name: "window", arguments: "WIDTH LEVEL", help: "grey values between black and white"),
  ]

  /// Why a line is no command.
  enum Problem: Error, Sendable, Hashable, CustomStringConvertible {
    case unknown(String)
    case usage(String)

    /// What to type instead.
    var description: String {
      switch self {
      case .unknown(let name):
        "there is no command \(name); there are \(Command.usages.map(\.name).joined(separator: ", "))"
      case .usage(let name):
        Command.usages.first { $0.name == name }.map { "type :\($0.name) \($0.arguments)" } ?? "type another command"
      }
    }
  }

  /// Reads a line.
  static func parse(_ line: String) -> Result<Command, Problem> {
    let words = line.split(separator: " ").map(String.init)
    guard let typed = words.first else { return .failure(.unknown("")) }
    let matching = usages.map(\.name).filter { $0.hasPrefix(typed) }
    guard let name = matching.count == 1 ? matching[0] : matching.first(where: { $0 == typed }) else {
      return .failure(.unknown(typed))
    }
    let arguments = Array(words.dropFirst())
    let rest = String(line.drop { $0 == " " }.dropFirst(typed.count).drop { $0 == " " })
    guard let command = command(name, arguments, rest: rest) else { return .failure(.usage(name)) }
    return .success(command)
  }

  private static func command(_ name: String, _ arguments: [String], rest: String) -> Command? {
    switch name {
    case "goto":
      let numbers = arguments.compactMap { Int($0) }
      return arguments.count == 3 && numbers.count == 3 ? .goTo(Axes3(numbers[0], numbers[1], numbers[2])) : nil
    case "window":
      let numbers = arguments.compactMap { Double($0) }
      guard arguments.count == 2, numbers.count == 2, numbers.allSatisfy(\.isFinite), numbers[0] > 0 else { return nil }
      return .window(width: numbers[0], level: numbers[1])
    case "export": return .export(rest.isEmpty ? nil : rest)
    case "note": return rest.isEmpty ? nil : .note(rest)
    case "kind":
      let kinds: [String: ClickKind] = ["left": .left, "right": .right, "not-canal": .background]
      return arguments.count == 1 ? kinds[arguments[0]].map(Command.kind) : nil
    case "mask":
      return arguments.count == 1 ? ViewSettings.MaskStyle(rawValue: arguments[0]).map(Command.mask) : nil
    case "flash":
      let states = ["on": true, "off": false]
      return arguments.count == 1 ? states[arguments[0]].map(Command.flash) : nil
    case "help": return arguments.isEmpty ? .help : nil
    case "quit": return arguments.isEmpty ? .quit : nil
    default: return nil
    }
  }

  /// What the last word of a line could become.
  static func candidates(_ line: String) -> [String] {
    let parts = line.split(separator: " ", omittingEmptySubsequences: false).map(String.init)
    guard parts.count > 1 else { return usages.map(\.name).filter { $0.hasPrefix(parts.first ?? "") } }
    guard parts.count == 2, let usage = usages.first(where: { $0.name == parts[0] }) else { return [] }
    return usage.words.filter { $0.hasPrefix(parts[1]) }
  }

  /// A line with its last word completed as far as all candidates agree.
  static func completed(_ line: String) -> String {
    let found = candidates(line)
    guard let first = found.first else { return line }
    let shared = found.dropFirst().reduce(first) { $0.commonPrefix(with: $1) }
    let kept = line.lastIndex(of: " ").map { String(line[...$0]) } ?? ""
    return kept + shared + (found.count == 1 ? " " : "")
  }
}

extension String {
  /// The characters at the beginning that two texts share.
  fileprivate func commonPrefix(with other: String) -> String {
    String(zip(self, other).prefix { $0 == $1 }.map(\.0))
  }
}
