import Checkpoint
import Volume

/// Everything besides scan, model and clicks that a mask depends on.
public struct SegmentationSettings: Sendable, Equatable, Codable {
  /// Which pipeline runs.
  public enum Rules: String, Sendable, Codable, CaseIterable {
    /// Ours: turns the scan by its affine, weights windows plainly, measures components in mm³, honours every click.
    case canalis
    /// The published one: works on the array as stored, scales each window by its largest logit.
    case reference
  }

  /// Which pipeline runs.
  public var rules: Rules
  /// Array axes over which mirrored predictions are averaged, ascending; none for no mirroring.
  public var mirrorAxes: [Int]
  /// Window step as a share of the patch, above 0 and at most 1.
  public var step: Double
  /// Whether small components are removed and click crosses stamped.
  public var postprocessing: Bool

  /// Creates settings from their values.
  public init(rules: Rules = .canalis, mirrorAxes: [Int], step: Double, postprocessing: Bool = true) {
    self.rules = rules
    self.mirrorAxes = mirrorAxes
    self.step = step
    self.postprocessing = postprocessing
  }

  /// Creates a model's settings, changed where asked.
  ///
  /// - Parameters:
  ///   - metadata: The model. The published rules of an interactive model mirror axes 1 and 2 and step by 0.9 whatever
  ///     it says.
  ///   - rules: Which pipeline runs.
  ///   - mirroring: Whether mirrored predictions are averaged; `nil` for what the model says.
  ///   - step: Window step as a share of the patch; `nil` for what the model says.
  ///   - postprocessing: Whether small components are removed and click crosses stamped.
  public init(
    metadata: ModelMetadata, rules: Rules = .canalis, mirroring: Bool? = nil, step: Double? = nil,
    postprocessing: Bool = true
  ) {
    let isPublished = rules == .reference && !metadata.clickKinds.isEmpty
    let modelAxes = isPublished ? ReferenceRules.mirrorAxes : metadata.mirrorAxes
    let axes: [Int]
    switch mirroring {
    case .some(false): axes = []
    case .some(true): axes = modelAxes.isEmpty ? ReferenceRules.mirrorAxes : modelAxes
    case nil: axes = modelAxes
    }
    self.init(
      rules: rules, mirrorAxes: axes.sorted(),
      step: step ?? (isPublished ? ReferenceRules.step : metadata.step), postprocessing: postprocessing)
  }

  /// Whether mirrored predictions are averaged.
  public var isMirroring: Bool { !mirrorAxes.isEmpty }

  /// Checks the values.
  ///
  /// - Throws: `SegmentationError.badStep` or `.badMirrorAxes`.
  func validate() throws {
    guard step > 0, step <= 1 else { throw SegmentationError.badStep(step) }
    guard mirrorAxes.allSatisfy({ (0..<3).contains($0) }), Set(mirrorAxes).count == mirrorAxes.count else {
      throw SegmentationError.badMirrorAxes(mirrorAxes)
    }
  }
}

/// The numbers that the published interactive inference has in its code (Tan et al., arXiv:2509.12069).
enum ReferenceRules {
  /// Array axes that are mirrored.
  static let mirrorAxes = [1, 2]
  /// The array axis along which left and right lie.
  static let leftRightAxis = 2
  /// Labels that change places when that axis is mirrored.
  static let mirroredClassPairs = [[1, 2]]
  /// Window step as a share of the patch.
  static let step = 0.9
  /// Each window's logits are divided by their maximum over this.
  static let windowScale: Float = 100
  /// Components of fewer voxels are removed, by label.
  static let minimumComponentVoxels = [1: 2198, 2: 1754]
}
