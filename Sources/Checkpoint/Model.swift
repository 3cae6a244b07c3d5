import Foundation
import Layers
import UMamba2

/// A model from a file: what it is, and where its parameters come from.
public struct Model: Sendable {
  /// Everything about the model that is not a tensor.
  public let metadata: ModelMetadata
  /// The parameters that the plan needs, read from the file when asked for.
  public let parameters: any ParameterSource & Sendable
  /// SHA-256 of the file, 64 hexadecimal digits.
  public let sha256: String
  /// The file's name without its folder.
  public let fileName: String
  /// What the file holds and the network does not use, a line each.
  public let skipped: [String]

  /// The parameters of the plan that the file holds, in the order of the forward pass; the heads of deep supervision may
  /// be absent.
  public var available: [ParameterRequirement] {
    metadata.plan.parameters.filter { parameters.shape(of: $0.name) != nil }
  }

  /// The number of trained numbers in `available`.
  public var parameterCount: Int {
    available.reduce(0) { $0 + $1.shape.reduce(1, *) }
  }

  /// Opens a model: an nnU-Net checkpoint (`.pth`) or a `.safetensors` model, told apart by their content.
  ///
  /// Names and shapes of all tensors are checked here; numbers are read when they are asked for.
  ///
  /// - Parameter path: The file.
  /// - Returns: The model.
  /// - Throws: `CheckpointError` for whatever is wrong with the file.
  public static func load(path: String) throws -> Model {
    let file = try ByteFile(path: path)
    let beginning = try file.read(at: 0, count: min(file.size, 16))
    if beginning.starts(with: [0x50, 0x4B, 0x03, 0x04]) || beginning.starts(with: [0x50, 0x4B, 0x05, 0x06]) {
      return try loadCheckpoint(file)
    }
    if SafeTensorsFile.begins(with: beginning, size: file.size) || path.hasSuffix(".safetensors") {
      return try loadSafeTensors(file)
    }
    throw CheckpointError.notAModel(file: path, found: describe(beginning))
  }

  private static func loadCheckpoint(_ file: ByteFile) throws -> Model {
    let checkpoint = try TorchCheckpoint(file: file)
    let parameters = try CheckpointParameters(checkpoint: checkpoint)
    var metadata = try CheckpointDescription(tree: checkpoint.tree, parameters: parameters, file: file.path).metadata()
    if let problem = metadata.problem {
      throw CheckpointError.invalidMetadata(file: file.path, key: problem.key, problem: problem.description)
    }
    let names = try check(parameters, against: metadata.plan, file: file.path)
    try checkSharing(of: parameters, plan: metadata.plan)
    let digest = try file.sha256()
    metadata.training["checkpoint_sha256"] = digest
    return Model(
      metadata: metadata, parameters: parameters, sha256: digest, fileName: name(of: file),
      skipped: skippedParts(of: checkpoint, parameters: parameters, used: names))
  }

  private static func loadSafeTensors(_ file: ByteFile) throws -> Model {
    let parameters = try SafeTensorsFile(file: file)
    let key = ModelWriter.descriptionKey
    guard let text = parameters.metadata[key] else {
      throw CheckpointError.invalidMetadata(file: file.path, key: key, problem: "it is missing; not a model of ours")
    }
    let metadata: ModelMetadata
    do {
      metadata = try JSONDecoder().decode(ModelMetadata.self, from: Data(text.utf8))
    } catch {
      throw CheckpointError.invalidMetadata(file: file.path, key: key, problem: summary(of: error))
    }
    if let problem = metadata.problem {
      throw CheckpointError.invalidMetadata(file: file.path, key: problem.key, problem: problem.description)
    }
    let names = try check(parameters, against: metadata.plan, file: file.path)
    let skipped = parameters.tensors.filter { !names.contains($0.key) }.sorted { $0.key < $1.key }
      .map { unusedLine(name: $0, shape: $1.shape) }
    return Model(
      metadata: metadata, parameters: parameters, sha256: try file.sha256(),
      fileName: name(of: file), skipped: skipped)
  }

