/// Where a training's crops come from.
public enum TrainingData: Sendable {
  /// Endless synthetic jaws.
  case phantoms
  /// The cases of a data set, read into memory.
  case dataset(NNUNetDataset)

  func source(options: TrainingOptions) throws -> any SampleSource {
    switch self {
    case .phantoms: PhantomSource(spacing: options.spacing, percentiles: options.percentiles, seed: options.seed)
    case .dataset(let dataset): try DatasetSource(dataset, options: options)
    }
  }
}
