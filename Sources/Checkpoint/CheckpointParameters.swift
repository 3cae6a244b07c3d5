import Layers

/// The parameters of an nnU-Net checkpoint: read from the file when they are asked for.
struct CheckpointParameters: ParameterSource, Sendable {
  /// The checkpoint.
  let checkpoint: TorchCheckpoint
  /// The tensors by name, wrappers' prefixes removed.
  let views: [String: TensorView]
  /// Names in `network_weights` whose values are not tensors.
  let others: [String]

  /// Prefixes that training wrappers put before every name (`DistributedDataParallel`, `torch.compile`).
  private static let wrapperPrefixes = ["module.", "_orig_mod."]

  /// Reads the names of `network_weights`.
  init(checkpoint: TorchCheckpoint) throws {
    self.checkpoint = checkpoint
    let file = checkpoint.archive.file.path
    let root = PlanValue(root: checkpoint.tree, file: file)
    let weights = try root.child("network_weights").dictionary()
    var views: [String: TensorView] = [:]
    var others: [String] = []
    for (key, value) in weights.entries {
      guard case .text(let stored) = key, case .tensor(let position) = value else {
        others.append(key.summary)
        continue
      }
      let name = Self.withoutWrappers(stored)
      guard views.updateValue(checkpoint.tree.tensors[position], forKey: name) == nil else {
        throw CheckpointError.invalidTensor(file: file, name: name, problem: "the name occurs twice")
      }
    }
    self.views = views
    self.others = others
  }

  func shape(of name: String) -> [Int]? {
    views[name]?.shape
  }

  func values(of name: String, shape: [Int]) throws -> [Float] {
    let file = checkpoint.archive.file.path
    guard let view = views[name] else {
      throw CheckpointError.missingTensor(file: file, name: name, expected: shape)
    }
    guard view.shape == shape else {
      throw CheckpointError.wrongShape(file: file, name: name, expected: shape, actual: view.shape)
    }
    return try checkpoint.values(of: view, name: name)
  }

  private static func withoutWrappers(_ name: String) -> String {
    var rest = Substring(name)
    while let prefix = wrapperPrefixes.first(where: { rest.hasPrefix($0) }) {
      rest = rest.dropFirst(prefix.count)
    }
    return String(rest)
  }
}
