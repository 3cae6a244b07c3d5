import CNCurses
import Canvas
import Foundation

/// The process's terminal: shows frames and reports what the user does.
///
/// An application's loop, on the one thread that made the driver:
///
///     let driver = try TerminalDriver(colors: option)
///     defer { driver.close() }
///     driver.present(render(model, driver.columns, driver.rows))
///     while running {
///       for event in driver.nextEvents(timeout: .milliseconds(100)) { ... }
///       driver.present(frame)
///     }
///
/// - ``nextEvents(timeout:)`` sleeps until the user does something, a signal comes, the time is over, or another thread
///   calls ``wake()``; then it may return no events.
/// - ``present(_:cursor:)`` sends only the cells that changed. After ``TerminalEvent/resize(columns:rows:)`` and
///   ``TerminalEvent/resumed`` a frame must be presented, as the screen is blank.
/// - Ctrl-C arrives as `.key(.control("c"))`. Ctrl-Z stops the process and `fg` continues it, by itself. Ctrl-\ ends
///   the process at once. SIGTERM, SIGHUP and SIGINT arrive as ``TerminalEvent/terminate(signal:)``.
/// - The terminal is as before after ``close()``, `exit`, a signal that ends the process, and a crash. What is written
///   to standard error in between is shown afterwards.
public final class TerminalDriver {
  /// What the terminal can show. The cell's aspect may change with the window's size.
  public private(set) var capabilities: DisplayCapabilities
  /// Cells in a row.
  public private(set) var columns = 0
  /// Rows of cells.
  public private(set) var rows = 0

  private var pairs: ColorPairs
  private var shown: Frame?
  private var mustRepaint = false
  private var decoder = InputDecoder()
  private var isOpen = true
  private let source: InputDecoder.Source
  private var drawable: [Unicode.Scalar: Unicode.Scalar] = [:]

  /// Takes the terminal over.
  ///
  /// - Parameters:
  ///   - colors: The colours to use; nil chooses by `NO_COLOR`, `COLORTERM` and the terminal's description.
  ///   - usesMouse: Whether to ask for the mouse.
  ///   - environment: The variables to go by, `TERM` first of all.
  /// - Throws: `TerminalError` if there is no terminal, or none that can place its cursor.
  public init(
    colors: DisplayCapabilities.ColorDepth? = nil, usesMouse: Bool = true,
    environment: [String: String] = ProcessInfo.processInfo.environment
  ) throws {
    guard isatty(STDIN_FILENO) == 1, isatty(STDOUT_FILENO) == 1 else { throw TerminalError.notATerminal }
    let isUTF8 = terminal_set_locale()
    let type = environment["TERM"] ?? ""
    var described: Int32 = 0
    guard !type.isEmpty else { throw TerminalError.unknownType("") }
    switch terminal_look_up(type, &described) {
    case TERMINAL_TYPE_USABLE: break
    case TERMINAL_TYPE_NO_CURSOR: throw TerminalError.noCursorAddressing(type)
    default: throw TerminalError.unknownType(type)
    }
    let choice = ColorChoice(wish: colors, environment: environment, described: Int(described))
    let depth = try Self.open(type, choice, described: Int(described), usesMouse, environment)
    pairs = ColorPairs(depth: depth)
    capabilities = DisplayCapabilities(colors: pairs.depth, isUTF8: isUTF8)
    source = InputDecoder.Source(nextToken: Self.readToken, nextByte: Self.readByte)
    measure()
  }

  deinit { close() }

  /// Opens the terminal with a description that has the colours, or with its own. Returns the colours it has then.
  private static func open(
    _ type: String, _ choice: ColorChoice, described: Int, _ usesMouse: Bool, _ environment: [String: String]
  ) throws -> DisplayCapabilities.ColorDepth {
    if !choice.isInDescription,
      let description = PrivateTerminfo.find(type: type, depth: choice.depth, environment: environment)
    {
      let before = getenv("TERMINFO").map { String(cString: $0) }
      setenv("TERMINFO", description.directory.path, 1)
      let isOpen = terminal_open(description.name, usesMouse)
      if let before { setenv("TERMINFO", before, 1) } else { unsetenv("TERMINFO") }
      if isOpen { return choice.depth }
    }
    guard terminal_open(type, usesMouse) else { throw TerminalError.notAvailable }
    return min(choice.depth, ColorChoice.depth(described: described))
  }

