import Canvas
import Clicks
import Session
import Testing
import Volume

@testable import Viewer

@Suite("The network in the background")
struct NetworkScenarioTests {
  @Test("a newer click replaces the older job, whose late answer changes nothing")
  func superseding() throws {
    var driver = Driver()
    driver.press(.enter)
    let first = try #require(driver.model.job?.job)
    driver.press(.right)
    let effects = driver.press(.enter)
    let second = try #require(driver.model.job?.job)
    #expect(second.id > first.id && second.clicks.count == 2)
    #expect(effects.last == .runNetwork(second))
    let labels = TestScan.canals(driver.model.scan)
    driver.send(.networkFinished(NetworkAnswer(job: first.id, labels: labels, change: MaskChange())))
    #expect(driver.model.labels == nil && driver.model.job?.job == second)
    driver.send(.networkProgress(job: first.id, stage: "old", fraction: 0.9, secondsLeft: 1))
    driver.send(.networkFailed(job: first.id, text: "old"))
    driver.send(.networkCancelled(job: first.id))
    #expect(driver.model.job?.job == second && driver.model.job?.stage != "old")
    driver.answer(labels)
    #expect(driver.model.labels == labels && driver.model.isMaskCurrent)
  }

  @Test("an answer that was dropped does not count as a change of the mask on the screen")
  func droppedAnswer() throws {
    var driver = Driver()
    let scan = driver.model.scan
    let canals = TestScan.canals(scan)
    driver.press(.enter)
    driver.answer(canals)
    // The next answer comes after a newer click: it had removed all, and the one after it gives all again but a voxel.
    driver.press(.right, .enter)
    let dropped = try #require(driver.model.job?.job.id)
    driver.press(.right, .enter)
    driver.send(
      .networkFinished(NetworkAnswer(job: dropped, labels: canals.map { _ in 0 }, change: MaskChange(), previousJob: 1))
    )
    let last = try #require(driver.model.job?.job.id)
    var labels = canals
    labels[try #require(canals.firstIndex { $0 != 0 })] = 0
    let whole = labels.count { $0 != 0 }
    driver.send(
      .networkFinished(
        NetworkAnswer(job: last, labels: labels, change: MaskChange(added: whole), previousJob: dropped)))
    #expect(driver.message.contains(": +0 voxels, -1,"), "\(driver.message)")
    // What comes after a shown answer is told as the network counts it.
    driver.press(.right, .enter)
    let next = try #require(driver.model.job?.job.id)
    driver.send(
      .networkFinished(
        NetworkAnswer(job: next, labels: labels, change: MaskChange(added: 3, removed: 2), previousJob: last)))
    #expect(driver.message.contains(": +3 voxels, -2,"), "\(driver.message)")
  }

  @Test("there is never more than one job, however fast clicks come")
  func oneJob() {
    var driver = Driver()
    var jobs: [Int] = []
    for _ in 0..<100 {
      for case .runNetwork(let job) in driver.press(.right, .enter) { jobs.append(job.id) }
    }
    #expect(jobs == Array(1...100))
    #expect(driver.model.job?.job.id == 100)
    #expect(driver.model.history.clicks.count == 100)
  }

  @Test("an answer tells what it dropped of a canal for being too small, crumbs apart")
  func rest() {
    var driver = Driver()
    _ = driver.model.start()
    driver.answer(TestScan.canals(driver.model.scan))
    driver.press(.enter)
    driver.answer(
      TestScan.canals(driver.model.scan),
      rests: [MaskChange.Rest(kind: .right, volume: 43.6, voxel: Axes3(123, 220, 101))]
    )
    #expect(
      driver.model.notice
        == "click 1 left: +0 voxels, -0; dropped 44 mm³ right at [123, 220, 101]")
    #expect(driver.message.hasPrefix(driver.model.notice))
    driver.press(.enter)
    driver.answer(
      TestScan.canals(driver.model.scan), rests: [MaskChange.Rest(kind: .right, volume: 9.9, voxel: Axes3(3, 20, 1))])
    #expect(!driver.model.notice.contains("dropped"))
  }

