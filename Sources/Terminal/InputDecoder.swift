import Canvas

/// Makes events of what curses reads: characters, keys, and the mouse reports that follow their introducers.
///
/// A report may arrive in pieces; the decoder keeps the beginning until the next call.
struct InputDecoder {
  /// One thing that was read.
  enum Token: Equatable {
    case character(Unicode.Scalar)
    case key(Key)
    /// A key that has no meaning here.
    case otherKey
    /// `ESC [ <`
    case mouseReport
    /// `ESC [ M`
    case oldMouseReport
    /// `ESC [ 200 ~`
    case pasteBegin
    /// `ESC [ 201 ~`
    case pasteEnd
  }

  /// Where tokens come from; nil when nothing more has arrived.
  struct Source {
    let nextToken: () -> Token?
    let nextByte: () -> UInt8?
  }

  private enum State: Equatable {
    case ground
    /// The numbers of an SGR report.
    case mouse([UInt8])
    /// The three bytes of an old report.
    case oldMouse([UInt8])
    /// A control sequence that nobody knows; this many characters of it have been skipped.
    case unknownSequence(Int)
    /// Text that is being pasted.
    case paste([Unicode.Scalar])
  }

  private var state = State.ground
  private var pressed = Mouse.Button.left

  /// Longer than any report or sequence; what goes on beyond is not one.
  private static let longestSequence = 32
  /// What is pasted beyond so many characters is left out.
  private static let longestPaste = 65536

  /// Reads all that has arrived, at most `limit` events.
  mutating func events(from source: Source, limit: Int = 512) -> [TerminalEvent] {
    var events: [TerminalEvent] = []
    var again: Token?
    while events.count < limit {
      if case .oldMouse(let bytes) = state {
        guard let byte = source.nextByte() else { break }
        continueOldMouse(bytes + [byte], into: &events)
        continue
      }
      guard let token = again ?? source.nextToken() else { break }
      again = nil
      switch state {
      case .mouse(let bytes): continueMouse(bytes, token, into: &events)
      case .unknownSequence(let count): skip(token, count)
      case .paste(let text): again = continuePaste(text, token, into: &events)
      default: again = take(token, from: source, into: &events)
      }
    }
    return events
  }

  /// Takes a token that begins something. Returns one that was read too far.
  private mutating func take(
    _ token: Token, from source: Source, into events: inout [TerminalEvent]
  ) -> Token? {
    switch token {
    case .key(let key): events.append(.key(key))
    case .otherKey: break
    case .mouseReport: state = .mouse([])
    case .oldMouseReport: state = .oldMouse([])
    case .pasteBegin: state = .paste([])
    case .pasteEnd: break
    case .character("\u{1b}"):
      // Alt sends Escape and the character together; alone, Escape is the key.
      switch source.nextToken() {
      case .character("["):
        guard let next = source.nextToken() else {
          events.append(.key(.alternate("[")))
          return nil
        }
        state = .unknownSequence(0)
        return next
      case .character(let scalar) where scalar.value > 0x20 && scalar.value < 0x7f || scalar.value >= 0xa0:
        events.append(.key(.alternate(Character(scalar))))
      case let other:
        events.append(.key(.escape))
        return other
      }
    case .character(let scalar):
      if let key = Self.key(of: scalar) { events.append(.key(key)) }
    }
    return nil
  }

  /// The key that sends a character.
  static func key(of scalar: Unicode.Scalar) -> Key? {
    switch scalar.value {
    case 0: return .control(" ")
    case 8, 127: return .backspace
    case 9: return .tab
    case 10, 13: return .enter
    case 1...26: return .control(Character(Unicode.Scalar(UInt8(scalar.value) + 0x60)))
    case 28...31: return .control(Character(Unicode.Scalar(UInt8(scalar.value) + 0x40)))
    case 0x80..<0xa0: return nil
    default: return .character(Character(scalar))
    }
  }

