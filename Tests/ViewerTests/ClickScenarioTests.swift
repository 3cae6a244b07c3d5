import Formats
import Canvas
import Clicks
import Session
import Testing
import Volume

@testable import Viewer

@Suite("Clicks")
struct ClickScenarioTests {
  @Test("Enter and Space place a click of the chosen kind at the crosshair, shown at once and stored")
  func place() throws {
    var driver = Driver()
    driver.type("1")
    let effects = driver.press(.enter)
    let click = PlacedClick(id: 1, kind: .left, voxel: Axes3(12, 20, 24))
    #expect(effects == [.store(.click(.place(click)), sequence: 1), .runNetwork(NetworkJob(id: 1, clicks: [click]))])
    driver.type("2")
    driver.press(.right, .character(" "))
    driver.type("3")
    driver.press(.pageUp, .enter)
    #expect(driver.model.history.clicks.map(\.kind) == [.left, .right, .background])
    #expect(driver.model.history.clicks.map(\.voxel) == [Axes3(12, 20, 24), Axes3(12, 20, 25), Axes3(13, 20, 25)])
    #expect(driver.message.contains("click 3 not canal placed"))
    // Only the click of this slice is marked in the axial pane, with its number.
    let axial = driver.lines.map { String($0.prefix(47)) }.joined(separator: "\n")
    #expect(axial.contains("\u{D7}3") && !axial.contains("\u{25CF}1") && !axial.contains("\u{25A0}2"))
    driver.press(.pageDown)
    #expect(driver.frame.text.contains("\u{25A0}2"))
    try Snapshot.check(driver.frame, "clicks-80x24")
  }

  @Test("undo and redo have no end, say what they did, and a new click ends redo")
  func undo() {
    var driver = Driver()
    for step in 0..<50 {
      driver.press(.right, .enter)
      #expect(driver.model.history.clicks.count == step + 1)
    }
    driver.type("u")
    #expect(driver.message.contains("undid click 50 left at [12, 20, 47]"))
    for _ in 0..<49 { driver.type("u") }
    #expect(driver.model.history.clicks.isEmpty)
    driver.type("u")
    #expect(driver.message.contains("there is nothing to undo"))
    for _ in 0..<50 { driver.press(.control("r")) }
    #expect(driver.model.history.clicks.count == 50)
    driver.press(.control("r"))
    #expect(driver.message.contains("there is nothing to redo"))
    driver.type("u")
    driver.press(.enter)
    #expect(driver.model.history.clicks.last?.id == 51)
    #expect(!driver.model.history.canRedo)
  }

  @Test("every change of the clicks is stored before the network is asked, in order and with its own number")
  func storedInOrder() {
    var driver = Driver()
    driver.press(.enter, .right, .enter)
    driver.type("u")
    driver.press(.control("r"))
    driver.type("x")
    var sequences: [Int] = []
    var stored = 0
    var asked = 0
    for effect in driver.effects {
      switch effect {
      case .store(.click, let sequence):
        sequences.append(sequence)
        stored += 1
      case .runNetwork:
        asked += 1
        #expect(asked <= stored)
      default: break
      }
    }
    #expect(sequences == [1, 2, 3, 4, 5])
  }

  @Test("a mark is hollow until its event is on disk, and stays so when the disk refuses")
  func pending() {
    var driver = Driver()
    driver.isDiskQuick = false
    driver.press(.enter)
    #expect(driver.frame.text.contains("\u{25CB}1~"))
    #expect(driver.model.isWaitingForDisk)
    driver.send(.eventStored(sequence: 1))
    #expect(driver.frame.text.contains("\u{25CF}1") && !driver.frame.text.contains("~"))
    driver.press(.right, .enter)
    driver.send(.storeFailed(sequence: 2, text: "no space left on device"))
    #expect(driver.message.contains("NOT SAVED: no space left on device"))
    #expect(driver.frame.text.contains("\u{25CB}2~"))
    #expect(!driver.type("q").contains(.quit))
    #expect(driver.message.contains("1 event could not be saved; q again quits without"))
    #expect(driver.type("q").last == .quit)
  }

