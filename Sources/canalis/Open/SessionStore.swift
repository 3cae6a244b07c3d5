import Formats
import Dispatch
import Foundation
import Session
import Viewer

/// Appends what the viewer does to the session's file, in order, on a queue of its own, and tells when it is safe.
final class SessionStore: Sendable {
  private let log: SessionLog
  private let queue = DispatchQueue(label: "session file")
  private let mailbox: Mailbox<ViewerMessage>

  /// Creates a store.
  ///
  /// - Parameters:
  ///   - log: The session's writer.
  ///   - mailbox: Where answers go.
  init(log: SessionLog, mailbox: Mailbox<ViewerMessage>) {
    self.log = log
    self.mailbox = mailbox
  }

  /// Appends an event of the viewer and answers with `eventStored` or `storeFailed`.
  func store(_ event: SessionEvent, sequence: Int) {
    queue.async { [self] in
      do {
        _ = try log.append(event)
        mailbox.post(.eventStored(sequence: sequence))
      } catch {
        mailbox.post(.storeFailed(sequence: sequence, text: "\(error)"))
      }
    }
  }

  /// Appends an event that the viewer does not wait for; a failure becomes a notice.
  func record(_ event: SessionEvent) {
    queue.async { [self] in
      do { _ = try log.append(event) } catch { mailbox.post(.notice("\(error)")) }
    }
  }

  /// Waits until everything given so far is on disk or has failed.
  func finish() {
    queue.sync {}
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
