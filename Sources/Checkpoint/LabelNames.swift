/// What label names say about left and right.
enum LabelNames {
  /// Returns the pairs of labels whose names differ only in left and right, for instance `[[1, 2]]` for
  /// `["background", "Left_IAC", "Right_IAC"]`.
  ///
  /// Words are compared without case; "left", "right", "l" and "r" count, apart or run together as in "LeftCanal".
  ///
  /// - Parameter names: The names by label, background first.
  /// - Returns: The pairs, the smaller label first, in order.
  static func mirroredPairs(of names: [String]) -> [[Int]] {
    var labels: [[String]: Int] = [:]
    let words = names.map { Self.words(of: $0) }
    for (label, words) in words.enumerated() where labels[words] == nil {
      labels[words] = label
    }
    var pairs: [[Int]] = []
    for (label, words) in words.enumerated() where label > 0 && labels[words] == label {
      let mirrored = words.map(Self.mirrored)
      if mirrored != words, let other = labels[mirrored], label < other {
        pairs.append([label, other])
      }
    }
    return pairs
  }

  private static func mirrored(_ word: String) -> String {
    switch word {
    case "left": "right"
    case "right": "left"
    case "l": "r"
    case "r": "l"
    default: word
    }
  }

  /// The words of a name in lower case: split at everything that is neither letter nor digit, between letters and
  /// digits, and before a capital letter that follows a small one.
  private static func words(of name: String) -> [String] {
    var words: [String] = []
    var word = ""
    var previous: Character?
    func kind(_ character: Character) -> Int { character.isLetter ? 1 : character.isNumber ? 2 : 0 }
    for character in name {
      let breaks = previous.map { kind($0) != kind(character) || ($0.isLowercase && character.isUppercase) } ?? false
      if breaks && !word.isEmpty {
        words.append(word)
        word = ""
      }
      if kind(character) != 0 { word += character.lowercased() }
      previous = character
    }
    if !word.isEmpty { words.append(word) }
    return words
  }
}
