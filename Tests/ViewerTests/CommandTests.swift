import Canvas
import Clicks
import Session
import Testing
import Volume

@testable import Viewer

@Suite("Command line, export and help")
struct CommandTests {
  @Test("goto moves the crosshair to a voxel as stored and refuses one outside with the valid range")
  func goTo() {
    var driver = Driver(scan: TestScan.make(orientation: Orientation(code: "RAS")))
    driver.type(":goto 3 7 11")
    driver.press(.enter)
    #expect(driver.model.settings.cursor == Axes3(3, 7, 11))
    #expect(driver.status.contains("[3, 7, 11]"))
    driver.type(":goto 3 7 48")
    driver.press(.enter)
    #expect(driver.message.contains("[3, 7, 48] is outside the scan: k 0-23, j 0-39, i 0-47"))
    #expect(driver.model.settings.cursor == Axes3(3, 7, 11))
  }

  @Test("commands are read with their arguments, by any beginning that is theirs alone")
  func parsing() {
    func parse(_ line: String) -> Command? { try? Command.parse(line).get() }
    #expect(parse("window 2000 300") == .window(width: 2000, level: 300))
    #expect(parse(" w  1.5   -2 ") == .window(width: 1.5, level: -2))
    #expect(parse("export a path with blanks.nii.gz") == .export("a path with blanks.nii.gz"))
    #expect(parse("export") == .export(nil))
    #expect(parse("note  two  blanks") == .note("two  blanks"))
    #expect(parse("kind not-canal") == .kind(.background))
    #expect(parse("mask outline") == .mask(.outline))
    #expect(parse("q") == .quit)
    for line in [
      "", " ", "goto", "goto 1 2", "goto 1 2 x", "goto 1 2 3 4", "window 0 1", "window nan 1", "window inf 1", "note",
      "kind up",
      "flash", "nonsense", "goto 99999999999999999999 0 0", "quit now",
    ] {
      #expect(parse(line) == nil, "\(line)")
    }
  }

  @Test("Tab completes names and words as far as they are certain")
  func completion() {
    #expect(Command.completed("go") == "goto ")
    #expect(Command.completed("k") == "kind ")
    #expect(Command.completed("mask o") == "mask o")
    #expect(Command.completed("mask ou") == "mask outline ")
    #expect(Command.completed("zzz") == "zzz")
    #expect(Command.completed("note mask o") == "note mask o")
    var driver = Driver(columns: 120)
    driver.type(":kin")
    driver.press(.tab)
    driver.type("r")
    driver.press(.tab, .enter)
    #expect(driver.model.settings.clickKind == .right)
  }

  @Test("the line can be edited; Esc leaves it and an empty one leaves with Backspace")
  func editing() {
    var driver = Driver()
    driver.type(":wndow 5 6")
    driver.press(.home, .right)
    driver.type("i")
    #expect(driver.message == ":window 5 6")
    driver.press(.end, .backspace)
    driver.type("7")
    driver.press(.control("a"), .delete, .control("e"), .control("w"))
    #expect(driver.message == ":indow 5")
    driver.press(.control("u"))
    #expect(driver.message == ":")
    driver.press(.backspace)
    #expect(driver.model.focus == .viewing)
    driver.type(":q")
    driver.press(.escape)
    #expect(driver.effects.isEmpty)
    driver.type(":nonsense")
    driver.press(.enter)
    #expect(driver.message.contains("there is no command nonsense"))
    driver.type(":goto 1")
    driver.press(.enter)
    #expect(driver.message.contains("type :goto K J I"))
  }

  @Test("a note goes into the session")
  func note() {
    var driver = Driver()
    driver.type(":note anterior loop unclear")
    #expect(driver.press(.enter) == [.store(.note("anterior loop unclear"), sequence: 1)])
  }

  @Test("export offers a path, writes the mask that answers the clicks, and asks before it replaces a file")
  func export() throws {
    let scan = TestScan.make()
    var driver = Driver(scan: scan, labels: TestScan.canals(scan))
    driver.type("e")
    #expect(driver.message.hasPrefix("export to: mask.nii.gz"))
    driver.press(.control("u"))
    driver.type("out.nii.gz")
    #expect(driver.press(.enter) == [.export(path: "out.nii.gz", overwrite: false)])
    driver.send(.exportExists(path: "out.nii.gz"))
    #expect(driver.message.contains("out.nii.gz or its .json exists. y replaces, Esc keeps them"))
    driver.type("x1 ")
    driver.press(.enter)
    #expect(driver.model.history.clicks.isEmpty)
    try Snapshot.check(driver.frame, "overwrite-80x24")
    driver.press(.escape)
    #expect(driver.message.contains("was kept; nothing was written"))
    driver.send(.exportExists(path: "out.nii.gz"))
    #expect(driver.type("y") == [.export(path: "out.nii.gz", overwrite: true)])
    driver.send(.exportFinished(path: "out.nii.gz", detail: "1 click forced"))
    #expect(driver.message == "wrote out.nii.gz: 1 click forced")
    driver.send(.exportFailed(path: "out.nii.gz", text: "no such folder"))
    #expect(driver.message == "out.nii.gz was not written: no such folder")
    driver.type("e")
    driver.press(.control("u"), .enter)
    #expect(driver.message.contains("no path given"))
  }

