import Layers
import UMamba2
import Volume

/// Builds a model's metadata from an nnU-Net checkpoint's `init_args`.
struct CheckpointDescription {
  private let root: PlanValue
  private let parameters: any ParameterSource
  private let file: String

  /// Smallest components of the published post-processing, in voxels of 0.3 mm, by class. A tenth of a voxel less, so
  /// that a component of exactly so many voxels stays whatever the rounding of its volume.
  private static let officialComponentVoxels: [Int: Double] = [1: 2198 - 0.1, 2: 1754 - 0.1]
  private static let officialVoxelVolume = 0.3 * 0.3 * 0.3

  /// Prepares to read a checkpoint's description.
  init(tree: PickleTree, parameters: any ParameterSource, file: String) {
    root = PlanValue(root: tree, file: file)
    self.parameters = parameters
    self.file = file
  }

  /// Keys of the checkpoint that are read.
  static let usedKeys: Set<String> = ["network_weights", "init_args", "trainer_name", "current_epoch"]

  /// Returns the metadata.
  func metadata() throws -> ModelMetadata {
    let arguments = try root.child("init_args")
    let plans = try arguments.child("plans")
    let dataSet = try arguments.child("dataset_json")
    let configuration = try PlanConfiguration(
      name: arguments.child("configuration").text(), in: plans.child("configurations"))
    let classNames = try classNames(in: dataSet)
    let channels = try channelCount(of: dataSet)
    let plan = try NetworkDescription(configuration: configuration, parameters: parameters, file: file)
      .plan(inputChannels: channels, classes: classNames.count)
    let transpose = try transposeForward(plans)
    let isInteractive = plan.prompts != nil && classNames.count >= 3

    var pairs = LabelNames.mirroredPairs(of: classNames)
    if pairs.isEmpty && isInteractive { pairs = [[1, 2]] }
    // Without a known partner for each side, a mirrored prediction would put left canals on the right.
    let knowsSides = !pairs.isEmpty || classNames.count == 2
    let trainer = try optionalText(root.child("trainer_name"))
    return ModelMetadata(
      name: trainer ?? "nnU-Net checkpoint", plan: plan, classNames: classNames,
      clickKinds: Self.clickKinds(count: plan.prompts?.clickKinds ?? 0), orientation: "LPS",
      spacing: try spacing(configuration, transpose: transpose), transposeForward: transpose,
      normalization: try normalization(configuration, plans: plans, channels: channels),
      mirrorAxes: knowsSides ? [1, 2] : [1], leftRightAxis: 2, mirroredClassPairs: pairs,
      minimumComponentVolumes: isInteractive && pairs == [[1, 2]]
        ? Self.officialComponentVoxels.mapValues { $0 * Self.officialVoxelVolume } : [:],
      step: 0.9, provenance: try provenance(trainer: trainer, plans: plans, arguments: arguments),
      honesty: "imported checkpoint, for research only", license: "not stated in the checkpoint; see its publisher",
      training: try training())
  }

  private static func clickKinds(count: Int) -> [String] {
    let known = ["left", "right", "background"]
    return (0..<count).map { $0 < known.count ? known[$0] : "kind \($0)" }
  }

  private func optionalText(_ value: PlanValue) throws -> String? {
    value.isMissing ? nil : try value.text()
  }

  private func classNames(in dataSet: PlanValue) throws -> [String] {
    let labels = try dataSet.child("labels")
    var names: [Int: String] = [:]
    for (key, _) in try labels.dictionary().entries {
      guard case .text(let name) = key else {
        throw labels.invalid("label numbers by name", found: "the key \(key.summary)")
      }
      let value = try labels.child(name)
      if let elements = value.elements(), elements.count != 1 {
        throw value.unsupported(
          "the label is a region of several labels", advice: "only checkpoints with one number a label are supported")
      }
      if name == "ignore" { continue }
      let label = try value.integer()
      guard names.updateValue(name, forKey: label) == nil else {
        throw value.invalid("a number of its own", found: "\(label), as another label")
      }
    }
    return try (0..<names.count).map { label in
      guard let name = names[label] else {
        throw labels.invalid("labels numbered from 0 without gaps", found: "without \(label)")
      }
      return name
    }
  }

  private func channelCount(of dataSet: PlanValue) throws -> Int {
    let names = try dataSet.child("channel_names")
    return try (names.isMissing ? dataSet.child("modality") : names).dictionary().entries.count
  }

  private func transposeForward(_ plans: PlanValue) throws -> [Int] {
    let value = try plans.child("transpose_forward")
    guard !value.isMissing else { return [0, 1, 2] }
    let axes = try value.integers(count: 3)
    guard axes.sorted() == [0, 1, 2] else { throw value.invalid("a permutation of 0, 1, 2", found: "\(axes)") }
    return axes
  }

  /// nnU-Net gives the spacing in the network's axis order; ours is in the array's.
  private func spacing(_ configuration: PlanConfiguration, transpose: [Int]) throws -> Axes3<Double> {
    let value = try configuration.value("spacing")
    guard let elements = value.elements(), elements.count == 3 else { throw value.invalid("three numbers") }
    var spacing = Axes3(repeating: 0.0)
    for (axis, element) in elements.enumerated() {
      let size = try element.number()
      guard size > 1e-4, size < 1e4 else { throw element.invalid("a spacing in millimetres", found: "\(size)") }
      spacing[transpose[axis]] = size
    }
    return spacing
  }

  private func normalization(
    _ configuration: PlanConfiguration, plans: PlanValue, channels: Int
  ) throws -> [ModelMetadata.Normalization] {
    let schemes = try configuration.value("normalization_schemes")
    guard let elements = schemes.elements(), elements.count == channels else {
      throw schemes.invalid("one scheme for each of \(channels) channels")
    }
    let masks = try configuration.value("use_mask_for_norm").elements() ?? []
    return try elements.enumerated().map { channel, scheme in
      let name = try scheme.text()
      switch name {
      case "CTNormalization":
        let statistics = try plans.child("foreground_intensity_properties_per_channel").child("\(channel)")
        return .computedTomography(
          mean: try statistics.child("mean").number(), standardDeviation: try statistics.child("std").number(),
          percentile005: try statistics.child("percentile_00_5").number(),
          percentile995: try statistics.child("percentile_99_5").number())
      case "ZScoreNormalization":
        if masks.indices.contains(channel), !masks[channel].isMissing, try masks[channel].bool() {
          throw masks[channel].unsupported(
            "normalization within a mask is not supported", advice: "only checkpoints without use_mask_for_norm are")
        }
        return .zScore
      case "NoNormalization": return .none
      default:
        throw scheme.unsupported(
          "the normalization \(printable(name)) is not supported",
          advice: "CTNormalization, ZScoreNormalization and NoNormalization are")
      }
    }
  }

  private func provenance(trainer: String?, plans: PlanValue, arguments: PlanValue) throws -> String {
    var parts = ["nnU-Net checkpoint"]
    if let trainer { parts.append("trainer \(printable(trainer))") }
    if let name = try optionalText(plans.child("dataset_name")) { parts.append("data set \(printable(name))") }
    parts.append("configuration \(printable(try arguments.child("configuration").text()))")
    return parts.joined(separator: ", ")
  }

  private func training() throws -> [String: String] {
    let epoch = try root.child("current_epoch")
    return epoch.isMissing ? [:] : ["epoch": "\(try epoch.integer())"]
  }
}
