import Foundation
import Volume

/// An nnU-Net raw data set: `dataset.json`, `imagesTr/CASE_0000.nii.gz`, `labelsTr/CASE.nii.gz`.
public struct NNUNetDataset: Sendable {
  /// One case's files.
  public struct Case: Sendable, Equatable {
    /// The case's name.
    public let name: String
    /// The scan.
    public let imagePath: String
    /// The labels.
    public let labelPath: String
  }

  /// Which labels are the canals: a name or a number each; `nil` finds them by name.
  public struct CanalLabels: Sendable, Equatable {
    /// The patient's left canal.
    public var left: String?
    /// The patient's right canal.
    public var right: String?

    /// Creates a choice.
    public init(left: String? = nil, right: String? = nil) {
      self.left = left
      self.right = right
    }
  }

  /// The data set's folder.
  public let folder: String
  /// The cases in order of their names.
  public let cases: [Case]
  /// The number of the left canal's label.
  public let leftLabel: UInt8
  /// The number of the right canal's label.
  public let rightLabel: UInt8
  /// The numbers that the description lists.
  public let labels: Set<UInt8>

  /// The largest `dataset.json` that is read.
  private static let largestDescription = 64 << 20

  /// Reads a data set's description and finds its files.
  ///
  /// - Parameters:
  ///   - folder: The data set's folder.
  ///   - labels: Which labels are the canals.
  /// - Throws: `TrainingError.invalidDataset` with the file and what to change.
  public init(folder: String, labels: CanalLabels = CanalLabels()) throws {
    self.folder = folder
    let path = folder + "/dataset.json"
    let description = try Self.description(path)
    guard let listed = description["labels"] as? [String: Any] else {
      throw TrainingError.invalidDataset(file: path, problem: "it has no \"labels\"")
    }
    if let channels = (description["channel_names"] ?? description["modality"]) as? [String: Any], channels.count != 1 {
      throw TrainingError.invalidDataset(file: path, problem: "it has \(channels.count) channels, expected one")
    }
    let numbers = try Self.labelNumbers(listed, path: path)
    self.labels = Set(numbers.values)
    leftLabel = try Self.label(labels.left, side: "left", other: "right", numbers: numbers, path: path)
    rightLabel = try Self.label(labels.right, side: "right", other: "left", numbers: numbers, path: path)
    if leftLabel == rightLabel || leftLabel == 0 || rightLabel == 0 {
      throw TrainingError.invalidDataset(
        file: path, problem: "left is label \(leftLabel) and right \(rightLabel), expected two labels above 0")
    }
    cases = try Self.cases(in: folder, ending: description["file_ending"] as? String ?? ".nii.gz")
  }

  private static func description(_ path: String) throws -> [String: Any] {
    guard let data = try? RegularFile.contents(of: path, upTo: largestDescription + 1), data.count <= largestDescription
    else {
      throw TrainingError.invalidDataset(
        file: path, problem: "it is missing; give the folder of an nnU-Net raw data set, or phantom")
    }
    guard let object = try? JSONSerialization.jsonObject(with: data) as? [String: Any] else {
      throw TrainingError.invalidDataset(file: path, problem: "it is not a JSON object")
    }
    return object
  }

  /// Label numbers by name, from `{name: number}` (nnU-Net 2) or `{number: name}` (nnU-Net 1).
  private static func labelNumbers(_ listed: [String: Any], path: String) throws -> [String: UInt8] {
    var numbers: [String: UInt8] = [:]
    for (key, value) in listed {
      if let number = value as? Int, let label = UInt8(exactly: number) {
        numbers[key] = label
      } else if let name = value as? String, let label = UInt8(key) {
        numbers[name] = label
      } else {
        throw TrainingError.invalidDataset(
          file: path,
          problem: "the label \"\(DisplayText.escaped(key))\" is no number from 0 to 255; regions are not supported")
      }
    }
    return numbers
  }

  private static func label(
    _ wanted: String?, side: String, other: String, numbers: [String: UInt8], path: String
  ) throws -> UInt8 {
    let names = numbers.keys.sorted().map { "\"\(DisplayText.escaped($0))\"" }.joined(separator: ", ")
    if let wanted {
      if let label = numbers[wanted] { return label }
      if let label = UInt8(wanted), numbers.values.contains(label) { return label }
      throw TrainingError.invalidDataset(
        file: path, problem: "it has no label \"\(DisplayText.escaped(wanted))\"; it has \(names)")
    }
    let sided = numbers.keys.filter { $0.lowercased().contains(side) && !$0.lowercased().contains(other) }
    let canals = sided.filter { name in
      ["iac", "canal", "alveolar", "nerve"].contains { name.lowercased().contains($0) }
    }
    let found = canals.isEmpty ? sided : canals.filter { !$0.lowercased().contains("incisive") }
    guard found.count == 1, let name = found.first, let label = numbers[name] else {
      throw TrainingError.invalidDataset(
        file: path,
        problem: "\(found.isEmpty ? "no label is" : "several labels may be") the \(side) canal; "
          + "say which by --\(side)-label: it has \(names)")
    }
    return label
  }

  private static func cases(in folder: String, ending: String) throws -> [Case] {
    let images = folder + "/imagesTr"
    guard let names = try? FileManager.default.contentsOfDirectory(atPath: images) else {
      throw TrainingError.invalidDataset(file: images, problem: "there is no such folder")
    }
    let suffix = "_0000" + ending
    let cases = try names.filter { $0.hasSuffix(suffix) }.sorted().map { file in
      let name = String(file.dropLast(suffix.count))
      let label = "\(folder)/labelsTr/\(name)\(ending)"
      guard FileManager.default.fileExists(atPath: label) else {
        throw TrainingError.invalidDataset(
          file: label, problem: "the scan \(DisplayText.escaped(file)) has no labels there")
      }
      return Case(name: name, imagePath: "\(images)/\(file)", labelPath: label)
    }
    if cases.isEmpty {
      throw TrainingError.invalidDataset(file: images, problem: "it has no file that ends in \(suffix)")
    }
    return cases
  }
}
