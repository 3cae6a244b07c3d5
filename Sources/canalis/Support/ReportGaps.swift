/// The times between the moments at which work can be interrupted, its reports of progress.
///
/// Work that is cancelled ends at its next report. Of a request at any moment, each as likely as the next, the wait is
/// known from the gaps between reports: it falls into a gap as often as that is long, and lasts up to its end.
struct ReportGaps {
  private var gaps: [Double] = []
  private var latest = ContinuousClock.now

  /// Begins, or goes on after work that is not counted.
  mutating func begin() { latest = ContinuousClock.now }

  /// Leaves time out that has just gone by.
  mutating func exclude(_ duration: Duration) { latest += duration }

  /// Notes a report.
  mutating func note() {
    let now = ContinuousClock.now
    gaps.append((now - latest).inSeconds)
    latest = now
  }

  /// The longest wait, seconds.
  var longest: Double { gaps.max() ?? 0 }

  /// The wait that a share of the requests stays below, seconds.
  ///
  /// - Parameter share: Above 0 and at most 1.
  /// - Returns: Seconds.
  func wait(share: Double) -> Double {
    let total = gaps.reduce(0, +)
    var (low, high) = (0.0, longest)
    // The share of moments whose wait is at most w is the sum of min(gap, w) over the whole time.
    for _ in 0..<60 {
      let middle = (low + high) / 2
      if gaps.reduce(0, { $0 + min($1, middle) }) < share * total { low = middle } else { high = middle }
    }
    return high
  }
}
