/// A line of text that is being typed.
struct LineEditor: Sendable, Hashable {
  /// The most characters that a line takes.
  static let longest = 1024

  /// The text.
  private(set) var characters: [Character]
  /// How many characters are before the caret.
  private(set) var caret: Int

  /// Creates a line with the caret at its end.
  init(_ text: String = "") {
    characters = Array(text.prefix(Self.longest))
    caret = characters.count
  }

  /// The text.
  var text: String { String(characters) }

  /// Inserts a character before the caret; control characters are left out.
  mutating func insert(_ character: Character) {
    guard characters.count < Self.longest,
      !character.unicodeScalars.contains(where: { $0.properties.generalCategory == .control })
    else { return }
    characters.insert(character, at: caret)
    caret += 1
  }

  /// Replaces the whole text.
  mutating func replace(with text: String) { self = LineEditor(text) }

  /// Does what a key says.
  mutating func edit(_ edit: Edit) {
    switch edit {
    case .backspace:
      guard caret > 0 else { return }
      caret -= 1
      characters.remove(at: caret)
    case .delete:
      if caret < characters.count { characters.remove(at: caret) }
    case .left: caret = max(0, caret - 1)
    case .right: caret = min(characters.count, caret + 1)
    case .home: caret = 0
    case .end: caret = characters.count
    case .clear: replace(with: "")
    case .deleteWord:
      while caret > 0, characters[caret - 1] == " " { self.edit(.backspace) }
      while caret > 0, characters[caret - 1] != " " { self.edit(.backspace) }
    }
  }

  /// What a key can do to a line.
  enum Edit: Sendable, Hashable {
    case backspace, delete, left, right, home, end, clear, deleteWord
  }
}
