import Foundation
import PseudoTerminal
import Testing
import Volume

/// The viewer on a scan of 300 x 400 x 400 voxels while somebody waits. Minutes, so only when asked for:
/// `CANALIS_LONG_TESTS=1`. Prints what it measures; what it refuses is far above, since machines differ.
@Suite(
  "The viewer on a large scan", .serialized,
  .enabled(if: ProcessInfo.processInfo.environment["CANALIS_LONG_TESTS"] != nil))
struct LongViewerTests {
  private let place: Workplace
  private let clock = ContinuousClock()

  /// Writes the bundled jaw at 0.3 mm.
  init() throws {
    place = try Workplace()
    let demo = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent().appendingPathComponent("Assets/demo/jaw.nii.gz").path
    let jaw = try NIfTIReader.read(path: demo)
    let shape = Axes3(300, 400, 400)
    let voxels = TrilinearResampler(from: jaw.grid.shape, to: shape).resample(jaw.voxels)
    try VolumeWriter.write(
      Volume(grid: Grid(shape: shape, spacing: Axes3(repeating: 0.3), affine: nil), voxels: voxels),
      to: place.path("big.nii"), type: .int16)
  }

  private func open(_ extra: [String] = []) throws -> PseudoTerminal {
    try PseudoTerminal(
      PseudoTerminal.builtProduct("canalis"),
      [place.path("big.nii"), "--session", place.path("s.jsonl")] + extra, environment: place.environment,
      columns: 200, rows: 50)
  }

  private func text(_ terminal: PseudoTerminal) -> String { terminal.screen.frame.text }

  private func shows(_ text: String, _ terminal: PseudoTerminal, seconds: Double = 120) -> Bool {
    terminal.wait(seconds: seconds) { terminal.ending != nil || self.text(terminal).contains(text) }
      && self.text(terminal).contains(text)
  }

  private func quit(_ terminal: PseudoTerminal) {
    terminal.send("q")
    #expect(terminal.waitForEnd() == .exit(0), "\(text(terminal))")
  }

  /// Prints the median, the 95th percentile and the largest; returns the 95th percentile.
  @discardableResult
  private func report(_ what: String, _ durations: [Duration]) -> Duration {
    let sorted = durations.sorted()
    func milliseconds(_ duration: Duration) -> String { String(format: "%.1f ms", duration / .milliseconds(1)) }
    let slow = sorted[min(sorted.count - 1, sorted.count * 95 / 100)]
    print(
      "\(what), \(sorted.count) times: p50 \(milliseconds(sorted[sorted.count / 2])), p95 \(milliseconds(slow)), "
        + "longest \(milliseconds(sorted[sorted.count - 1]))")
    return slow
  }

  /// Seconds of processor time that the program has used.
  private func processorTime(_ terminal: PseudoTerminal) -> Double {
    let text = (try? String(contentsOfFile: "/proc/\(terminal.process)/stat", encoding: .utf8)) ?? ""
    let fields = text.split(separator: ")").last?.split(separator: " ") ?? []
    guard fields.count > 12, let user = Double(fields[11]), let system = Double(fields[12]) else { return 0 }
    return (user + system) / Double(sysconf(Int32(_SC_CLK_TCK)))
  }

  /// Waits until the program computes nothing any more.
  private func waitForRest(_ terminal: PseudoTerminal) {
    var before = processorTime(terminal)
    var end = clock.now + .seconds(20)
    while clock.now < end {
      _ = terminal.wait(seconds: 0.05) { false }
      let now = processorTime(terminal)
      if now - before < 0.02 { end = clock.now }
      before = now
    }
  }

