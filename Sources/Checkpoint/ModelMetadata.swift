import UMamba2
import Volume

/// Everything about a model that is not a tensor: what it was built as, what it expects of a scan, what it answers, and
/// where it comes from. Written into the `__metadata__` of a `.safetensors` model; built from the plans of an nnU-Net
/// checkpoint.
public struct ModelMetadata: Sendable, Equatable, Codable {
  /// The version of this description, 1.
  public var formatVersion: Int = 1
  /// A short name to show, for instance the file's or the trainer's.
  public var name: String
  /// The architecture.
  public var plan: NetworkPlan
  /// Names of the classes by label, background first.
  public var classNames: [String]
  /// Names of the click kinds by embedding index: "left", "right", "background". Empty for a model without clicks.
  public var clickKinds: [String]
  /// The orientation that the network was trained in, `(i, j, k)` letters, for instance "LPS".
  public var orientation: String
  /// Voxel spacing of the network's grid in millimetres, array axis order, before `transposeForward`.
  public var spacing: Axes3<Double>
  /// nnU-Net's axis permutation from the stored array to the network's, `[0, 1, 2]` for none.
  public var transposeForward: [Int]
  /// How grey values become network input, one entry a channel.
  public var normalization: [Normalization]
  /// Array axes over which mirrored predictions are averaged, for instance `[1, 2]`.
  public var mirrorAxes: [Int]
  /// The axis whose mirroring exchanges left and right, with the pairs of labels that change places.
  public var leftRightAxis: Int?
  /// Pairs of class labels that change places when the left-right axis is mirrored, for instance `[[1, 2]]`.
  public var mirroredClassPairs: [[Int]]
  /// Smallest volume in mm³ of a connected component that is kept, by class label; empty for none.
  public var minimumComponentVolumes: [Int: Double]
  /// Window step as a share of the patch, above 0 and at most 1.
  public var step: Double
  /// How often the effect of a "not canal" click counts that is given well inside of what the network takes for canal, 1 to
  /// 4; more where several are near; `nil` for once.
  public var notCanalGuidance: Double?
  /// How the network was made, in a sentence for people.
  public var provenance: String
  /// The line that the viewer shows beside the name, for instance "untrained weights" or "trained on synthetic scans,
  /// not for clinical use".
  public var honesty: String
  /// The licence of the weights.
  public var license: String
  /// Free facts about training (seed, steps, hours, scores), for people.
  public var training: [String: String]

  /// How grey values become network input.
  public enum Normalization: Sendable, Equatable, Codable {
    /// nnU-Net's `CTNormalization`: clip to the data set's 0.5 and 99.5 percentiles, subtract mean, divide by deviation.
    case computedTomography(mean: Double, standardDeviation: Double, percentile005: Double, percentile995: Double)
    /// nnU-Net's `ZScoreNormalization` of each scan.
    case zScore
    /// Clip to two percentiles of the scan itself (0 to 100) and map them to -1 and 1.
    case scanPercentiles(lower: Double, upper: Double)
    /// Grey values as they are.
    case none
  }

  /// Creates a description.
  public init(
    name: String, plan: NetworkPlan, classNames: [String], clickKinds: [String], orientation: String = "LPS",
    spacing: Axes3<Double>, transposeForward: [Int] = [0, 1, 2], normalization: [Normalization],
    mirrorAxes: [Int] = [1, 2], leftRightAxis: Int? = 2, mirroredClassPairs: [[Int]] = [[1, 2]],
    minimumComponentVolumes: [Int: Double] = [:], step: Double = 0.9, notCanalGuidance: Double? = nil,
    provenance: String, honesty: String,
    license: String, training: [String: String] = [:]
  ) {
    self.name = name
    self.plan = plan
    self.classNames = classNames
    self.clickKinds = clickKinds
    self.orientation = orientation
    self.spacing = spacing
    self.transposeForward = transposeForward
    self.normalization = normalization
    self.mirrorAxes = mirrorAxes
    self.leftRightAxis = leftRightAxis
    self.mirroredClassPairs = mirroredClassPairs
    self.minimumComponentVolumes = minimumComponentVolumes
    self.step = step
    self.notCanalGuidance = notCanalGuidance
    self.provenance = provenance
    self.honesty = honesty
    self.license = license
    self.training = training
  }
}