  @Test("what is not saved stays on the screen whatever is said after it, until it is on disk")
  func notSaved() {
    var driver = Driver()
    driver.isDiskQuick = false
    driver.press(.enter)
    driver.send(.storeFailed(sequence: 1, text: "no space left on device"))
    driver.answer([UInt8](repeating: 0, count: driver.model.scan.volume.voxels.count))
    #expect(!driver.message.contains("NOT SAVED"))
    #expect(driver.frame.text.contains("1 NOT SAVED"))
    driver.type("u")
    driver.send(.storeFailed(sequence: 2, text: "no space left on device"))
    #expect(driver.frame.text.contains("2 NOT SAVED"))
    driver.send(.eventStored(sequence: 1))
    #expect(driver.frame.text.contains("1 NOT SAVED"))
    driver.send(.eventStored(sequence: 2))
    #expect(!driver.frame.text.contains("NOT SAVED"))
    #expect(driver.message.contains("saved now"))
    #expect(driver.type("q").last == .quit)
  }

  @Test("in the list of clicks, keys for a selected click say so when none is")
  func nothingSelected() {
    var driver = Driver(columns: 120, rows: 30)
    driver.press(.enter, .right, .enter)
    driver.type("c")
    driver.press(.delete)
    #expect(driver.model.history.clicks.map(\.id) == [1] && driver.model.selectedClick == nil)
    for key in ["x", "v", "2"] {
      #expect(driver.type(key).isEmpty)
      #expect(driver.message.contains("no click is selected: Up and Down select one"), "\(key)")
    }
    driver.press(.up)
    driver.type("x")
    #expect(driver.model.history.clicks.isEmpty)
  }

  @Test("a screen that is too small for a plane takes no clicks, but can be left")
  func tooSmall() {
    for (columns, rows) in [(1, 1), (39, 11), (3, 400), (2000, 1)] {
      var driver = Driver(columns: columns, rows: rows)
      driver.press(.enter)
      driver.type(" u:x")
      driver.mouse(.press, 0, 0)
      driver.mouse(.release, 0, 0)
      #expect(driver.effects.isEmpty && driver.model.history.clicks.isEmpty && driver.model.focus == .viewing)
      #expect(driver.type("q") == [.quit])
    }
  }

  @Test("x removes the nearest click within reach, the latest of two on one voxel, and nothing farther away")
  func removeNearest() {
    var driver = Driver()
    driver.press(.enter, .enter)
    driver.type("x")
    #expect(driver.model.history.clicks.map(\.id) == [1])
    for _ in 0..<13 { driver.press(.right) }
    driver.type("x")
    #expect(driver.model.history.clicks.map(\.id) == [1])
    #expect(driver.message.contains("no click within 5 mm"))
    driver.press(.left, .delete)
    #expect(driver.model.history.clicks.isEmpty)
    #expect(driver.message.contains("removed click 1 left"))
  }

  @Test("the list of clicks selects, jumps, moves, changes and removes, and hides")
  func panel() throws {
    var driver = Driver(columns: 120, rows: 30)
    driver.press(.enter, .right, .right, .right)
    driver.type("2")
    driver.press(.enter, .pageUp)
    driver.type("c")
    #expect(driver.model.focus == .panel)
    #expect(driver.model.selectedClick == 2)
    try Snapshot.check(driver.frame, "panel-120x30")
    driver.press(.up, .enter)
    #expect(driver.model.settings.cursor == Axes3(12, 20, 24))
    driver.type("3")
    #expect(driver.model.history.click(id: 1)?.kind == .background)
    #expect(driver.message.contains("click 1 says not canal now"))
    driver.press(.tab, .pageUp, .pageUp)
    #expect(driver.model.focus == .viewing)
    driver.type("cv")
    #expect(driver.model.history.click(id: 1)?.voxel == Axes3(14, 20, 24))
    driver.press(.down)
    driver.type("x")
    #expect(driver.model.history.clicks.map(\.id) == [1])
    driver.type("uuu")
    #expect(driver.model.history.click(id: 1) == PlacedClick(id: 1, kind: .left, voxel: Axes3(12, 20, 24)))
    #expect(driver.model.history.clicks.count == 2)
    driver.press(.escape)
    #expect(driver.model.focus == .viewing && !driver.model.settings.showsClickPanel)
  }

