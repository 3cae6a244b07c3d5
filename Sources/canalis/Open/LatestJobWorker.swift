import Foundation
import Synchronization

/// A thread that does one job at a time and forgets all but the newest that waits.
///
/// A newer job cancels the one that runs: the running job sees it at its next call of `JobTicket.check()`.
final class LatestJobWorker<Job: Sendable>: Sendable {
  private struct State: Sendable {
    var waiting: (number: Int, job: Job)?
    var newest = 0
    var isStopped = false
  }

  private let state = Mutex(State())
  private let signal = DispatchSemaphore(value: 0)

  /// Starts the thread.
  ///
  /// - Parameters:
  ///   - name: The thread's name.
  ///   - makeBody: Runs once on the thread and returns what does the jobs, so that the body may own things that only
  ///     this thread touches.
  init(name: String, makeBody: @escaping @Sendable () -> (Job, JobTicket) -> Void) {
    // The thread keeps the worker alive until `stop`.
    let thread = Thread { [self] in
      let body = makeBody()
      while let (number, job) = next() {
        body(job, JobTicket { self.isCurrent(number) })
      }
    }
    thread.name = name
    thread.stackSize = 16 << 20
    thread.start()
  }

  /// Gives the thread a job that replaces whatever runs or waits.
  func submit(_ job: Job) {
    state.withLock { state in
      state.newest += 1
      state.waiting = (state.newest, job)
    }
    signal.signal()
  }

  /// Cancels what runs and what waits.
  func cancel() {
    state.withLock { state in
      state.newest += 1
      state.waiting = nil
    }
  }

  /// Cancels everything and ends the thread when the running job has seen it.
  func stop() {
    state.withLock { state in
      state.newest += 1
      state.waiting = nil
      state.isStopped = true
    }
    signal.signal()
  }

  private func isCurrent(_ number: Int) -> Bool {
    state.withLock { $0.newest == number }
  }

  /// Waits for a job. `nil` when the worker was stopped.
  private func next() -> (Int, Job)? {
    while true {
      signal.wait()
      let result = state.withLock { state -> (stop: Bool, job: (number: Int, job: Job)?) in
        defer { state.waiting = nil }
        return (state.isStopped, state.waiting)
      }
      if result.stop { return nil }
      if let job = result.job { return (job.number, job.job) }
    }
  }
}

/// Tells a running job whether it is still wanted.
struct JobTicket {
  private let isCurrent: () -> Bool

  /// Creates a ticket.
  init(isCurrent: @escaping () -> Bool) {
    self.isCurrent = isCurrent
  }

  /// Throws when a newer job has taken over or the user cancelled.
  ///
  /// - Throws: `CancellationError`.
  func check() throws {
    if !isCurrent() { throw CancellationError() }
  }
}
