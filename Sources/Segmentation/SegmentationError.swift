import Clicks
import Volume

/// Why a scan cannot be segmented as asked.
public enum SegmentationError: Error, Sendable, Equatable {
  /// The model has no click kinds, but there are clicks.
  case modelTakesNoClicks(model: String)
  /// The model has no embedding for a kind of click that has to enter the network.
  case unknownClickKind(kind: ClickKind, known: [String])
  /// The published rules know no clicks that say "not canal".
  case backgroundClickUnderReferenceRules(click: Int)
  /// The window step is not above 0 and at most 1.
  case badStep(Double)
  /// An axis to mirror is not 0, 1 or 2, or is named twice.
  case badMirrorAxes([Int])
  /// The model's description contradicts itself or its network.
  case badModel(reason: String)
  /// The scan needs more windows than can be worked through.
  case tooManyWindows(count: Int, limit: Int)
  /// The run needs more memory than it may take.
  case notEnoughMemory(neededBytes: Int, availableBytes: Int)
  /// The network answered with something that is not a finite number.
  case nonFiniteLogits(window: Int)
}

extension SegmentationError: CustomStringConvertible {
  /// What is wrong, where, and what to do.
  public var description: String {
    switch self {
    case .modelTakesNoClicks(let model):
      return "the model \"\(DisplayText.escaped(model))\" takes no clicks; segment without them, or choose an "
        + "interactive model"
    case .unknownClickKind(let kind, let known):
      let names = known.map { "\"" + DisplayText.escaped($0) + "\"" }.joined(separator: ", ")
      return "the model has no click kind \"\(kind.rawValue)\"; it has \(names)"
    case .backgroundClickUnderReferenceRules(let click):
      return "click \(click) says \"not canal\", which the published rules do not know; remove it, or use the default "
        + "rules"
    case .badStep(let step):
      return "the window step is \(step); it must be above 0 and at most 1 (the usual value is 0.9)"
    case .badMirrorAxes(let axes):
      return "the axes to mirror are \(axes); each must be 0, 1 or 2, and none twice"
    case .badModel(let reason):
      return "the model's description cannot be used: \(DisplayText.escaped(reason))"
    case .tooManyWindows(let count, let limit):
      return "the scan needs \(count) windows of the model's patch, more than \(limit); is the spacing in its header "
        + "right, and the window step not too small?"
    case .notEnoughMemory(let needed, let available):
      return "the run needs about \(needed >> 20) MiB and may take \(available >> 20) MiB; use a model with a smaller "
        + "patch, crop the scan, or close other programs"
    case .nonFiniteLogits(let window):
      return "the network's answer for window \(window) holds numbers that are not finite; the model's weights are "
        + "damaged or the scan's values are far from what it was trained on"
    }
  }
}
