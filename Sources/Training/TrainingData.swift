/// Where a training's crops come from.
public enum TrainingData: Sendable {
  /// Endless synthetic jaws.
  case phantoms

  func source(options: TrainingOptions) throws -> any SampleSource {
    switch self {
    case .phantoms: PhantomSource(spacing: options.spacing, percentiles: options.percentiles, seed: options.seed)
    }
  }
}
