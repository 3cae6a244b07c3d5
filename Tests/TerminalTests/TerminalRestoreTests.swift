import Foundation
import PseudoTerminal
import Testing

@Suite("The terminal comes back whole", .serialized)
struct TerminalRestoreTests {
  @Test("after quitting, and after exit without closing")
  func ordinaryEnds() throws {
    for (key, status) in [("q", Int32(0)), ("x", 3)] {
      let run = try ProbeRun()
      #expect(run.terminal.screen.isAlternate && !run.terminal.screen.showsCursor)
      #expect(run.terminal.modes != run.terminal.modesBefore)
      run.terminal.send(key)
      #expect(run.terminal.waitForEnd() == .exit(status))
      #expect(run.damage == [], "after \(key)")
    }
  }

  @Test("after signals that ask to end: the program ends by itself", arguments: [SIGTERM, SIGHUP, SIGINT])
  func endingSignals(number: Int32) throws {
    let run = try ProbeRun()
    run.terminal.signal(number)
    #expect(run.terminal.waitForEnd() == .exit(128 + number))
    #expect(run.hasNoted("terminate(signal: \(number))"))
    #expect(run.damage == [])
  }

  @Test("A terminal that goes away ends the program")
  func hangUp() throws {
    let run = try ProbeRun()
    run.terminal.hangUp()
    #expect(run.terminal.waitForEnd() == .exit(128 + SIGHUP))
    #expect(run.hasNoted("terminate(signal: \(SIGHUP))"))
  }

  @Test("Nothing of the picture stays on a terminal that has one screen only", arguments: ["q", "x"])
  func oneScreen(key: String) throws {
    let run = try ProbeRun(type: "vt100")
    #expect(run.terminal.screen.frame.text.contains("▀"))
    run.terminal.send(key)
    _ = run.terminal.waitForEnd()
    #expect(!run.terminal.screen.frame.text.contains("▀"))
    #expect(run.damage == [])
  }

  @Test("after a signal that asks to end a program that hangs: within four seconds")
  func hangingProgram() throws {
    let run = try ProbeRun()
    run.terminal.send("h")
    #expect(run.waitFor("hanging"))
    run.terminal.signal(SIGTERM)
    #expect(run.terminal.waitForEnd(seconds: 4.5) == .signal(SIGTERM))
    #expect(run.damage == [])
  }

  @Test("after a second signal: at once")
  func secondSignal() throws {
    let run = try ProbeRun()
    run.terminal.send("h")
    #expect(run.waitFor("hanging"))
    run.terminal.signal(SIGINT)
    Thread.sleep(forTimeInterval: 0.1)
    run.terminal.signal(SIGTERM)
    #expect(run.terminal.waitForEnd(seconds: 1.5) == .signal(SIGTERM))
    #expect(run.damage == [])
  }

  @Test(
    "after signals of a crash, and others that end a process",
    arguments: [
      SIGSEGV, SIGILL, SIGTRAP, SIGABRT, SIGBUS, SIGFPE, SIGQUIT, SIGUSR1, SIGUSR2, SIGXCPU, SIGXFSZ, SIGSYS, SIGVTALRM,
      SIGPROF, SIGIO, SIGPWR, SIGSTKFLT,
    ])
  func crashSignals(number: Int32) throws {
    let run = try ProbeRun()
    run.terminal.signal(number)
    #expect(run.terminal.waitForEnd() == .signal(number))
    #expect(run.damage == [])
  }

  @Test("after a failed check in Swift, and after a stack that ran over", arguments: ["T", "O"])
  func crashes(key: String) throws {
    let run = try ProbeRun()
    run.terminal.send(key)
    switch run.terminal.waitForEnd() {
    case .signal: break
    case let other: Issue.record("ended with \(String(describing: other))")
    }
    #expect(run.damage == [])
  }

  @Test("after Ctrl-\\ on a program that hangs")
  func quitKey() throws {
    let run = try ProbeRun()
    run.terminal.send("h")
    #expect(run.waitFor("hanging"))
    run.terminal.send("\u{1c}")
    #expect(run.terminal.waitForEnd(seconds: 2) == .signal(SIGQUIT))
    #expect(run.damage == [])
  }

  @Test("A message on standard error does not disturb the screen and is shown afterwards", arguments: ["q", "T"])
  func standardError(key: String) throws {
    let run = try ProbeRun()
    run.terminal.send("e")
    run.terminal.settle()
    #expect(!run.outputText.contains("a message on standard error"))
    run.terminal.send(key)
    _ = run.terminal.waitForEnd()
    let text = run.outputText
    let message = try #require(text.range(of: "a message on standard error"))
    let reset = try #require(text.range(of: "\u{1b}[?1049l"))
    #expect(reset.lowerBound < message.lowerBound)
  }

  @Test("Ctrl-Z gives the terminal back to the shell, and fg takes it again")
  func suspend() throws {
    let script = "set -m; \"$0\" \"$@\"; echo STOPPED; read line; fg; echo \"DONE $?\""
    let run = try ProbeRun(shell: script)
    #expect(run.terminal.screen.isAlternate)
    run.terminal.send("\u{1a}")
    #expect(run.terminal.wait { run.outputText.contains("STOPPED") })
    #expect(run.damage == [])
    run.terminal.send("\n")
    #expect(run.waitFor("resumed"))
    run.terminal.settle()
    #expect(run.terminal.screen.isAlternate && !run.terminal.screen.showsCursor)
    #expect(run.terminal.screen.modes.isSuperset(of: [1000, 1002, 1006]))
    #expect(
      run.terminal.screen.frame.differences(from: run.picture(slice: 0, colors: .palette256), colors: .palette256) == []
    )
    #expect(run.events(after: "n") == ["key(Key.character(\"n\"))"])
    run.terminal.send("\u{1a}")
    #expect(run.terminal.wait { run.outputText.contains("DONE") }, "the shell's script goes on after the second stop")
  }

  @Test("A program that somebody stopped takes the terminal again when it goes on")
  func stopFromOutside() throws {
    let run = try ProbeRun()
    run.terminal.signal(SIGSTOP)
    Thread.sleep(forTimeInterval: 0.1)
    run.terminal.signal(SIGCONT)
    #expect(run.waitFor("resumed"))
    run.terminal.settle()
    #expect(
      run.terminal.screen.frame.differences(from: run.picture(slice: 0, colors: .palette256), colors: .palette256) == []
    )
    run.terminal.send("q")
    #expect(run.terminal.waitForEnd() == .exit(0))
    #expect(run.damage == [])
  }

  @Test("A second driver in the same process is refused, and the first goes on")
  func secondDriver() throws {
    let run = try ProbeRun()
    run.terminal.send("i")
    #expect(run.waitFor("in use by this program"))
    run.terminal.send("q")
    #expect(run.terminal.waitForEnd() == .exit(0))
    #expect(run.damage == [])
  }
}