  @Test("an empty line is no command, and what was wrong with one is gone when the next is right")
  func lineAfterError() {
    var driver = Driver()
    driver.type(":goto 1 2")
    driver.press(.enter)
    #expect(driver.message.contains("type :goto K J I"))
    driver.type(":goto 3 4 5")
    driver.press(.enter)
    #expect(driver.model.settings.cursor == Axes3(3, 4, 5) && !driver.message.contains("type"))
    driver.type(":  ")
    #expect(driver.press(.enter).isEmpty && !driver.message.contains("no command"))
  }

  @Test("pasted text goes into a line being typed, its first line, and is never taken for keys")
  func paste() {
    let scan = TestScan.make()
    var driver = Driver(scan: scan, labels: TestScan.canals(scan))
    #expect(driver.send(.paste("1 2 u\nq\n")).isEmpty)
    #expect(driver.model.history.clicks.isEmpty && driver.message.contains("pasted"))
    driver.type(":note ")
    #expect(driver.send(.paste("loop\u{1}\tseen\r\nq")).isEmpty)
    #expect(driver.press(.enter) == [.store(.note("loopseen"), sequence: 1)])
    driver.type("e")
    driver.press(.control("u"))
    driver.send(.paste("/data/mask of Jürgen.nii.gz\n"))
    #expect(driver.press(.enter) == [.export(path: "/data/mask of Jürgen.nii.gz", overwrite: false)])
  }

  @Test("q waits for a mask that is being written; q again, or another key, does not")
  func quitWhileWriting() {
    let scan = TestScan.make()
    func writing() -> Driver {
      var driver = Driver(scan: scan, labels: TestScan.canals(scan))
      driver.type("e")
      driver.press(.enter)
      #expect(driver.type("q").isEmpty)
      #expect(driver.message.contains("still being written"))
      return driver
    }
    var driver = writing()
    #expect(driver.send(.exportFinished(path: "mask.nii.gz", detail: "")) == [.quit])
    driver = writing()
    #expect(driver.type("q") == [.quit])
    driver = writing()
    #expect(driver.send(.exportFailed(path: "mask.nii.gz", text: "no such folder")).isEmpty)
    #expect(driver.message.contains("no such folder"))
    #expect(driver.type("q") == [.quit])
    driver = writing()
    #expect(driver.send(.exportExists(path: "mask.nii.gz")).isEmpty)
    #expect(driver.type("y") == [.export(path: "mask.nii.gz", overwrite: true)])
    driver = writing()
    driver.press(.right)
    #expect(!driver.send(.exportFinished(path: "mask.nii.gz", detail: "")).contains(.quit))
  }

  @Test("an answer that comes after its click was taken back is not what is exported")
  func droppedAnswer() throws {
    let scan = TestScan.make()
    let labels = TestScan.canals(scan)
    var driver = Driver(scan: scan, labels: labels)
    driver.press(.enter)
    let job = try #require(driver.model.job?.job.id)
    driver.type("u")
    driver.send(
      .networkFinished(
        NetworkAnswer(
          job: job, labels: TestScan.canals(scan, radius: 0.1), change: MaskChange(), forcedClicks: [1])))
    driver.type("e")
    #expect(driver.press(.enter) == [.export(path: "mask.nii.gz", overwrite: false)])
    #expect(driver.model.labels == labels)
    #expect(driver.model.answeredClicks == [] && driver.model.forcedClicks.isEmpty)
  }

  @Test("a mask that does not answer the latest click is not exported")
  func staleExport() {
    let scan = TestScan.make()
    var driver = Driver(scan: scan)
    driver.type("e")
    #expect(driver.message.contains("there is no mask yet"))
    driver.press(.enter)
    driver.answer(TestScan.canals(scan))
    driver.type("e")
    driver.press(.escape, .enter)
    driver.type(":export a.nii.gz")
    #expect(driver.press(.enter).isEmpty)
    #expect(driver.message.contains("not exported: the network is still at work"))
    driver.press(.escape)
    driver.type("e")
    #expect(driver.message.contains("the mask is older than the clicks; r asks the network"))
  }