  @Test("the message row tells stage, per cent, time left and the key that cancels; an answer tells what it changed")
  func progress() throws {
    var driver = Driver()
    _ = driver.model.start()
    driver.send(.networkProgress(job: 1, stage: "window 3 of 8", fraction: 0.42, secondsLeft: 12.3))
    #expect(driver.message.hasPrefix("window 3 of 8 42 %, 12 s left (Esc cancels)"))
    #expect(driver.model.wantsTicks)
    driver.send(.tick(seconds: 2))
    #expect(driver.message.contains("10 s left"))
    driver.send(.networkProgress(job: 1, stage: "resampling", fraction: .nan, secondsLeft: .infinity))
    #expect(driver.message.contains("resampling 0 %"))
    driver.answer(TestScan.canals(driver.model.scan), seconds: 3.2)
    let change = MaskChange(from: nil, to: TestScan.canals(driver.model.scan))
    #expect(driver.message == "first look: left \(change.left), right \(change.right) voxels, 3.2 s, 1 window")
    driver.press(.enter)
    var labels = TestScan.canals(driver.model.scan)
    let offset = driver.model.scan.volume.grid.shape.offset(of: Axes3(12, 20, 24))
    labels[offset] = 1
    driver.answer(labels, forced: [1])
    #expect(driver.message == "click 1 left: +1 voxels, -0, 0.14 s, 1 window; click 1 forced")
    #expect(driver.frame.text.contains("\u{25CF}1!"))
    driver.type("u")
    driver.answer(TestScan.canals(driver.model.scan))
    #expect(driver.message.hasPrefix("undo of click 1 left at [12, 20, 24]: +0 voxels, -1, 0.14 s, 1 window"))
    try Snapshot.check(driver.frame, "answer-80x24")
  }

  @Test("Esc cancels; clicks are kept and r asks again")
  func cancel() throws {
    var driver = Driver()
    driver.press(.enter)
    let id = try #require(driver.model.job?.job.id)
    #expect(driver.press(.escape) == [.cancelNetwork(job: id)])
    #expect(driver.model.job == nil && driver.model.history.clicks.count == 1)
    #expect(driver.message.contains("r asks the network again"))
    driver.send(.networkCancelled(job: id))
    let again = driver.type("r")
    #expect(again == [.runNetwork(NetworkJob(id: id + 1, clicks: driver.model.history.clicks))])
    #expect(driver.type("r").isEmpty)
    driver.send(.networkFailed(job: id + 1, text: "out of memory"))
    #expect(driver.message.contains("the network failed: out of memory; r tries again"))
    #expect(!driver.type("r").isEmpty)
  }

  @Test("a costly job asks first; clicking goes on meanwhile; what was accepted once is not asked again")
  func cost() throws {
    var driver = Driver()
    _ = driver.model.start()
    driver.send(.costEstimated(job: 1, CostEstimate(seconds: 400, bytes: 7 << 30, needsConfirmation: true)))
    #expect(driver.message.contains("about 7 min and 7.0 GiB: y runs it, Esc not now"))
    try Snapshot.check(driver.frame, "cost-80x24")
    // Viewing and clicking work while it asks.
    driver.press(.pageUp, .enter)
    #expect(driver.model.history.clicks.count == 1)
    let job = try #require(driver.model.job?.job)
    #expect(job.id == 2 && driver.model.job?.isAsking == false)
    driver.send(.costEstimated(job: 1, CostEstimate(seconds: 400, bytes: 7 << 30, needsConfirmation: true)))
    #expect(driver.model.job?.isAsking == false, "an older job asks nothing")
    driver.send(.costEstimated(job: 2, CostEstimate(seconds: 400, bytes: 7 << 30, needsConfirmation: true)))
    #expect(driver.type("y") == [.confirmNetwork(job: 2)])
    #expect(driver.model.job?.isAsking == false)
    driver.press(.right, .enter)
    let third = driver.send(.costEstimated(job: 3, CostEstimate(seconds: 410, bytes: 7 << 30, needsConfirmation: true)))
    #expect(third == [.confirmNetwork(job: 3)])
    driver.press(.right, .enter)
    driver.send(.costEstimated(job: 4, CostEstimate(seconds: 4000, bytes: 7 << 30, needsConfirmation: true)))
    #expect(driver.press(.escape) == [.cancelNetwork(job: 4)])
    #expect(driver.message.contains("not run: clicks are kept"))
    driver.press(.right)
    let cheap = driver.press(.enter)
    #expect(cheap.count == 2)
    #expect(driver.send(.costEstimated(job: 5, CostEstimate(seconds: 1, bytes: 1, needsConfirmation: false))).isEmpty)
  }

  @Test("a click and its undo before the answer leave nothing to compute")
  func nothingToCompute() {
    let scan = TestScan.make()
    var driver = Driver(scan: scan, labels: TestScan.canals(scan))
    driver.press(.enter)
    #expect(driver.model.job != nil && !driver.model.isMaskCurrent)
    let effects = driver.type("u")
    #expect(effects.contains(.cancelNetwork(job: 1)))
    #expect(driver.model.job == nil && driver.model.isMaskCurrent)
    driver.type("r")
    #expect(driver.message.contains("answers these clicks already"))
  }

  @Test("a model without negative clicks is said to have none, at the click and at the answer")
  func negativeClicks() {
    let scan = TestScan.make()
    var driver = Driver(scan: scan, network: .twoKinds, labels: TestScan.canals(scan), columns: 160)
    driver.type("3")
    driver.press(.enter)
    #expect(driver.message.contains("this model has no negative clicks: applied after it"))
    driver.answer(TestScan.canals(scan))
    #expect(driver.message.contains("this model has no negative clicks: applied after it"))
    driver.type("1")
    var other = Driver(scan: scan, labels: TestScan.canals(scan), columns: 160)
    other.type("3")
    other.press(.enter)
    #expect(!other.message.contains("no negative clicks"))
  }

