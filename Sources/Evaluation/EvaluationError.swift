import Volume

/// Why a prediction could not be scored against a truth.
public enum EvaluationError: Error, Equatable, Sendable, CustomStringConvertible {
  /// The two masks have different numbers of voxels along an axis.
  case shapesDiffer(prediction: [Int], truth: [Int])
  /// The two masks have voxels of different size, in millimetres.
  case spacingsDiffer(prediction: [Double], truth: [Double])
  /// A mask holds a label that is neither background, left nor right.
  case unexpectedLabel(UInt8, mask: String)
  /// The truth holds no canal at all, so that no click can be derived from it.
  case truthWithoutCanal

  /// One line that says what is wrong and what to do.
  public var description: String {
    switch self {
    case .shapesDiffer(let prediction, let truth):
      "the prediction has \(prediction) voxels and the truth \(truth) (axis 0 first): compare masks of one scan"
    case .spacingsDiffer(let prediction, let truth):
      "the prediction's voxels measure \(prediction) mm and the truth's \(truth) mm: compare masks of one scan"
    case .unexpectedLabel(let label, let mask):
      "the \(mask) holds label \(label); expected 0 (background), 1 (left canal) and 2 (right canal) only"
    case .truthWithoutCanal:
      "the truth holds no canal (no voxel labelled 1 or 2), so no click can be simulated"
    }
  }
}