  /// Gives the terminal back. May be called again.
  public func close() {
    guard isOpen else { return }
    isOpen = false
    terminal_close()
  }

  /// Ends the wait of ``nextEvents(timeout:)``, or the next one. May be called from any thread.
  public static func wake() { terminal_wake() }

  /// Has the next frame sent whole, for when something else wrote on the screen.
  public func repaint() { mustRepaint = true }

  // MARK: - Frames

  /// Shows a frame; what does not fit on the screen is cut off, what it leaves free is blank.
  ///
  /// - Parameters:
  ///   - frame: The frame.
  ///   - cursor: Where to show the cursor; nil hides it.
  public func present(_ frame: Frame, cursor: (column: Int, row: Int)? = nil) {
    guard isOpen else { return }
    if !draw(frame) {
      // The pairs are used up: forget them and draw all cells again. Should one frame need more than there can be,
      // the rest stays without colour.
      pairs.forgetAll()
      shown = nil
      mustRepaint = true
      draw(frame)
    }
    shown = frame
    var position: (column: Int32, row: Int32) = (-1, 0)
    if let cursor, (0..<columns).contains(cursor.column), (0..<rows).contains(cursor.row) {
      position = (Int32(cursor.column), Int32(cursor.row))
    }
    terminal_refresh(mustRepaint, position.column, position.row)
    mustRepaint = false
  }

  /// Gives curses the cells that changed. Returns false if colour pairs ran out.
  @discardableResult
  private func draw(_ frame: Frame) -> Bool {
    var before = shown
    if let last = before, last.columns != frame.columns || last.rows != frame.rows { before = nil }
    if before == nil { terminal_erase() }
    var hasAllPairs = true
    for row in 0..<min(rows, frame.rows) {
      for column in 0..<min(columns, frame.columns) {
        let index = row * frame.columns + column
        let cell = frame.cells[index]
        if let before, before.cells[index] == cell { continue }
        let canonical = cell.canonical
        let pair = pairs.number(canonical.foreground, canonical.background)
        if pair == nil { hasAllPairs = false }
        terminal_put(
          Int32(column), Int32(row), drawable(canonical.scalar).value, UInt32(canonical.style.rawValue), pair ?? 0)
      }
    }
    return hasAllPairs
  }

  /// The character itself if the terminal can show it in one column, else one that stands for it.
  private func drawable(_ scalar: Unicode.Scalar) -> Unicode.Scalar {
    if scalar.value >= 0x20, scalar.value < 0x7f { return scalar }
    if let known = drawable[scalar] { return known }
    let isDrawable = capabilities.isUTF8 && terminal_is_one_column(scalar.value)
    let result = isDrawable ? scalar : scalar.asciiFallback
    drawable[scalar] = result
    return result
  }

  // MARK: - Events

  /// Waits for something to happen and returns all that has.
  ///
  /// - Parameter timeout: The longest wait, in whole milliseconds; nil waits as long as it takes.
  /// - Returns: The events in order; none if the time is over or the wait was ended by ``wake()``.
  public func nextEvents(timeout: Duration? = nil) -> [TerminalEvent] {
    guard isOpen else { return [] }
    var signal: Int32 = 0
    let result = terminal_wait(timeout.map(Self.milliseconds) ?? -1, &signal)
    func includes(_ reason: terminal_wait_result) -> Bool { result & Int32(reason.rawValue) != 0 }

    var events: [TerminalEvent] = []
    if includes(TERMINAL_INPUT) { events = decoder.events(from: source) }
    if includes(TERMINAL_SUSPEND) {
      terminal_suspend()
    } else if includes(TERMINAL_CONTINUED) {
      terminal_resume()
    }
    let wasStopped = includes(TERMINAL_SUSPEND) || includes(TERMINAL_CONTINUED)
    if wasStopped || includes(TERMINAL_RESIZED) {
      let hasNewSize = measure()
      shown = nil
      mustRepaint = true
      if hasNewSize { events.append(.resize(columns: columns, rows: rows)) }
      if wasStopped { events.append(.resumed) }
    }
    if includes(TERMINAL_TERMINATE) {
      events.append(.terminate(signal: signal))
    } else if includes(TERMINAL_HANG_UP) {
      events.append(.terminate(signal: SIGHUP))
    }
    return events
  }

