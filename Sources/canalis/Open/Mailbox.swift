import Synchronization

/// Messages from worker threads to the interface, in order.
final class Mailbox<Message: Sendable>: Sendable {
  private let messages = Mutex<[Message]>([])
  private let wake: @Sendable () -> Void

  /// Creates a mailbox.
  ///
  /// - Parameter wake: Called after each delivery, from any thread, so that the reader stops sleeping.
  init(wake: @escaping @Sendable () -> Void) {
    self.wake = wake
  }

  /// Delivers a message.
  func post(_ message: Message) {
    messages.withLock { $0.append(message) }
    wake()
  }

  /// Takes everything that has been delivered.
  func takeAll() -> [Message] {
    messages.withLock { queue in
      defer { queue.removeAll(keepingCapacity: true) }
      return queue
    }
  }
}
