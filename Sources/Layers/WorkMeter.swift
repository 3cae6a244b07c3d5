/// Follows a forward pass: reports its progress by multiply-accumulates, and keeps each stage's time and work.
public final class WorkMeter {
  /// What one stage took.
  public struct Stage: Sendable, Equatable {
    /// The stage, for instance "encoder stage 2".
    public var name: String
    /// Wall time in seconds.
    public var seconds: Double
    /// Multiply-accumulates that were executed.
    public var multiplyAccumulates: Int

    /// Creates a row.
    public init(name: String, seconds: Double, multiplyAccumulates: Int) {
      self.name = name
      self.seconds = seconds
      self.multiplyAccumulates = multiplyAccumulates
    }
  }

  private var stages: [Stage] = []
  private let total: Int
  private var done = 0
  private let report: (_ stage: String, _ fraction: Double) throws -> Void
  private let clock = ContinuousClock()
  private var stageStart: ContinuousClock.Instant

  /// Creates a meter.
  ///
  /// - Parameters:
  ///   - total: Multiply-accumulates of the whole pass, at least 1.
  ///   - report: Is called with the running stage and the share done, 0 to 1; throwing ends the pass.
  public init(total: Int, report: @escaping (_ stage: String, _ fraction: Double) throws -> Void) {
    self.total = max(total, 1)
    self.report = report
    stageStart = clock.now
  }

  /// Ends the running stage and begins another.
  ///
  /// - Parameter name: The stage's name.
  /// - Throws: What the report throws.
  public func begin(_ name: String) throws {
    end()
    stages.append(Stage(name: name, seconds: 0, multiplyAccumulates: 0))
    try report(name, min(1, Double(done) / Double(total)))
  }

  /// Ends the running stage.
  ///
  /// - Returns: All stages in order.
  public func finished() -> [Stage] {
    end()
    return stages
  }

  private func end() {
    let now = clock.now
    if let last = stages.indices.last {
      let elapsed = (now - stageStart).components
      stages[last].seconds = Double(elapsed.seconds) + Double(elapsed.attoseconds) * 1e-18
    }
    stageStart = now
  }

  /// Runs a piece of the running stage.
  ///
  /// - Parameters:
  ///   - multiplyAccumulates: The piece's work.
  ///   - body: Does it, and calls its argument with the share of the piece that is done.
  /// - Returns: What `body` returns.
  /// - Throws: What `body` or the report throws.
  public func run<Result>(
    _ multiplyAccumulates: Int, _ body: (_ progress: (Double) throws -> Void) throws -> Result
  ) throws -> Result {
    let before = done
    let result = try body { share in
      try report(
        stages.last?.name ?? "", min(1, (Double(before) + share * Double(multiplyAccumulates)) / Double(total)))
    }
    done += multiplyAccumulates
    if let last = stages.indices.last { stages[last].multiplyAccumulates += multiplyAccumulates }
    return result
  }
}
