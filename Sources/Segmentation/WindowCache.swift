import UMamba2

/// What earlier runs computed of each window, within a budget of bytes.
///
/// Two things are kept: a window's answer (its mean logits and the clicks that they answer), which saves everything when
/// its clicks are the same again; and the encoding of each of its mirrored views, which saves the click-independent half
/// when they are not. Answers are small and save more, so the budget serves all windows' answers first; then, where answers
/// are made of several of the network's, a few of those. Encodings are replaced least recently used first, but never one
/// that this very run has used: windows are visited in the same order each time, and replacing in a circle would keep
/// nothing.
struct WindowCache<Encoding> {
  /// The logits of a window.
  struct Answer {
    /// The clicks that they answer.
    let prompts: [PointPrompt]
    /// How many of the mirrored views they are made of: the first alone, or all.
    var views: Int
    /// `[classes, axis0, axis1, axis2]`, the mean of the views.
    var logits: [Float]
    /// The largest of them.
    var largest: Float
    /// Whether they are more than the network's own answer: clicks inside of canals were strengthened.
    var isStrengthened = false
  }

  private struct EncodingKey: Hashable {
    let window: Int
    let view: Int
  }

  /// The most of the network's answers that are kept to make a window's answer of: one for each of the windows
  /// round a click.
  static var mostParts: Int { 8 }
  /// Whether there is room for the answers of all windows.
  let keepsAllAnswers: Bool
  private let answerLimit: Int
  private let encodingLimit: Int
  private let partLimit: Int
  private var answers: [Int: Answer] = [:]
  /// The least recently used first.
  private var parts: [(window: Int, answer: Answer)] = []
  private var encodings: [EncodingKey: (encoding: Encoding, lastRun: Int)] = [:]

  /// Creates an empty cache.
  ///
  /// - Parameters:
  ///   - budgetInBytes: The most that is kept.
  ///   - windows: How many windows there are.
  ///   - answerBytes: What one answer takes.
  ///   - encodingBytes: What one encoding takes.
  ///   - keepsParts: Whether answers are made of several of the network's.
  init(budgetInBytes: Int, windows: Int, answerBytes: Int, encodingBytes: Int, keepsParts: Bool) {
    let answers = budgetInBytes / max(1, answerBytes)
    answerLimit = min(windows, answers)
    keepsAllAnswers = answerLimit == windows
    partLimit = keepsParts ? min(Self.mostParts, answers - answerLimit) : 0
    encodingLimit = (budgetInBytes - (answerLimit + partLimit) * answerBytes) / max(1, encodingBytes)
  }

  /// The answer to the same clicks, if it was kept.
  func answer(window: Int, prompts: [PointPrompt]) -> Answer? {
    answers[window].flatMap { $0.prompts == prompts ? $0 : nil }
  }

  /// The window's answer to whatever clicks it was given last, if it was kept.
  func latestAnswer(window: Int) -> Answer? { answers[window] }

  /// Keeps an answer instead of the window's earlier one, if there is room.
  mutating func keep(_ answer: Answer, window: Int) {
    if answers[window] != nil || answers.count < answerLimit { answers[window] = answer }
  }

  /// An answer of the network's of which the window's answer was made, if it was kept.
  func part(window: Int, prompts: [PointPrompt]) -> Answer? {
    parts.last { $0.window == window && $0.answer.prompts == prompts }?.answer
  }

  /// Keeps an answer of the network's of which the window's answer is made, if there is room.
  mutating func keepPart(_ answer: Answer, window: Int) {
    parts.removeAll { $0.window == window && $0.answer.prompts == answer.prompts }
    parts.append((window, answer))
    if parts.count > partLimit { parts.removeFirst() }
  }

  /// Whether an encoding is kept.
  func hasEncoding(window: Int, view: Int) -> Bool {
    encodings[EncodingKey(window: window, view: view)] != nil
  }

  /// An encoding, if it was kept.
  mutating func encoding(window: Int, view: Int, run: Int) -> Encoding? {
    let key = EncodingKey(window: window, view: view)
    guard let found = encodings[key] else { return nil }
    encodings[key] = (found.encoding, run)
    return found.encoding
  }

  /// Calls a function with every encoding that is kept, its window and its view.
  func forEachEncoding(_ body: (Encoding, Int, Int) -> Void) {
    for (key, value) in encodings { body(value.encoding, key.window, key.view) }
  }

  /// Makes room for one more encoding, if there can be.
  ///
  /// - Returns: Whether it may be kept.
  mutating func makeRoomForEncoding(run: Int) -> Bool {
    if encodings.count < encodingLimit { return true }
    guard let oldest = encodings.min(by: { $0.value.lastRun < $1.value.lastRun }), oldest.value.lastRun < run else {
      return false
    }
    encodings[oldest.key] = nil
    return true
  }

  /// Keeps an encoding for which there is room.
  mutating func keep(_ encoding: Encoding, window: Int, view: Int, run: Int) {
    encodings[EncodingKey(window: window, view: view)] = (encoding, run)
  }
}
