import Volume

extension ModelMetadata {
  /// The first inconsistency of a description: the key and a clause for a message.
  struct Problem: Sendable {
    /// The property.
    let key: String
    /// What is wrong with it.
    let description: String
  }

  /// What is inconsistent in the description, or `nil`.
  var problem: Problem? {
    planProblem ?? geometryProblem ?? mirrorProblem ?? classProblem
  }

  private var planProblem: Problem? {
    if formatVersion != 1 {
      return Problem(key: "formatVersion", description: "it is \(formatVersion), this program knows 1")
    }
    if let problem = plan.problem { return Problem(key: "plan", description: problem) }
    let counts = [
      ("classNames", classNames.count, plan.classes),
      ("clickKinds", clickKinds.count, plan.prompts?.clickKinds ?? 0),
      ("normalization", normalization.count, plan.inputChannels),
    ]
    for (key, actual, expected) in counts where actual != expected {
      return Problem(key: key, description: "it has \(actual) entries, the plan needs \(expected)")
    }
    if Set(clickKinds).count != clickKinds.count {
      return Problem(key: "clickKinds", description: "a kind occurs twice in \(clickKinds.map { printable($0) })")
    }
    return nil
  }

  private var geometryProblem: Problem? {
    if !Self.isOrientation(orientation) {
      return Problem(
        key: "orientation", description: "it is \"\(printable(orientation))\", expected three letters such as LPS")
    }
    if let size = spacing.array.first(where: { !($0 > 1e-4 && $0 < 1e4) }) {
      return Problem(key: "spacing", description: "it holds \(size), expected millimetres above 0")
    }
    if transposeForward.sorted() != [0, 1, 2] {
      return Problem(
        key: "transposeForward", description: "it is \(transposeForward), expected a permutation of 0, 1, 2")
    }
    if !(step > 0 && step <= 1) {
      return Problem(key: "step", description: "it is \(step), expected a share above 0 and at most 1")
    }
    if let notCanalGuidance, !(notCanalGuidance >= 1 && notCanalGuidance <= 4) {
      return Problem(key: "notCanalGuidance", description: "it is \(notCanalGuidance), expected 1 to 4")
    }
    return normalization.compactMap(\.problem).first.map { Problem(key: "normalization", description: $0) }
  }

  private var mirrorProblem: Problem? {
    if Set(mirrorAxes).count != mirrorAxes.count || !mirrorAxes.allSatisfy({ (0..<3).contains($0) }) {
      return Problem(key: "mirrorAxes", description: "it is \(mirrorAxes), expected some of 0, 1, 2")
    }
    if let leftRightAxis, !(0..<3).contains(leftRightAxis) {
      return Problem(key: "leftRightAxis", description: "it is \(leftRightAxis), expected 0, 1 or 2")
    }
    let labels = mirroredClassPairs.flatMap { $0 }
    if !mirroredClassPairs.allSatisfy({ $0.count == 2 }) || Set(labels).count != labels.count
      || !labels.allSatisfy({ (1..<plan.classes).contains($0) })
    {
      return Problem(
        key: "mirroredClassPairs",
        description: "it is not made of pairs of different labels from 1 to \(plan.classes - 1)")
    }
    return nil
  }

  private var classProblem: Problem? {
    for (label, volume) in minimumComponentVolumes
    where !(1..<plan.classes).contains(label) || !(volume >= 0 && volume.isFinite) {
      return Problem(
        key: "minimumComponentVolumes",
        description: "label \(label) has \(volume), expected labels from 1 to \(plan.classes - 1) and volumes in mm³")
    }
    return nil
  }

  /// Whether a text is one letter of each of L/R, P/A and S/I.
  private static func isOrientation(_ text: String) -> Bool {
    let directions = text.map { AnatomicalDirection(rawValue: String($0)) }
    let axes = directions.compactMap { direction -> AnatomicalDirection? in
      switch direction {
      case .left, .right: .left
      case .posterior, .anterior: .posterior
      case .superior, .inferior: .superior
      case nil: nil
      }
    }
    return directions.count == 3 && Set(axes).count == 3
  }
}

extension ModelMetadata.Normalization {
  /// What is wrong with the numbers, in a clause, or `nil`.
  fileprivate var problem: String? {
    switch self {
    case .computedTomography(let mean, let deviation, let low, let high):
      let isSound = [mean, deviation, low, high].allSatisfy(\.isFinite) && deviation >= 0 && low <= high
      return isSound
        ? nil : "mean \(mean), deviation \(deviation), percentiles \(low) and \(high) are not statistics of grey values"
    case .scanPercentiles(let lower, let upper):
      return lower >= 0 && lower < upper && upper <= 100
        ? nil : "percentiles \(lower) and \(upper) are not in order between 0 and 100"
    case .zScore, .none: return nil
    }
  }
}
