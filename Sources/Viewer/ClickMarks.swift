import Canvas
import Clicks
import Session

/// How a click's mark looks: the kind by its colour and sign, hollow until it is on disk, `!` where it had to be forced.
struct ClickMark {
  let text: String
  let style: TextStyle

  /// Creates the mark of a click.
  init(_ click: PlacedClick, isPending: Bool, isForced: Bool, isSelected: Bool, isUTF8: Bool, theme: Theme) {
    var text = Self.sign(click.kind, isPending: isPending, isUTF8: isUTF8) + "\(click.id)"
    if isPending { text += "~" }
    if isForced { text += "!" }
    self.text = text
    var style = theme.mark(Self.color(click.kind))
    if isSelected { style.style.formSymmetricDifference([.reverse, .underline]) }
    self.style = style
  }

  /// The sign of a kind.
  static func sign(_ kind: ClickKind, isPending: Bool, isUTF8: Bool) -> String {
    switch (kind, isPending, isUTF8) {
    case (.left, false, true): "\u{25CF}"
    case (.left, true, true): "\u{25CB}"
    case (.right, false, true): "\u{25A0}"
    case (.right, true, true): "\u{25A1}"
    case (.background, _, true): "\u{00D7}"
    case (.left, false, false): "O"
    case (.left, true, false): "o"
    case (.right, false, false): "#"
    case (.right, true, false): "H"
    case (.background, false, false): "X"
    case (.background, true, false): "x"
    }
  }

  /// The colour of a kind.
  static func color(_ kind: ClickKind) -> Theme.MarkColor {
    switch kind {
    case .left: .left
    case .right: .right
    case .background: .background
    }
  }
}

extension ViewerModel {
  /// The clicks that lie inside the scan; a damaged session can hold others, which have no place on the screen.
  var clicksInScan: [PlacedClick] { history.clicks.filter { scan.volume.grid.shape.contains($0.voxel) } }

  /// Numbers of the clicks whose latest change is not on disk yet.
  var pendingClicks: Set<Int> { unstored.values.reduce(into: []) { $0.formUnion($1) } }

  /// The mark of a click.
  func mark(of click: PlacedClick, pending: Set<Int>) -> ClickMark {
    ClickMark(
      click, isPending: pending.contains(click.id), isForced: forcedClicks.contains(click.id),
      isSelected: settings.showsClickPanel && selectedClick == click.id, isUTF8: capabilities.isUTF8,
      theme: Theme(colors: capabilities.colors))
  }

  /// Draws the marks of the clicks in the slice that a pane shows, the latest on top.
  func drawMarks(_ view: PaneView, in frame: inout Frame) {
    let painter = TextPainter(isUTF8: capabilities.isUTF8)
    let pending = pendingClicks
    for click in clicksInScan {
      let voxel = scan.geometry.patient(click.voxel)
      guard voxel[view.plane.normal] == cursor[view.plane.normal], let cell = view.cell(of: voxel) else { continue }
      let mark = mark(of: click, pending: pending)
      let limit = view.picture.column + view.picture.columns
      let length = painter.width(mark.text)
      if cell.column + length <= limit {
        painter.write(mark.text, column: cell.column, row: cell.row, limit: limit, style: mark.style, in: &frame)
      } else {
        // No room to the right: the number goes to the left of the sign.
        let start = max(view.picture.column, cell.column - length + 1)
        let text = String(mark.text.dropFirst()) + String(mark.text.prefix(1))
        painter.write(text, column: start, row: cell.row, limit: limit, style: mark.style, in: &frame)
      }
    }
  }
}
