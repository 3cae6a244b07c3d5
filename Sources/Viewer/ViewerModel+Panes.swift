import Canvas

extension ViewerModel {
  /// Steps of zoom that there are: 1.25 to the power of 20 is 86 times.
  static let mostZoomSteps = 20

  /// How much larger than a whole slice the slices are shown.
  var zoom: Double { (0..<settings.zoomStep).reduce(1.0) { factor, _ in factor * 1.25 } }

  /// Where everything is on a screen of a given size.
  func layout(columns: Int, rows: Int) -> PaneLayout {
    PaneLayout(
      columns: columns, rows: rows, size: scan.geometry.size, cellAspect: capabilities.usableAspect,
      planes: settings.isFullScreen ? [settings.activePlane] : Plane.allCases, active: settings.activePlane,
      showsPanel: settings.showsClickPanel, headerRows: headerRows(columns: columns))
  }

  /// How a pane's pixels lie on its slice.
  func view(of pane: PaneLayout.Pane) -> PaneView {
    PaneView(
      plane: pane.plane, picture: pane.picture, pixelsPerCell: pictureMode.pixelsPerCell,
      cellAspect: capabilities.usableAspect, geometry: scan.geometry, zoom: zoom, center: centers[pane.plane.index])
  }

  /// Moves every visible plane just so far that the cursor is well inside it.
  ///
  /// - Parameter fixed: A plane that is left alone, because the mouse is over it.
  mutating func followCursor(except fixed: Plane? = nil) {
    for pane in layout(columns: columns, rows: rows).panes where pane.plane != fixed {
      let view = view(of: pane)
      let place = view.slicePlace(of: cursor)
      let target = SIMD2(Double(place.across) + 0.5, Double(place.down) + 0.5) * view.voxelSize
      let slack = view.halfExtent * 0.8
      var center = view.center
      center.clamp(lowerBound: target - slack, upperBound: target + slack)
      centers[pane.plane.index] = center
    }
  }

  /// Changes the zoom; the cursor stays where it is on the screen, as far as the scan's edges let it.
  mutating func changeZoom(to step: Int) {
    let step = max(0, min(Self.mostZoomSteps, step))
    let old = zoom
    let panes = layout(columns: columns, rows: rows).panes
    let views = panes.map(view(of:))
    settings.zoomStep = step
    for view in views {
      let place = view.slicePlace(of: cursor)
      let target = SIMD2(Double(place.across) + 0.5, Double(place.down) + 0.5) * view.voxelSize
      centers[view.plane.index] = target + (view.center - target) * (old / zoom)
    }
    followCursor()
    noteSettingsChange()
  }

  /// Puts the cursor on a voxel, or the nearest inside the scan.
  mutating func moveCursor(to voxel: SIMD3<Int>, except fixed: Plane? = nil) {
    cursor = scan.geometry.clamped(voxel)
    settings.cursor = scan.geometry.stored(cursor)
    followCursor(except: fixed)
    noteSettingsChange()
  }

  /// Remembers that the view settings are to be stored when the clinician pauses.
  mutating func noteSettingsChange() { settingsChangedAt = now }
}

extension DisplayCapabilities {
  /// The cell's proportions, or 1:2 when what the terminal says cannot be.
  var usableAspect: Double { cellAspect.isFinite && cellAspect >= 0.5 && cellAspect <= 5 ? cellAspect : 2 }
}
