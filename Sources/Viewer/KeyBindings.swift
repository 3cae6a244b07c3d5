import Canvas
import Clicks

/// A line of the one table that input and help share.
struct KeyBinding: Sendable {
  /// Where it holds.
  let context: KeyContext
  /// The keys and what each does.
  let actions: [(key: Key, action: KeyAction)]
  /// How the keys are written.
  let keys: String
  /// What they do.
  let help: String
  /// The word or two for the row of keys, or `nil` if it is not there.
  let hint: String?

  init(
    _ context: KeyContext, _ keys: String, _ help: String, hint: String? = nil,
    _ actions: [(key: Key, action: KeyAction)]
  ) {
    self.context = context
    self.keys = keys
    self.help = help
    self.hint = hint
    self.actions = actions
  }

  /// What a key does in the first of some contexts that knows it.
  static func action(for key: Key, in contexts: [KeyContext]) -> KeyAction? {
    for context in contexts {
      if let action = lookup[context]?[key] { return action }
    }
    return nil
  }

  /// The lines of a context.
  static func lines(of context: KeyContext) -> [KeyBinding] { table.filter { $0.context == context } }

  private static let lookup: [KeyContext: [Key: KeyAction]] = table.reduce(into: [:]) { result, binding in
    for (key, action) in binding.actions { result[binding.context, default: [:]][key] = action }
  }

  /// The table.
  static let table: [KeyBinding] = viewing + asking + panel + lines + help

  private static func keys(_ characters: String, _ action: KeyAction) -> [(key: Key, action: KeyAction)] {
    characters.map { (.character($0), action) }
  }

  private static let viewing: [KeyBinding] = [
    KeyBinding(
      .viewing, "1 2 3", "next click says left, right, not canal", hint: "kind",
      keys("1", .chooseKind(.left)) + keys("2", .chooseKind(.right)) + keys("3", .chooseKind(.background))),
    KeyBinding(
      .viewing, "Enter Space", "place a click at the crosshair", hint: "click",
      keys(" ", .placeClick) + [(.enter, .placeClick)]),
    KeyBinding(.viewing, "u", "undo", hint: "undo", keys("u", .undo)),
    KeyBinding(.viewing, "Ctrl-R", "redo", hint: "redo", [(.control("r"), .redo)]),
    KeyBinding(
      .viewing, "x Delete", "remove the click nearest to the crosshair", hint: "remove",
      keys("x", .removeNearestClick) + [(.delete, .removeNearestClick)]),
    KeyBinding(.viewing, "Esc", "stop the network", [(.escape, .stop)]),
    KeyBinding(.viewing, "r", "ask the network again", keys("r", .runAgain)),
    KeyBinding(
      .viewing, "arrows hjkl", "move the crosshair one voxel; HJKL ten",
      [
        (.left, .move(right: -1, down: 0)), (.right, .move(right: 1, down: 0)),
        (.up, .move(right: 0, down: -1)), (.down, .move(right: 0, down: 1)),
      ] + keys("h", .move(right: -1, down: 0)) + keys("l", .move(right: 1, down: 0))
        + keys("k", .move(right: 0, down: -1)) + keys("j", .move(right: 0, down: 1))
        + keys("H", .move(right: -10, down: 0)) + keys("L", .move(right: 10, down: 0))
        + keys("K", .move(right: 0, down: -10)) + keys("J", .move(right: 0, down: 10))),
    KeyBinding(
      .viewing, "PgUp PgDn ] [", "slice to head, back or left, and back; } { ten", hint: "slice",
      keys("]", .moveSlices(1)) + keys("[", .moveSlices(-1)) + keys("}", .moveSlices(10))
        + keys("{", .moveSlices(-10)) + [(.pageUp, .moveSlices(1)), (.pageDown, .moveSlices(-1))]),
    KeyBinding(.viewing, "Home End", "first and last slice", [(.home, .firstSlice), (.end, .lastSlice)]),
    KeyBinding(
      .viewing, "Tab", "next pane; Shift-Tab the one before", hint: "pane",
      [(.tab, .nextPane), (.backTab, .previousPane)]),
    KeyBinding(.viewing, "z", "the pane fills the screen, and back", hint: "full screen", keys("z", .toggleFullScreen)),
    KeyBinding(
      .viewing, "+ - 0", "zoom in, out, whole slice", hint: "zoom",
      keys("+=", .zoom(1)) + keys("-_", .zoom(-1)) + keys("0", .wholeSlice)),
    KeyBinding(
      .viewing, "w W", "next and previous window", hint: "window", keys("w", .nextPreset) + keys("W", .previousPreset)),
    KeyBinding(
      .viewing, "< > , .", "window narrower, wider, lower, higher",
      keys("<", .changeWidth(-1)) + keys(">", .changeWidth(1)) + keys(",", .changeLevel(-1))
        + keys(".", .changeLevel(1))),
    KeyBinding(.viewing, "m", "mask filled, outlined, off", hint: "mask", keys("m", .nextMaskStyle)),
    KeyBinding(.viewing, "d", "what the last answer added and removed", keys("d", .toggleChange)),
    KeyBinding(.viewing, "b", "half blocks or finer greys in larger pixels", keys("b", .nextPictureStyle)),
    KeyBinding(.viewing, "c", "list of clicks", hint: "clicks", keys("c", .togglePanel)),
    KeyBinding(.viewing, "e", "export the mask", hint: "export", keys("e", .openExport)),
    KeyBinding(.viewing, ":", "command line", keys(":", .openCommandLine)),
    KeyBinding(.viewing, "?", "this list", hint: "help", keys("?", .openHelp) + [(.function(1), .openHelp)]),
    KeyBinding(
      .viewing, "Ctrl-L Ctrl-Z", "draw again; suspend", [(.control("l"), .redraw), (.control("z"), .suspend)]),
    KeyBinding(
      .viewing, "q", "quit; everything is saved already", hint: "quit", keys("q", .quit) + [(.control("c"), .quit)]),
  ]

