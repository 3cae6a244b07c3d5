import Canvas
import Clicks
import Testing
import Volume

@testable import Viewer

@Suite("The mouse")
struct MouseTests {
  private func pane(_ driver: Driver, _ plane: Plane) throws -> PaneLayout.Pane {
    try #require(
      driver.model.layout(columns: driver.model.columns, rows: driver.model.rows).panes.first { $0.plane == plane })
  }

  /// The cell of a voxel in a plane's pane.
  private func cell(_ driver: Driver, _ plane: Plane, _ voxel: SIMD3<Int>) throws -> (column: Int, row: Int) {
    try #require(driver.model.view(of: pane(driver, plane)).cell(of: voxel))
  }

  @Test("press moves the crosshair, drag corrects it, release places a click there", arguments: Plane.allCases)
  func place(_ plane: Plane) throws {
    var driver = Driver(columns: 200, rows: 50)
    var voxel = driver.model.cursor
    voxel[plane.horizontal] -= 5
    voxel[plane.vertical] += 4
    let first = try cell(driver, plane, voxel)
    #expect(driver.mouse(.press, first.column, first.row).isEmpty)
    #expect(driver.model.cursor == voxel)
    #expect(driver.model.settings.activePlane == plane)
    voxel[plane.horizontal] += 2
    let second = try cell(driver, plane, voxel)
    #expect(driver.mouse(.drag, second.column, second.row).isEmpty)
    #expect(driver.model.cursor == voxel)
    let effects = driver.mouse(.release, second.column, second.row)
    #expect(effects.count == 2)
    #expect(driver.model.history.clicks.map(\.voxel) == [driver.model.scan.geometry.stored(voxel)])
    #expect(driver.model.history.clicks.first?.kind == .left)
    #expect(driver.mouse(.release, second.column, second.row).isEmpty)
  }

  @Test("the right button says not canal, whatever the chosen kind")
  func rightButton() throws {
    var driver = Driver()
    driver.type("2")
    let place = try cell(driver, .axial, [20, 20, 12])
    driver.mouse(.press, place.column, place.row, button: .right)
    driver.mouse(.release, place.column, place.row, button: .right)
    #expect(driver.model.history.clicks.map(\.kind) == [.background])
    #expect(driver.model.settings.clickKind == .right)
  }

  @Test("a button held while the keys went elsewhere places nothing, nor does the press that closes the help")
  func otherFocus() throws {
    for opening in ["?", ":", "e"] {
      let scan = TestScan.make()
      var driver = Driver(scan: scan, labels: TestScan.canals(scan))
      let place = try cell(driver, .axial, [20, 20, 12])
      driver.mouse(.press, place.column, place.row)
      driver.type(opening)
      driver.mouse(.drag, place.column + 2, place.row)
      driver.mouse(.release, place.column + 2, place.row)
      if opening == "?" {
        driver.mouse(.press, place.column, place.row)
        driver.mouse(.drag, place.column + 1, place.row)
      } else {
        driver.press(.escape)
      }
      #expect(driver.model.focus == .viewing)
      driver.mouse(.release, place.column, place.row)
      #expect(driver.model.history.clicks.isEmpty)
      driver.mouse(.press, place.column, place.row)
      driver.mouse(.release, place.column, place.row)
      #expect(driver.model.history.clicks.count == 1)
    }
  }

  @Test("Esc while the button is held drops the click")
  func drop() throws {
    var driver = Driver()
    let place = try cell(driver, .axial, [20, 20, 12])
    driver.mouse(.press, place.column, place.row)
    #expect(driver.lines.last?.contains("Esc drop the click") == true)
    driver.press(.escape)
    driver.mouse(.drag, place.column + 3, place.row)
    #expect(driver.mouse(.release, place.column + 3, place.row).isEmpty)
    #expect(driver.model.history.clicks.isEmpty)
  }

  @Test("keys nudge the voxel while the button is held, and the nudged voxel is the one that is placed")
  func nudge() throws {
    var driver = Driver()
    let voxel: SIMD3<Int> = [20, 20, 12]
    let place = try cell(driver, .axial, voxel)
    driver.mouse(.press, place.column, place.row)
    let aimed = driver.model.cursor
    driver.press(.right, .down)
    driver.mouse(.release, place.column, place.row)
    #expect(driver.model.history.clicks.map(\.voxel) == [driver.model.scan.geometry.stored(aimed &+ [1, 1, 0])])
  }

  @Test("the wheel moves through the slices of the pane under the pointer, with a modifier it zooms")
  func wheel() throws {
    var driver = Driver()
    let before = driver.model.cursor
    for plane in Plane.allCases {
      let rect = try pane(driver, plane).picture
      driver.mouse(.wheelUp, rect.column + 3, rect.row + 3)
      #expect(driver.model.cursor[plane.normal] == before[plane.normal] + 1)
    }
    let rect = try pane(driver, .coronal).picture
    driver.mouse(.wheelDown, rect.column + 3, rect.row + 3)
    #expect(driver.model.cursor[Plane.coronal.normal] == before[Plane.coronal.normal])
    driver.mouse(.wheelUp, rect.column + 3, rect.row + 3, hasModifier: true)
    #expect(driver.model.settings.zoomStep == 1)
    #expect(driver.model.settings.activePlane == .axial)
  }

  @Test("dragging with the middle button, or left with a modifier, changes the window and places nothing")
  func window() throws {
    for (button, hasModifier) in [(Mouse.Button.middle, false), (.left, true)] {
      var driver = Driver()
      let before = driver.model.window
      driver.mouse(.press, 10, 10, button: button, hasModifier: hasModifier)
      driver.mouse(.drag, 20, 10, button: button, hasModifier: hasModifier)
      #expect(driver.model.window.width > before.width && driver.model.window.level == before.level)
      driver.mouse(.drag, 10, 14, button: button, hasModifier: hasModifier)
      #expect(abs(driver.model.window.width - before.width) < 1e-9 && driver.model.window.level < before.level)
      #expect(driver.mouse(.release, 10, 14, button: button, hasModifier: hasModifier).isEmpty)
      #expect(driver.model.history.clicks.isEmpty)
    }
  }

  @Test("beside the scan nothing is placed; a drag that leaves the pane stays at its edge")
  func outside() throws {
    var driver = Driver(columns: 200, rows: 50)
    let rect = try pane(driver, .sagittal).picture
    let view = driver.model.view(of: try pane(driver, .sagittal))
    let before = driver.model.cursor
    var isTested = false
    for row in rect.row..<rect.row + rect.rows {
      for column in rect.column..<rect.column + rect.columns
      where view.voxel(atColumn: column, row: row, cursor: before, geometry: driver.model.scan.geometry) == nil {
        driver.mouse(.press, column, row)
        driver.mouse(.release, column, row)
        isTested = true
      }
    }
    #expect(isTested && driver.model.history.clicks.isEmpty && driver.model.cursor == before)
    let place = try cell(driver, .axial, [20, 20, 12])
    driver.mouse(.press, place.column, place.row)
    driver.mouse(.drag, 500, -20)
    driver.mouse(.release, 500, -20)
    let click = try #require(driver.model.history.clicks.first)
    #expect(driver.model.scan.geometry.patient(click.voxel) == [47, 0, 12])
  }

  @Test("a click on a pane's title fills the screen with it, a second shows all again")
  func title() throws {
    var driver = Driver()
    let title = try pane(driver, .coronal).title
    driver.mouse(.press, title.column + 2, title.row)
    #expect(driver.model.layout(columns: 80, rows: 24).panes.map(\.plane) == [.coronal])
    driver.mouse(.release, title.column + 2, title.row)
    driver.mouse(.press, 2, 1)
    #expect(driver.model.layout(columns: 80, rows: 24).panes.count == 3)
    #expect(driver.model.history.clicks.isEmpty)
  }

  @Test("a click in the row of keys does what the key says")
  func hints() throws {
    var driver = Driver(columns: 200, rows: 50)
    func press(_ hint: String) throws {
      let found = try #require(driver.model.hints(columns: 200).first { $0.binding.hint == hint })
      driver.mouse(.press, found.columns.lowerBound, 49)
      driver.mouse(.release, found.columns.lowerBound, 49)
    }
    try press("kind")
    #expect(driver.model.settings.clickKind == .right)
    try press("click")
    #expect(driver.model.history.clicks.count == 1)
    try press("undo")
    #expect(driver.model.history.clicks.isEmpty)
    try press("help")
    #expect(driver.frame.text.contains(" Keys"))
    driver.mouse(.press, 5, 5)
    #expect(driver.model.focus == .viewing)
    #expect(driver.model.history.clicks.isEmpty)
  }

  @Test("zooming keeps the crosshair where it is on the screen, and it stays inside every pane when it moves")
  func zoom() throws {
    var driver = Driver(scan: TestScan.make(shape: Axes3(60, 60, 60), spacing: Axes3(1, 1, 1)), columns: 120, rows: 40)
    let before = try Plane.allCases.map { try cell(driver, $0, driver.model.cursor) }
    for _ in 0..<8 {
      driver.type("+")
      for (plane, old) in zip(Plane.allCases, before) {
        let new = try cell(driver, plane, driver.model.cursor)
        #expect(abs(new.column - old.column) <= 1 && abs(new.row - old.row) <= 1)
      }
    }
    for key in [Key.right, .down, .pageUp, .left, .up, .pageDown] {
      for _ in 0..<70 {
        driver.press(key)
        for plane in Plane.allCases { _ = try cell(driver, plane, driver.model.cursor) }
      }
    }
    driver.type("0")
    #expect(driver.model.zoom == 1)
  }
}