  /// Presses keys that step through slices, and times each until the frame changes.
  private func timeKeys(_ terminal: PseudoTerminal, count: Int) -> [Duration] {
    (0..<count).map { number in
      let before = text(terminal).split(separator: "\n").filter { $0.contains("axial") }
      let start = clock.now
      terminal.send(number % 40 < 20 ? "]" : "[")
      #expect(
        terminal.wait(seconds: 10) { text(terminal).split(separator: "\n").filter { $0.contains("axial") } != before })
      let duration = clock.now - start
      _ = terminal.wait(seconds: 0.02) { false }
      return duration
    }
  }

  /// Stops the network at drawn moments, and starts it again, until it is done.
  private func timeCancelling(
    _ terminal: PseudoTerminal, atMost count: Int, within seconds: Double
  ) throws -> [(shown: Duration, ended: Duration)] {
    var generator = SeededGenerator(seed: 1)
    var durations: [(shown: Duration, ended: Duration)] = []
    for _ in 0..<count {
      let isDone = terminal.wait(seconds: generator.uniform(0.05...seconds)) { !text(terminal).contains("Esc cancels") }
      if isDone {
        try #require(shows(" voxels, ", terminal), "\(text(terminal))")
        break
      }
      let start = clock.now
      terminal.send("\u{1B}")
      try #require(shows("stopped: clicks are kept", terminal), "\(text(terminal))")
      let shown = clock.now - start
      waitForRest(terminal)
      // The last look was at a processor that had been at rest for a while.
      durations.append((shown, clock.now - start - .milliseconds(50)))
      terminal.send("r")
      let goesOn = terminal.wait(seconds: 120) {
        text(terminal).contains("Esc cancels") || text(terminal).contains(" voxels, ")
      }
      try #require(goesOn, "\(text(terminal))")
    }
    // A fast machine is done sooner; fewer would prove little.
    try #require(durations.count >= 4, "the network was done before it could be stopped")
    #expect(report("Esc to screen", durations.map(\.shown)) < .milliseconds(500))
    return durations
  }

  @Test("Keys are answered while the network runs, Esc at once, and the mask comes all the same")
  func compact() throws {
    // Twice as many windows: the network has to be at work for some seconds.
    let terminal = try open(["--step", "0.5"])
    #expect(shows("window", terminal), "\(text(terminal))")
    #expect(report("key to screen while the network runs", timeKeys(terminal, count: 50)) < .milliseconds(200))
    let cancels = try timeCancelling(terminal, atMost: 12, within: 0.6)
    #expect(report("Esc to the network's rest", cancels.map(\.ended)) < .seconds(3))
    #expect(shows(" voxels, ", terminal, seconds: 300), "\(text(terminal))")
    quit(terminal)
  }

  @Test("The mask is there at once when the scan is opened again")
  func openedAgain() throws {
    let first = try open()
    #expect(shows(" voxels, ", first, seconds: 300), "\(text(first))")
    quit(first)
    let openings = try (0..<5).map { _ in
      let start = clock.now
      let again = try open()
      #expect(shows(" s, 0 windows", again), "\(text(again))")
      let duration = clock.now - start
      quit(again)
      return duration
    }
    #expect(report("warm opening, from the program's start to its frame with the mask", openings) < .seconds(10))
  }

  @Test("The published plan is stopped in its encoder and in its decoder")
  func fullSize() throws {
    let drawn = try place.run("model", "draw", "--plan", "task2", "--output", place.path("m.safetensors"))
    #expect(drawn.status == 0, "\(drawn.errors)")
    let terminal = try open(["--model", place.path("m.safetensors"), "--disk-limit", "0"])
    #expect(shows("y runs it", terminal, seconds: 300), "\(text(terminal))")
    terminal.send("y")
    #expect(shows("Esc cancels", terminal), "\(text(terminal))")
    #expect(report("key to screen while the network runs", timeKeys(terminal, count: 100)) < .milliseconds(200))
    let cancels = try timeCancelling(terminal, atMost: 8, within: 10)
    #expect(report("Esc to the network's rest", cancels.map(\.ended)) < .seconds(5))
    quit(terminal)
  }
}
