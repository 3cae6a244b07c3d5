import Canvas

/// What the terminal, its user or the system did.
public enum TerminalEvent: Sendable, Hashable {
  /// A key was pressed.
  case key(Key)
  /// The mouse was pressed, dragged, released, or its wheel turned.
  case mouse(Mouse)
  /// Text was pasted: all of it, line ends and all.
  case paste(String)
  /// The window has another size, in cells. What was shown is gone: present a frame of the new size.
  case resize(columns: Int, rows: Int)
  /// The process was stopped, with Ctrl-Z for instance, and goes on. What was shown is gone: present a frame.
  case resumed
  /// The process should end: it got this signal, or the terminal went away (SIGHUP). Close the driver and exit with
  /// 128 + the signal's number. The guard ends the process itself if that takes longer than three seconds.
  case terminate(signal: Int32)
}
