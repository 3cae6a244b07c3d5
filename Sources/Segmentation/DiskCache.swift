import Cache

/// Where a predictor keeps encodings beyond its memory, and what it works on, in words that tell its files from others'.
public struct DiskCache: Sendable {
  /// The files.
  public let store: CacheStore
  /// SHA-256 of the scan's voxels.
  public let scanSHA256: String
  /// SHA-256 of the model's file.
  public let modelSHA256: String
  /// The program and its build: another one may round otherwise.
  public let program: String
  /// Whether encodings are written and read however fast the disk is, for tests.
  var isAlwaysWorthIt = false

  /// Creates a description.
  public init(store: CacheStore, scanSHA256: String, modelSHA256: String, program: String) {
    self.store = store
    self.scanSHA256 = scanSHA256
    self.modelSHA256 = modelSHA256
    self.program = program
  }

  /// The key of the encoding of one view of a window.
  ///
  /// - Parameters:
  ///   - format: The network's encoding format.
  ///   - input: The scan as the network sees it.
  ///   - patch: Voxels of a window.
  ///   - start: The window's first voxel.
  ///   - view: How it is mirrored.
  /// - Returns: The key, made of everything that decides the encoding.
  func key(
    format: String, input: NetworkInput, patch: [Int], start: [Int], view: MirrorAveraging.View
  ) -> CacheKey {
    let (geometry, intensities) = (input.geometry, input.intensities)
    return CacheKey(
      scan: scanSHA256,
      facts: [
        "encoding", program, format, "model \(modelSHA256)",
        "scan \(geometry.scanShape.array) spacing \(geometry.spacing.array)",
        "turn \(geometry.turn.sourceAxes.array) \(geometry.turn.flips.array)",
        "crop \(geometry.cropLow.array) \(geometry.cropShape.array)",
        "resampled \(geometry.resampledShape.array) padded \(geometry.padLow.array) \(geometry.paddedShape.array)",
        "values \(intensities.lower) \(intensities.upper) \(intensities.shift) \(intensities.scale)",
        "window \(start) of \(patch) mirrored \(view.isMirrored.array)",
      ])
  }
}
