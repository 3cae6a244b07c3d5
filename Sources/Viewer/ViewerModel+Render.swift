import Canvas

extension ViewerModel {
  /// Draws the screen. The same state and size always give the same frame.
  ///
  /// - Parameters:
  ///   - columns: The screen's columns, the ones of the latest `resize` message where the mouse is to be understood.
  ///   - rows: The screen's rows.
  /// - Returns: The screen.
  public func render(columns: Int, rows: Int) -> Frame {
    var frame = Frame(columns: max(0, columns), rows: max(0, rows))
    let layout = layout(columns: columns, rows: rows)
    guard !layout.panes.isEmpty else {
      drawTooSmall(in: &frame)
      return frame
    }
    drawHeader(in: &frame)
    for pane in layout.panes { draw(pane, in: &frame) }
    for separator in layout.separators { drawSeparator(separator, in: &frame) }
    if let panel = layout.panel { drawPanel(panel, in: &frame) }
    if case .help = focus { drawHelp(in: &frame) }
    drawStatus(layout, in: &frame)
    drawMessage(layout, in: &frame)
    drawHints(layout, in: &frame)
    return frame
  }

  private func draw(_ pane: PaneLayout.Pane, in frame: inout Frame) {
    drawTitle(pane, in: &frame)
    guard pane.picture.columns > 0, pane.picture.rows > 0 else { return }
    let view = view(of: pane)
    let sample = sample(view)
    PanePainter(mode: pictureMode, capabilities: capabilities).paint(sample, in: pane.picture, of: &frame)
    let theme = Theme(colors: capabilities.colors)
    if capabilities.colors < .palette256 {
      Crosshair.drawArms(view, cursor: cursor, isUTF8: capabilities.isUTF8, style: theme.crosshair, in: &frame)
    }
    drawEdges(pane, style: theme.edge, in: &frame)
    drawMarks(view, in: &frame)
  }

  /// Samples the slice of a pane and says what every pixel belongs to.
  private func sample(_ view: PaneView) -> PlaneSample {
    let sampler = PlaneSampler(view: view, geometry: scan.geometry, cursor: cursor)
    let greys = sampler.greys(scan.volume.voxels, window: window)
    var classes = [UInt8](repeating: 0, count: greys.count)
    if let labels = shownLabels, settings.maskStyle != .off || isChangeShown {
      let found = sampler.labels(labels)
      classes = MaskClasses.classes(found, width: view.width, style: settings.maskStyle)
      if isChangeShown, let earlier = job?.preview == nil ? previousLabels : self.labels {
        MaskClasses.markChange(&classes, from: sampler.labels(earlier), to: found)
      }
    }
    if capabilities.colors >= .palette256 { Crosshair.tint(&classes, view: view, cursor: cursor) }
    return PlaneSample(width: view.width, height: view.height, greys: greys, classes: classes)
  }

  /// Whether what the latest answer changed is shown now.
  private var isChangeShown: Bool { previousLabels != nil && (settings.showsChange || flashEnd > now) }

  private func drawTitle(_ pane: PaneLayout.Pane, in frame: inout Frame) {
    let painter = TextPainter(isUTF8: capabilities.isUTF8)
    let plane = pane.plane
    let isActive = plane == settings.activePlane && focus == .viewing
    let style: TextStyle = isActive ? .bar : .reverse
    painter.clear(pane.title, style: isActive ? .bar : .dim, in: &frame)
    let axis = scan.geometry.storedAxes[plane.normal]
    let slice = scan.geometry.stored(cursor)[axis]
    let letter = scan.geometry.storedLetter(plane.normal)
    painter.write(
      " \(plane.rawValue)  \(letter) \(slice) of 0-\(scan.geometry.shape[plane.normal] - 1) ",
      column: pane.title.column,
      row: pane.title.row, limit: pane.title.column + pane.title.columns, style: isActive ? style : .dim, in: &frame)
  }

  private func drawEdges(_ pane: PaneLayout.Pane, style: TextStyle, in frame: inout Frame) {
    let painter = TextPainter(isUTF8: capabilities.isUTF8)
    let mark = scan.geometry.isOrientationKnown ? "" : "?"
    let edges = pane.plane.edges
    let rect = pane.picture
    let right = rect.column + rect.columns
    let middleRow = rect.row + rect.rows / 2
    let middleColumn = rect.column + rect.columns / 2
    func put(_ letter: String, _ column: Int, _ row: Int) {
      painter.write(letter + mark, column: column, row: row, limit: right, style: style, in: &frame)
    }
    put(edges.left.rawValue, rect.column, middleRow)
    put(edges.right.rawValue, right - 1 - mark.count, middleRow)
    put(edges.top.rawValue, middleColumn, rect.row)
    put(edges.bottom.rawValue, middleColumn, rect.row + rect.rows - 1)
  }

  private func drawSeparator(_ rect: CellRect, in frame: inout Frame) {
    for row in rect.row..<rect.row + rect.rows {
      frame[rect.column, row] = Cell(capabilities.isUTF8 ? "\u{2502}" : "|", style: .dim)
    }
  }

  private func drawTooSmall(in frame: inout Frame) {
    let painter = TextPainter(isUTF8: capabilities.isUTF8)
    let lines = [
      "Canalis needs \(PaneLayout.smallest.columns)x\(PaneLayout.smallest.rows) cells.",
      "This screen has \(frame.columns)x\(frame.rows).", "Enlarge it, or press q to quit.",
    ]
    for (row, line) in lines.enumerated() where row < frame.rows {
      painter.write(line, column: 0, row: row, limit: frame.columns, in: &frame)
    }
  }
}