  /// Where a description cannot be decoded, in a clause.
  private static func summary(of error: any Error) -> String {
    func path(_ context: DecodingError.Context) -> String {
      context.codingPath.isEmpty ? "" : " in " + printable(context.codingPath.map(\.stringValue).joined(separator: "."))
    }
    switch error {
    case DecodingError.keyNotFound(let key, let context): return "\(key.stringValue) is missing\(path(context))"
    case DecodingError.typeMismatch(_, let context), DecodingError.valueNotFound(_, let context):
      return "a value has the wrong type\(path(context))"
    case DecodingError.dataCorrupted(let context): return "a value is not valid\(path(context))"
    default: return "it is not a description of a model"
    }
  }

  /// Proves that every tensor of the plan is there with its shape; returns the plan's names.
  private static func check(
    _ parameters: any ParameterSource, against plan: NetworkPlan, file: String
  ) throws -> Set<String> {
    var names: Set<String> = []
    for requirement in plan.parameters {
      names.insert(requirement.name)
      guard let shape = parameters.shape(of: requirement.name) else {
        guard requirement.isNeededForInference else { continue }
        throw CheckpointError.missingTensor(file: file, name: requirement.name, expected: requirement.shape)
      }
      guard shape == requirement.shape else {
        throw CheckpointError.wrongShape(
          file: file, name: requirement.name, expected: requirement.shape, actual: shape)
      }
    }
    return names
  }

  /// Proves that the plan's tensors have bytes of their own in the file: names that all share one storage would let a
  /// small file ask for a large network.
  private static func checkSharing(of parameters: CheckpointParameters, plan: NetworkPlan) throws {
    let file = parameters.checkpoint.archive.file
    let bytes = plan.parameters.reduce(0) { total, requirement in
      let type = parameters.views[requirement.name]?.storage.elementType
      return total + (type.map { $0.size * requirement.shape.reduce(1, *) } ?? 0)
    }
    guard bytes <= file.size else {
      throw CheckpointError.limitExceeded(
        file: file.path, what: "the network's \(bytes) bytes of tensors, in a file that is smaller,", limit: file.size)
    }
  }

  private static func skippedParts(
    of checkpoint: TorchCheckpoint, parameters: CheckpointParameters, used: Set<String>
  ) -> [String] {
    var lines: [String] = []
    if case .dictionary(let position) = checkpoint.tree.root {
      for (key, _) in checkpoint.tree.dictionaries[position].entries {
        if case .text(let name) = key, CheckpointDescription.usedKeys.contains(name) { continue }
        lines.append("\(key.summary), not needed to run the network")
      }
    }
    let unused = parameters.views.filter { !used.contains($0.key) }
    let aliases = unused.keys.filter { isAlias($0) }
    if !aliases.isEmpty {
      lines.append("\(aliases.count) tensor names under all_modules and decoder.encoder, second names of kept tensors")
    }
    for name in unused.keys.sorted() where !isAlias(name) {
      lines.append(unusedLine(name: name, shape: unused[name]?.shape ?? []))
    }
    return lines + parameters.others.map { "network_weights entry \($0), not a tensor" }
  }

  private static func unusedLine(name: String, shape: [Int]) -> String {
    // A leftover inside the network's own modules means that the checkpoint's network had more than the plan says.
    let isInside = ["encoder.", "decoder.", "mamba_layer."].contains { name.hasPrefix($0) }
    return "tensor \"\(printable(name))\" \(shape), not in the plan"
      + (isInside ? ": its network may have been another than the plan's" : "")
  }

  private static func isAlias(_ name: String) -> Bool {
    name.hasPrefix("decoder.encoder.") || name.contains(".all_modules.")
  }

  private static func name(of file: ByteFile) -> String {
    file.path.split(separator: "/").last.map(String.init) ?? file.path
  }

  private static func describe(_ beginning: [UInt8]) -> String {
    if beginning.isEmpty { return "the file is empty" }
    if beginning.starts(with: [0x80]) {
      return "it is a bare pickle, as PyTorch saved before version 1.6; save it again with a current PyTorch"
    }
    if beginning.starts(with: [0x1F, 0x8B]) { return "it is compressed by gzip" }
    return "its content is of no known kind"
  }
}
