import Clicks
import Foundation
import Session
import Volume

/// Reads clicks for a command from the challenge's JSON or from a session, told apart by content.
enum ClickSource {
  /// What a file says.
  struct Clicks {
    /// The clicks in force, in order.
    var clicks: [PlacedClick]
    /// The session, if the file is one.
    var session: SessionContent?
  }

  /// Whether a file is a session: its first line is an object that names the format. What cannot be read is none; the
  /// reader of something else says why.
  static func isSession(_ path: String) -> Bool {
    guard let beginning = try? RegularFile.contents(of: path, upTo: 4096) else { return false }
    return String(decoding: beginning.prefix { $0 != 0x0A }, as: UTF8.self).contains("\"\(SessionHeader.format)\"")
  }

  /// Reads a file.
  ///
  /// - Parameters:
  ///   - path: The file.
  ///   - scan: The scan that the clicks must lie in.
  ///   - identity: What a session must know the scan by; computed only for a session.
  /// - Returns: The clicks, and the session if the file is one.
  /// - Throws: `ClicksError`, `SessionError`, or `CommandFailure` when the session is another scan's.
  static func read(_ path: String, scan: Volume, identity: () -> ScanIdentity) throws -> Clicks {
    guard isSession(path) || path.hasSuffix(".jsonl") else {
      let clicks = try challengeClicks(path, shape: scan.grid.shape)
      return Clicks(
        clicks: clicks.enumerated().map {
          PlacedClick(id: $0.offset + 1, kind: $0.element.kind, voxel: $0.element.voxel)
        }
      )
    }
    let content = try SessionFile.read(path).content
    try check(content, path: path, scan: identity())
    return Clicks(clicks: content.history.clicks, session: content)
  }

  /// Reads a challenge's file; what is wrong is said with its name.
  private static func challengeClicks(_ path: String, shape: Axes3<Int>) throws -> [Click] {
    do {
      return try ChallengeFile.read(path: path, shape: shape)
    } catch let error as ClicksError {
      if case .unreadable = error { throw error }
      throw CommandFailure("\(DisplayText.escaped(path)): \(error)", status: .badData)
    }
  }

  /// Makes sure that a session belongs to a scan.
  static func check(_ content: SessionContent, path: String, scan: ScanIdentity) throws {
    if let error = SessionVerification.findings(content, scan: scan).first(where: { $0.severity == .error }) {
      throw CommandFailure("\(DisplayText.escaped(path)): \(error.message)", status: .badData)
    }
  }
}
