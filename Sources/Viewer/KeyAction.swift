import Clicks

/// What a key can do.
enum KeyAction: Sendable, Hashable {
  case move(right: Int, down: Int)
  case moveSlices(Int)
  case firstSlice, lastSlice
  case nextPane, previousPane
  case toggleFullScreen
  case zoom(Int)
  case wholeSlice
  case nextPreset, previousPreset
  case changeWidth(Int)
  case changeLevel(Int)
  case nextMaskStyle
  case toggleChange
  case nextPictureStyle
  case chooseKind(ClickKind)
  case placeClick
  case undo, redo
  case removeNearestClick
  case togglePanel
  case stop
  case runAgain
  case acceptCost, declineCost
  case dropClick
  case openExport
  case openCommandLine
  case openHelp
  case quit, suspend, redraw
  case selectClick(Int)
  case jumpToClick
  case removeSelectedClick
  case moveSelectedClick
  case changeSelectedKind(ClickKind)
  case leavePanel
  case edit(LineEditor.Edit)
  case complete
  case accept
  case dismiss
  case scrollHelp(Int)
  case replaceFile
}

/// Where a key means something.
enum KeyContext: Sendable, Hashable, CaseIterable {
  case viewing, question, placing, panel, commandLine, exportPath, overwrite, help

  /// The heading in the list of keys.
  var title: String {
    switch self {
    case .viewing: "Planes"
    case .question: "The question"
    case .placing: "While the mouse button is down"
    case .panel: "List of clicks"
    case .commandLine: "Command line"
    case .exportPath: "Export"
    case .overwrite: "The file exists"
    case .help: "This list"
    }
  }
}
