import Formats
import Foundation
import Layers
import UMamba2
import Volume

/// Writes models as `.safetensors`: float32, names in order, numbers from a multiple of 64 bytes on; equal models give
/// equal bytes.
public enum ModelWriter {
  /// The key in `__metadata__` that holds the whole `ModelMetadata` as JSON; the other keys are for people.
  static let descriptionKey = "canalis"

  /// Writes a model, whole or not at all.
  ///
  /// - Parameters:
  ///   - metadata: The model's description.
  ///   - parameters: The tensors; those of the plan that are there are written, all that inference needs must be.
  ///   - path: The file to write.
  ///   - overwrite: Whether an existing file may be replaced.
  ///   - inputs: Files that must not be replaced whatever `overwrite` says.
  /// - Throws: `CheckpointError` when a tensor is missing or the description is inconsistent, `VolumeError` when the
  ///   file cannot be written; then nothing is left behind.
  public static func write(
    _ metadata: ModelMetadata, parameters: any ParameterSource, to path: String, overwrite: Bool = false,
    protecting inputs: [String] = []
  ) throws {
    if let problem = metadata.problem {
      throw CheckpointError.invalidMetadata(file: path, key: problem.key, problem: problem.description)
    }
    let requirements = metadata.plan.parameters
      .filter { $0.isNeededForInference || parameters.shape(of: $0.name) != nil }
      .sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
    let file = try AtomicFile(path: path, overwrite: overwrite, protecting: inputs)
    try file.write(try header(metadata, requirements: requirements))
    for requirement in requirements {
      let values = try parameters.values(of: requirement.name, shape: requirement.shape)
      precondition(values.count == requirement.shape.reduce(1, *), "a parameter has as many values as its shape says")
      try values.withUnsafeBytes { try file.write($0) }
    }
    try file.commit()
  }

  private static func header(_ metadata: ModelMetadata, requirements: [ParameterRequirement]) throws -> [UInt8] {
    let texts = [
      descriptionKey: try json(metadata), "format_version": "\(metadata.formatVersion)",
      "plan": try json(metadata.plan), "classes": try json(metadata.classNames),
      "click_kinds": try json(metadata.clickKinds), "provenance": metadata.provenance, "license": metadata.license,
      "training": try json(metadata.training),
    ]
    var members = [
      JSONValue.Member(
        SafeTensorsFile.metadataKey,
        .object(texts.sorted { $0.key < $1.key }.map { JSONValue.Member($0.key, .string($0.value)) }))
    ]
    var offset = 0
    for requirement in requirements {
      let end = offset + requirement.shape.reduce(4, *)
      members.append(
        JSONValue.Member(
          requirement.name,
          [
            "dtype": "F32", "shape": .array(requirement.shape.map(JSONValue.integer)),
            "data_offsets": [.integer(offset), .integer(end)],
          ]))
      offset = end
    }
    var text = JSONValue.object(members).bytes
    text += [UInt8](repeating: 0x20, count: (64 - (8 + text.count) % 64) % 64)
    return withUnsafeBytes(of: UInt64(text.count).littleEndian) { Array($0) } + text
  }

  private static func json(_ value: some Encodable) throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return String(decoding: try encoder.encode(value), as: UTF8.self)
  }
}
