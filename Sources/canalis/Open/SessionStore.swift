import Formats
import Dispatch
import Foundation
import Session
import Viewer

/// Appends what the viewer does to the session's file, in order, on a queue of its own, and tells when it is safe.
///
/// An event that cannot be written waits, and all that come after it: the file never holds an undo without what it takes
/// back. They are tried again with the next event, every few seconds, and when the program ends.
final class SessionStore: Sendable {
  private struct Waiting {
    let event: SessionEvent
    /// The viewer's number, or `nil` where it does not wait for an answer.
    let sequence: Int?
    /// Whether it was told that this cannot be written.
    var isReported = false
  }

  /// Seconds after which what could not be written is tried again.
  private static let retryInterval = 2.0
  private let log: SessionLog
  private let queue = DispatchQueue(label: "session file")
  private let mailbox: Mailbox<ViewerMessage>
  // Both are touched on the queue alone.
  nonisolated(unsafe) private var waiting: [Waiting] = []
  nonisolated(unsafe) private var isRetryComing = false

  /// Creates a store.
  ///
  /// - Parameters:
  ///   - log: The session's writer.
  ///   - mailbox: Where answers go.
  init(log: SessionLog, mailbox: Mailbox<ViewerMessage>) {
    self.log = log
    self.mailbox = mailbox
  }

  /// Appends an event of the viewer and answers with `eventStored`; with `storeFailed` first where it has to wait.
  func store(_ event: SessionEvent, sequence: Int) { take(Waiting(event: event, sequence: sequence)) }

  /// Appends an event that the viewer does not wait for; a failure becomes a notice.
  func record(_ event: SessionEvent) { take(Waiting(event: event, sequence: nil)) }

  /// Waits until everything given so far is on disk or has failed.
  func finish() {
    queue.sync { write() }
  }

  private func take(_ event: Waiting) {
    queue.async { [self] in
      waiting.append(event)
      write()
    }
  }

  /// Writes what waits, up to the first event that cannot be written.
  private func write() {
    while let next = waiting.first {
      do {
        _ = try log.append(next.event)
        waiting.removeFirst()
        if let sequence = next.sequence { mailbox.post(.eventStored(sequence: sequence)) }
      } catch SessionError.eventTooLong(let bytes, let limit) {
        // It would never fit, and must not keep back the others.
        report(SessionError.eventTooLong(bytes: bytes, limit: limit), at: 0)
        waiting.removeFirst()
      } catch {
        for index in waiting.indices where !waiting[index].isReported { report(error, at: index) }
        return retryLater()
      }
    }
  }

  private func report(_ error: any Error, at index: Int) {
    waiting[index].isReported = true
    if let sequence = waiting[index].sequence {
      mailbox.post(.storeFailed(sequence: sequence, text: "\(error)"))
    } else {
      mailbox.post(.notice("\(error)"))
    }
  }

  private func retryLater() {
    guard !isRetryComing else { return }
    isRetryComing = true
    queue.asyncAfter(deadline: .now() + Self.retryInterval) { [weak self] in
      self?.isRetryComing = false
      self?.write()
    }
  }
}

extension JSONValue {
  /// Creates the JSON value of anything that can be encoded.
  init(encoding value: some Encodable) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    self = try JSONValue(parsing: Array(try encoder.encode(value)))
  }

  /// Decodes a value from this JSON.
  func decoded<Value: Decodable>(as type: Value.Type) throws -> Value {
    try JSONDecoder().decode(type, from: Data(text.utf8))
  }
}