  private static func milliseconds(_ duration: Duration) -> Int32 {
    let (seconds, attoseconds) = duration.components
    let value = Double(seconds) * 1000 + (Double(attoseconds) / 1e15).rounded(.up)
    return Int32(max(0, min(value, Double(Int32.max))))
  }

  /// Takes the size over. Returns whether it is another one.
  @discardableResult
  private func measure() -> Bool {
    let size = terminal_measure()
    let isNew = Int(size.columns) != columns || Int(size.rows) != rows
    columns = Int(size.columns)
    rows = Int(size.rows)
    capabilities.cellAspect = Self.cellAspect(size)
    return isNew
  }

  private static func cellAspect(_ size: terminal_size) -> Double {
    guard size.pixel_width > 0, size.pixel_height > 0, size.columns > 0, size.rows > 0 else { return 2 }
    let aspect =
      Double(size.pixel_height) / Double(size.rows) / (Double(size.pixel_width) / Double(size.columns))
    // Beyond this it is a mistake of the terminal, not a font.
    return (1...4).contains(aspect) ? aspect : 2
  }

  private static func readByte() -> UInt8? {
    let byte = terminal_read_byte()
    return byte < 0 ? nil : UInt8(byte)
  }

  private static func readToken() -> InputDecoder.Token? {
    var value: UInt32 = 0
    switch terminal_read(&value) {
    case TERMINAL_CHARACTER: return Unicode.Scalar(value).map { .character($0) } ?? .otherKey
    case TERMINAL_KEY: return token(terminal_key(value))
    default: return nil
    }
  }

  private static func token(_ key: terminal_key) -> InputDecoder.Token {
    switch key {
    case TERMINAL_KEY_UP: return .key(.up)
    case TERMINAL_KEY_DOWN: return .key(.down)
    case TERMINAL_KEY_LEFT: return .key(.left)
    case TERMINAL_KEY_RIGHT: return .key(.right)
    case TERMINAL_KEY_HOME: return .key(.home)
    case TERMINAL_KEY_END: return .key(.end)
    case TERMINAL_KEY_PAGE_UP: return .key(.pageUp)
    case TERMINAL_KEY_PAGE_DOWN: return .key(.pageDown)
    case TERMINAL_KEY_INSERT: return .key(.insert)
    case TERMINAL_KEY_DELETE: return .key(.delete)
    case TERMINAL_KEY_BACKSPACE: return .key(.backspace)
    case TERMINAL_KEY_BACK_TAB: return .key(.backTab)
    case TERMINAL_KEY_ENTER: return .key(.enter)
    case TERMINAL_KEY_MOUSE_SGR: return .mouseReport
    case TERMINAL_KEY_MOUSE_X10: return .oldMouseReport
    case TERMINAL_KEY_PASTE_BEGIN: return .pasteBegin
    case TERMINAL_KEY_PASTE_END: return .pasteEnd
    case _ where key.rawValue >= TERMINAL_KEY_F1.rawValue:
      return .key(.function(Int(key.rawValue - TERMINAL_KEY_F1.rawValue) + 1))
    default: return .otherKey
    }
  }
}

extension Cell {
  /// The same picture with the colours of half blocks in one order: fewer colour pairs, and more cells in a row that
  /// need no change of colour.
  fileprivate var canonical: Cell {
    guard style.isEmpty, scalar == "▀" || scalar == "▄", foreground.packed > background.packed else { return self }
    return Cell(scalar == "▀" ? "▄" : "▀", foreground: background, background: foreground)
  }
}