  @Test("a key means one thing in a context, and every line of the table has help")
  func table() {
    for context in KeyContext.allCases {
      let lines = KeyBinding.lines(of: context)
      #expect(!lines.isEmpty)
      let keys = lines.flatMap { $0.actions.map(\.key) }
      #expect(Set(keys).count == keys.count, "\(context)")
      for line in lines { #expect(!line.help.isEmpty && !line.keys.isEmpty && !line.actions.isEmpty) }
    }
    // Keys that later work needs are free.
    #expect(KeyBinding.action(for: .character("n"), in: [.viewing]) == nil)
    #expect(KeyBinding.action(for: .character("p"), in: [.viewing]) == nil)
  }

  @Test("help shows every key of where one is, whole, and scrolls to its end")
  func help() throws {
    for (columns, rows) in [(80, 24), (200, 50), (40, 12)] {
      for isFromPanel in [false, true] {
        var driver = Driver(columns: columns, rows: rows)
        if isFromPanel { driver.type("c") }
        driver.type("?")
        var text = driver.frame.text
        if columns == 80, !isFromPanel { try Snapshot.check(driver.frame, "help-80x24") }
        for _ in 0..<100 {
          driver.press(.down)
          text += driver.frame.text
        }
        let contexts: [KeyContext] = isFromPanel ? [.panel, .viewing] : [.viewing]
        for context in contexts {
          for line in KeyBinding.lines(of: context) {
            if columns >= 80 { #expect(text.contains(line.keys) && text.contains(line.help), "\(line.keys)") }
          }
        }
        if columns >= 80 {
          for usage in Command.usages {
            #expect(text.contains(":\(usage.name) \(usage.arguments)") && text.contains(usage.help))
          }
          for mouse in KeyBinding.mouse { #expect(text.contains(mouse.action) && text.contains(mouse.help)) }
        }
        #expect(text.contains("forced"))
        driver.type("?")
        #expect(driver.model.focus == (isFromPanel ? .panel : .viewing))
      }
    }
  }

  @Test("windows: presets in turn, by hand, and never of no width")
  func windows() {
    var driver = Driver(columns: 160)
    let automatic = driver.model.window
    driver.type("w")
    #expect(driver.model.window == GreyWindow(width: 1500, level: 300))
    driver.type("w")
    #expect(driver.model.window == GreyWindow(width: 2000, level: 300))
    driver.type("w")
    #expect(driver.model.window == GreyWindow(width: 2100, level: 1050))
    driver.type("w")
    #expect(driver.status.contains("full range"))
    driver.type("w")
    #expect(driver.model.window == automatic && driver.status.contains("auto"))
    driver.type("W")
    #expect(driver.model.preset == .fullRange)
    for _ in 0..<300 { driver.type("<") }
    #expect(driver.model.window.width > 0 && driver.model.window.isUsable)
    for _ in 0..<600 { driver.type(">.") }
    #expect(driver.model.window.isUsable)
    driver.type(":window 1e300 -1e300")
    driver.press(.enter)
    #expect(driver.model.window.isUsable)
    #expect(driver.frame.columns == 160)
  }

  @Test("numbers are written as people read them")
  func numbers() {
    #expect(NumberText.fixed(1.25, decimals: 1) == "1.3")
    #expect(NumberText.fixed(-0.04, decimals: 1) == "0.0")
    #expect(NumberText.fixed(-12.345, decimals: 2) == "-12.35")
    #expect(NumberText.fixed(3, decimals: 0) == "3")
    #expect(NumberText.grey(1234) == "1234" && NumberText.grey(0.5) == "0.5000" && NumberText.grey(12.34) == "12.3")
    #expect(NumberText.duration(0.14) == "0.14 s" && NumberText.duration(42) == "42 s")
    #expect(NumberText.duration(400) == "7 min" && NumberText.duration(7200) == "2.0 h")
    #expect(NumberText.duration(.nan) == "unknown time" && NumberText.duration(.infinity) == "unknown time")
    #expect(NumberText.bytes(7 << 30) == "7.0 GiB" && NumberText.bytes(300 << 20) == "300 MiB")
    for value in [Double.nan, .infinity, -.infinity, 1e300, -1e18] {
      #expect(!NumberText.fixed(value, decimals: 2).isEmpty)
    }
  }
}