  @Test("a click on a line of the list jumps to that click")
  func panelMouse() throws {
    var driver = Driver(columns: 120, rows: 30)
    driver.press(.enter, .right, .enter, .right, .enter)
    driver.type("c")
    let panel = try #require(driver.model.layout(columns: 120, rows: 30).panel)
    driver.mouse(.press, panel.column + 3, panel.row + 1)
    driver.mouse(.release, panel.column + 3, panel.row + 1)
    #expect(driver.model.selectedClick == 1)
    #expect(driver.model.settings.cursor == Axes3(12, 20, 24))
    #expect(driver.model.history.clicks.count == 3)
    driver.mouse(.wheelDown, panel.column + 3, panel.row + 1)
    #expect(driver.model.selectedClick == 2)
    driver.mouse(.press, panel.column + 3, panel.row + 20)
    #expect(driver.model.selectedClick == 2)
  }

  @Test("a session that is open elsewhere takes no clicks and says so")
  func readOnly() {
    let reason = "the session is read-only here: Permission denied"
    var driver = Driver(ViewerModel(scan: TestScan.make(), network: .test, readOnlyReason: reason))
    #expect(driver.press(.enter).isEmpty)
    #expect(driver.message == "clicks cannot be kept: \(reason)")
    #expect(driver.model.history.clicks.isEmpty)
    driver.type(":note hello")
    #expect(driver.press(.enter).isEmpty)
    driver.type("wm")
    driver.send(.tick(seconds: 10))
    #expect(driver.effects.isEmpty)
  }

  @Test("without a model clicks are placed, stored and undone all the same")
  func noModel() {
    var driver = Driver(network: nil)
    #expect(driver.model.start().isEmpty)
    driver.press(.enter)
    driver.type("u")
    #expect(driver.effects.count == 2)
    #expect(driver.lines[0].contains("no model"))
    driver.type("r")
    #expect(driver.message.contains("there is no model"))
  }

  @Test("clicks outside the scan, from a damaged session, are neither drawn nor reached, and harm nothing")
  func outsideClicks() throws {
    var history = ClickHistory()
    try history.apply(.place(PlacedClick(id: 1, kind: .left, voxel: Axes3(.max, .min, 5))))
    try history.apply(.place(PlacedClick(id: 2, kind: .left, voxel: Axes3(-1, 0, 0))))
    var driver = Driver(history: history)
    driver.type("x")
    #expect(driver.message.contains("no click within"))
    driver.type("c")
    driver.press(.up, .enter)
    #expect(driver.message.contains("is outside the scan"))
  }

  @Test("reopening shows the clicks, the crosshair and the view as they were")
  func reopen() throws {
    var driver = Driver(columns: 100, rows: 30)
    driver.press(.enter, .tab, .down, .pageUp)
    driver.type("2wm+c")
    let effects = driver.send(.tick(seconds: 3))
    guard case .store(.view(let json), _) = try #require(effects.first) else {
      Issue.record("the view was not stored")
      return
    }
    let model = ViewerModel(
      scan: driver.model.scan, network: .test, history: driver.model.history, settings: ViewSettings(json: json),
      columns: 100, rows: 30)
    #expect(model.settings == driver.model.settings)
    #expect(model.cursor == driver.model.cursor && model.window == driver.model.window)
    #expect(driver.send(.tick(seconds: 9)).isEmpty)
  }

  @Test("view settings that make no sense are as at a first look")
  func damagedSettings() {
    let jsons: [JSONValue] = [
      .null, [], ["zoom": "x", "window": [1], "cursor": [1, 2], "plane": "oblique"],
      ["window": [-1, 0], "kind": 7, "mask": "x", "full_screen": 1], ["window": [.number(.infinity), 0]],
    ]
    for json in jsons { #expect(ViewSettings(json: json) == ViewSettings()) }
    let far: JSONValue = ["cursor": [.integer(.max), .integer(.min), 0], "zoom": .integer(.max)]
    let model = ViewerModel(scan: TestScan.make(), settings: ViewSettings(json: far))
    #expect(model.settings.cursor == Axes3(12, 20, 24))
    #expect(model.settings.zoomStep == ViewerModel.mostZoomSteps)
  }
}