  @Test("what an answer added and removed is shown by d, and for a moment when it comes")
  func change() {
    let scan = TestScan.make(shape: Axes3(20, 20, 20), spacing: Axes3(1, 1, 1)) { _ in 500 }
    let shape = scan.volume.grid.shape
    var old = [UInt8](repeating: 0, count: shape.product)
    var new = old
    for k in 8..<12 {
      for j in 8..<12 {
        for i in 2..<6 { old[shape.offset(of: Axes3(k, j, i))] = 2 }
        for i in 13..<17 { new[shape.offset(of: Axes3(k, j, i))] = 1 }
      }
    }
    var driver = Driver(scan: scan, labels: old, capabilities: DisplayCapabilities(colors: .none, isUTF8: false))
    func letters() -> (added: Bool, removed: Bool, left: Bool) {
      let pane = driver.model.layout(columns: 80, rows: 24).panes[0].picture
      let frame = driver.frame
      let center = driver.model.view(of: driver.model.layout(columns: 80, rows: 24).panes[0])
        .cell(of: driver.model.cursor)?.row
      var found: Set<Unicode.Scalar> = []
      // Not the row of the crosshair, whose arms are drawn with the same characters.
      for row in pane.row..<pane.row + pane.rows where row != center {
        for column in pane.column..<pane.column + pane.columns { found.insert(frame[column, row].scalar) }
      }
      return (found.contains("+"), found.contains("-"), found.contains("l"))
    }
    driver.send(.tick(seconds: 1))
    driver.press(.enter)
    driver.answer(new)
    #expect(letters() == (true, true, false), "the change flashes")
    #expect(driver.model.wantsTicks)
    driver.send(.tick(seconds: 1.5))
    #expect(letters().added)
    driver.send(.tick(seconds: 2))
    #expect(letters() == (false, false, true))
    driver.type("d")
    #expect(letters() == (true, true, false))
    driver.type("d:flash off")
    driver.press(.enter, .right, .enter)
    driver.answer(old)
    #expect(!letters().added)
    #expect(driver.message.contains("+64 voxels, -64"))
  }

  @Test("a preview is shown as one until the exact answer comes, and gone when the question is dropped")
  func preview() throws {
    var driver = Driver()
    let canals = TestScan.canals(driver.model.scan)
    _ = driver.model.start()
    driver.answer([UInt8](repeating: 0, count: canals.count))
    driver.press(.enter)
    let id = try #require(driver.model.job?.job.id)
    driver.send(.costEstimated(job: id, CostEstimate(windows: 3, seconds: 0.4, bytes: 1, needsConfirmation: false)))
    #expect(driver.message.hasPrefix("3 windows, about 0.40 s: starting (Esc cancels)"))
    driver.send(.networkPreview(NetworkPreview(job: id, labels: canals, windowsRun: 1, windows: 3)))
    #expect(driver.message.hasPrefix("PREVIEW of 1 of 3 windows: "))
    #expect(driver.model.shownLabels == canals && driver.model.labels != canals && !driver.model.isMaskCurrent)
    // Of an older question, or of another size: not shown.
    driver.send(.networkPreview(NetworkPreview(job: id - 1, labels: canals.map { _ in 2 }, windowsRun: 2, windows: 3)))
    driver.send(.networkPreview(NetworkPreview(job: id, labels: [1], windowsRun: 2, windows: 3)))
    #expect(driver.model.shownLabels == canals)
    driver.press(.escape)
    #expect(driver.model.shownLabels?.contains(1) == false)
    driver.type("r")
    driver.answer(canals)
    #expect(driver.model.shownLabels == canals && !driver.message.contains("PREVIEW"))
  }

  @Test("an answer of another size is refused in words")
  func wrongSize() {
    var driver = Driver()
    driver.press(.enter)
    driver.answer([1, 2, 3])
    #expect(driver.model.labels == nil)
    #expect(driver.message.contains("the network's answer has 3 voxels"))
  }

  @Test("quitting cancels what runs and stores the view")
  func quit() throws {
    var driver = Driver()
    driver.press(.right, .enter)
    let effects = driver.type("q")
    #expect(effects.count == 3)
    #expect(effects.dropFirst() == [.cancelNetwork(job: 1), .quit])
    guard case .store(.view, _) = try #require(effects.first) else {
      Issue.record("the view was not stored")
      return
    }
    var suspended = Driver()
    #expect(suspended.press(.control("z")) == [.suspend])
    #expect(suspended.press(.control("l")) == [.redraw])
    #expect(suspended.press(.control("c")).last == .quit)
  }
}
