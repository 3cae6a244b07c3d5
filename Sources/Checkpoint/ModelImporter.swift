import UMamba2

/// Converts an nnU-Net checkpoint to a `.safetensors` model.
public enum ModelImporter {
  /// What an import did.
  public struct Summary: Sendable {
    /// The model that was read.
    public let source: Model
    /// Tensors written.
    public let tensorCount: Int
    /// Numbers written.
    public let parameterCount: Int
    /// What the checkpoint held that was not kept, a line each.
    public var skipped: [String] { source.skipped }
  }

  /// Reads a checkpoint without executing anything and writes the tensors that its network needs, under their canonical
  /// names, with its plan and metadata.
  ///
  /// - Parameters:
  ///   - source: The checkpoint (`.pth`).
  ///   - destination: The model to write (`.safetensors`).
  ///   - overwrite: Whether an existing destination may be replaced; the source never is.
  /// - Returns: What was done.
  /// - Throws: `CheckpointError` for whatever is wrong with the checkpoint, `VolumeError` when the model cannot be
  ///   written; then nothing is left behind.
  public static func importCheckpoint(
    from source: String, to destination: String, overwrite: Bool = false
  ) throws -> Summary {
    let model = try Model.load(path: source)
    try ModelWriter.write(
      model.metadata, parameters: model.parameters, to: destination, overwrite: overwrite, protecting: [source])
    return Summary(
      source: model, tensorCount: model.available.count, parameterCount: model.parameterCount)
  }
}
