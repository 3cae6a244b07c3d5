import Foundation
import Volume

/// The log of a training: JSON Lines, a line for each step.
public struct TrainingLog {
  /// One step's line.
  public struct Entry: Codable, Sendable, Equatable {
    /// Steps done, this one included.
    public var step: Int
    /// The step's loss.
    public var loss: Double
    /// Dice of the step's crop over both canals; absent where it has none.
    public var pseudoDice: Double?
    /// Clicks that the step gave.
    public var clicks: Int
    /// The gradient's length before clipping.
    public var gradientNorm: Double
    /// Seconds that the step took.
    public var stepSeconds: Double
    /// Seconds of training so far.
    public var trainingSeconds: Double
    /// What was measured on unseen crops after the step; absent after most.
    public var measurement: Trainer.Measurement?

    /// Creates a line.
    public init(
      step: Int, loss: Double, pseudoDice: Double? = nil, clicks: Int = 0, gradientNorm: Double = 0,
      stepSeconds: Double = 0, trainingSeconds: Double = 0, measurement: Trainer.Measurement? = nil
    ) {
      self.step = step
      self.loss = loss
      self.pseudoDice = pseudoDice
      self.clicks = clicks
      self.gradientNorm = gradientNorm
      self.stepSeconds = stepSeconds
      self.trainingSeconds = trainingSeconds
      self.measurement = measurement
    }
  }

  /// The file.
  public let path: String

  /// Creates the log of a path; nothing is read or written yet.
  public init(path: String) {
    self.path = path
  }

  /// Reads the lines; one that was cut off by a kill, or is not of this log, is left out.
  ///
  /// - Returns: The steps in the order in which they were written; none when there is no file.
  public func entries() -> [Entry] {
    guard let data = try? RegularFile.contents(of: path) else { return [] }
    let decoder = JSONDecoder()
    return data.split(separator: 0x0A).compactMap { try? decoder.decode(Entry.self, from: Data($0)) }
  }

  /// Removes the file.
  ///
  /// - Throws: `VolumeError` when it is there and cannot be removed.
  public func remove() throws {
    if unlink(path) != 0 && errno != ENOENT {
      throw VolumeError.system(path: path, operation: "remove the old log", code: errno)
    }
  }

  /// Removes the lines of the steps after one, which a resumed training does again.
  ///
  /// - Parameter step: The last step whose line stays.
  /// - Throws: `VolumeError` when the file cannot be written.
  public func cut(after step: Int) throws {
    guard FileManager.default.fileExists(atPath: path) else { return }
    let lines = try entries().filter { $0.step <= step }.map(Self.line)
    try AtomicFile.write(lines.flatMap { [UInt8]($0) }, to: path, overwrite: true)
  }

  /// Appends a step's line.
  ///
  /// - Parameter entry: The step.
  /// - Throws: `VolumeError` when the file cannot be written.
  public func append(_ entry: Entry) throws {
    let line = try Self.line(entry)
    guard let file = fopen(path, "a") else {
      throw VolumeError.system(path: path, operation: "append to the log", code: errno)
    }
    defer { fclose(file) }
    let written = line.withUnsafeBytes { fwrite($0.baseAddress, 1, $0.count, file) }
    guard written == line.count, fflush(file) == 0 else {
      throw VolumeError.system(path: path, operation: "append to the log", code: errno)
    }
  }

  private static func line(_ entry: Entry) throws -> Data {
    let encoder = JSONEncoder()
    encoder.outputFormatting = .sortedKeys
    return try encoder.encode(entry) + Data([0x0A])
  }
}