  /// Goes on with pasted text. A terminal that never says its end must not keep the keyboard: Escape, Ctrl-C, a key that
  /// is no character and the mouse end it too, and drop it. Returns the token that did.
  private mutating func continuePaste(
    _ text: [Unicode.Scalar], _ token: Token, into events: inout [TerminalEvent]
  ) -> Token? {
    var text = text
    switch token {
    case .pasteEnd:
      state = .ground
      events.append(.paste(String(String.UnicodeScalarView(text))))
    case .character(let scalar) where scalar != "\u{1b}" && scalar != "\u{3}":
      if text.count < Self.longestPaste { text.append(scalar) }
      state = .paste(text)
    default:
      state = .ground
      return token
    }
    return nil
  }

  private mutating func skip(_ token: Token, _ count: Int) {
    state = .unknownSequence(count + 1)
    guard case .character(let scalar) = token, count < Self.longestSequence, scalar.value >= 0x20 else {
      state = .ground
      return
    }
    if (0x40...0x7e).contains(scalar.value) { state = .ground }
  }

  private mutating func continueMouse(_ bytes: [UInt8], _ token: Token, into events: inout [TerminalEvent]) {
    state = .ground
    guard case .character(let scalar) = token, scalar.isASCII, bytes.count < Self.longestSequence else { return }
    switch scalar {
    case "0"..."9", ";": state = .mouse(bytes + [UInt8(ascii: scalar)])
    case "M", "m":
      let numbers = bytes.split(separator: UInt8(ascii: ";"), omittingEmptySubsequences: false)
        .map { Int(String(decoding: $0, as: UTF8.self)) }
      guard numbers.count == 3, let code = numbers[0], let column = numbers[1], let row = numbers[2] else { return }
      report(code: code, column: column - 1, row: row - 1, isRelease: scalar == "m", into: &events)
    default: break
    }
  }

  private mutating func continueOldMouse(_ bytes: [UInt8], into events: inout [TerminalEvent]) {
    guard bytes.count == 3 else {
      state = .oldMouse(bytes)
      return
    }
    state = .ground
    guard bytes.allSatisfy({ $0 >= 32 }) else { return }
    let code = Int(bytes[0]) - 32
    let isRelease = code & 3 == 3 && code & 0x60 == 0
    report(code: code, column: Int(bytes[1]) - 33, row: Int(bytes[2]) - 33, isRelease: isRelease, into: &events)
  }

  /// Adds the event of a report. Bits of the code: 0 and 1 the button, 2 Shift, 3 Alt, 4 Control, 5 movement, 6 wheel,
  /// 7 further buttons (xterm's control sequences, "Mouse Tracking").
  private mutating func report(
    code: Int, column: Int, row: Int, isRelease: Bool, into events: inout [TerminalEvent]
  ) {
    guard (0..<128).contains(code), (0..<65536).contains(column), (0..<65536).contains(row) else { return }
    let hasModifier = code & 0x1c != 0
    if code & 0x40 != 0 {
      guard !isRelease, code & 3 < 2 else { return }
      let action = code & 3 == 0 ? Mouse.Action.wheelUp : .wheelDown
      events.append(.mouse(Mouse(action, column: column, row: row, hasModifier: hasModifier)))
      return
    }
    var button = pressed
    switch code & 3 {
    case 0: button = .left
    case 1: button = .middle
    case 2: button = .right
    default: guard isRelease else { return }  // Movement without a button.
    }
    let action = isRelease ? Mouse.Action.release : code & 0x20 != 0 ? .drag : .press
    if action == .press { pressed = button }
    let mouse = Mouse(action, button: button, column: column, row: row, hasModifier: hasModifier)
    // Of a quick movement only where it has got to matters.
    if action == .drag, case .mouse(let last)? = events.last, last.action == .drag, last.button == button {
      events.removeLast()
    }
    events.append(.mouse(mouse))
  }
}