  private static let asking: [KeyBinding] = [
    KeyBinding(.question, "y", "run it", hint: "run", keys("y", .acceptCost)),
    KeyBinding(.question, "Esc", "do not run it now; r asks again", hint: "not now", [(.escape, .declineCost)]),
    KeyBinding(.placing, "Esc", "drop the click", hint: "drop the click", [(.escape, .dropClick)]),
    KeyBinding(.overwrite, "y", "replace the file", hint: "replace", keys("y", .replaceFile)),
    KeyBinding(
      .overwrite, "Esc", "keep the file", hint: "keep", keys("nq", .dismiss) + [(.escape, .dismiss)]),
  ]

  private static let panel: [KeyBinding] = [
    KeyBinding(
      .panel, "Up Down", "select a click", hint: "select",
      [
        (.up, .selectClick(-1)), (.down, .selectClick(1)), (.pageUp, .selectClick(-10)),
        (.pageDown, .selectClick(10)),
      ] + keys("k", .selectClick(-1)) + keys("j", .selectClick(1))),
    KeyBinding(
      .panel, "Enter Space", "jump to it", hint: "jump", keys(" ", .jumpToClick) + [(.enter, .jumpToClick)]),
    KeyBinding(
      .panel, "x Delete", "remove it", hint: "remove",
      keys("x", .removeSelectedClick) + [(.delete, .removeSelectedClick)]),
    KeyBinding(.panel, "v", "move it to the crosshair", hint: "move here", keys("v", .moveSelectedClick)),
    KeyBinding(
      .panel, "1 2 3", "make it left, right, not canal", hint: "kind",
      keys("1", .changeSelectedKind(.left)) + keys("2", .changeSelectedKind(.right))
        + keys("3", .changeSelectedKind(.background))),
    KeyBinding(
      .panel, "Tab", "back to the planes, the list stays", hint: "planes",
      [(.tab, .leavePanel), (.backTab, .leavePanel)]),
    KeyBinding(.panel, "c Esc", "hide the list", hint: "hide", keys("c", .togglePanel) + [(.escape, .togglePanel)]),
  ]

  private static let lines: [KeyBinding] =
    typing(.commandLine, accept: "do it", hint: "do it")
    + [KeyBinding(.commandLine, "Tab", "complete", hint: "complete", [(.tab, .complete)])]
    + typing(.exportPath, accept: "write the mask", hint: "write")

  /// The keys of a line that is being typed.
  private static func typing(_ context: KeyContext, accept: String, hint: String) -> [KeyBinding] {
    [
      KeyBinding(context, "Enter", accept, hint: hint, [(.enter, .accept)]),
      KeyBinding(context, "Esc", "leave", hint: "leave", [(.escape, .dismiss), (.control("c"), .dismiss)]),
      KeyBinding(
        context, "Left Right Home End", "move the caret",
        [
          (.left, .edit(.left)), (.right, .edit(.right)), (.home, .edit(.home)), (.end, .edit(.end)),
          (.control("a"), .edit(.home)), (.control("e"), .edit(.end)),
        ]),
      KeyBinding(
        context, "Backspace Delete Ctrl-W Ctrl-U", "delete a character, a word, all",
        [
          (.backspace, .edit(.backspace)), (.delete, .edit(.delete)), (.control("w"), .edit(.deleteWord)),
          (.control("u"), .edit(.clear)),
        ]),
    ]
  }

  private static let help: [KeyBinding] = [
    KeyBinding(
      .help, "Up Down PgUp PgDn", "scroll", hint: "scroll",
      [
        (.up, .scrollHelp(-1)), (.down, .scrollHelp(1)), (.pageUp, .scrollHelp(-10)), (.pageDown, .scrollHelp(10)),
      ] + keys("k", .scrollHelp(-1)) + keys("j", .scrollHelp(1)) + keys(" ", .scrollHelp(10))),
    KeyBinding(
      .help, "Esc ?", "close", hint: "close",
      keys("?q", .dismiss) + [(.escape, .dismiss), (.enter, .dismiss), (.function(1), .dismiss)]),
  ]

  /// What the mouse does, for the list of keys.
  static let mouse: [(action: String, help: String)] = [
    ("left button", "press aims, drag corrects, release places a click"),
    ("right button", "the same, the click says not canal"),
    ("wheel", "slices of that pane; with Ctrl, Alt or Shift zoom"),
    ("middle button", "window by dragging; also left with Ctrl or Alt"),
    ("title of a pane", "the pane fills the screen, and back"),
    ("row of keys", "a click on a key does what it says"),
  ]
}
