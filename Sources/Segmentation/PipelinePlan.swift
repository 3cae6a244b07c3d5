import Checkpoint
import Clicks
import UMamba2
import Volume

/// What a model's description and the settings make of the pipeline, before any voxel is looked at.
struct PipelinePlan: Sendable {
  /// The settings.
  let settings: SegmentationSettings
  /// Classes of a voxel.
  let classes: Int
  /// From stored to network axes.
  let turn: Reorientation
  /// The network's voxel spacing along its axes, millimetres.
  let targetSpacing: Axes3<Double>
  /// The mirrored views.
  let mirroring: MirrorAveraging
  /// What the user should know, one sentence each.
  let warnings: [String]
  private let metadata: ModelMetadata

  /// Plans the pipeline.
  ///
  /// - Parameters:
  ///   - metadata: The model.
  ///   - settings: How it runs.
  ///   - orientation: The scan's, or `nil` when it has no usable affine.
  /// - Throws: `SegmentationError.badModel`, `.badStep` or `.badMirrorAxes`.
  init(metadata: ModelMetadata, settings: SegmentationSettings, orientation: Orientation?) throws {
    try settings.validate()
    let transpose = metadata.transposeForward
    let classes = metadata.plan.classes
    guard let modelOrientation = Orientation(code: metadata.orientation), transpose.sorted() == [0, 1, 2],
      metadata.spacing.array.allSatisfy({ $0 > 0 && $0.isFinite })
    else {
      throw SegmentationError.badModel(reason: "its orientation, axis order or spacing makes no sense")
    }
    guard metadata.plan.inputChannels == 1, metadata.normalization.count == 1 else {
      throw SegmentationError.badModel(
        reason: "it takes \(metadata.plan.inputChannels) input channels; a scan has one")
    }
    guard (2...256).contains(classes) else {
      throw SegmentationError.badModel(reason: "it has \(classes) classes; a mask holds 2 to 256")
    }
    self.settings = settings
    self.metadata = metadata
    self.classes = classes

    let isInteractive = !metadata.clickKinds.isEmpty
    var warnings: [String] = []
    let scanOrientation: Orientation
    if settings.rules == .reference {
      scanOrientation = modelOrientation
    } else if let orientation {
      scanOrientation = orientation
    } else {
      scanOrientation = .lps
      warnings.append(
        "the scan's header gives no orientation: it is taken as LPS, and left and right are wrong if it is not")
    }
    self.warnings = warnings
    turn = Reorientation(from: scanOrientation, to: modelOrientation, transposeForward: transpose)
    targetSpacing = Axes3(0, 1, 2).map { metadata.spacing[transpose[$0]] }

    let isPublished = settings.rules == .reference && isInteractive
    let leftRightAxis = isPublished ? ReferenceRules.leftRightAxis : metadata.leftRightAxis
    let pairs = isPublished && classes > 2 ? ReferenceRules.mirroredClassPairs : metadata.mirroredClassPairs
    var exchangedClasses = Array(0..<classes)
    for pair in pairs {
      guard pair.count == 2, pair.allSatisfy({ (1..<classes).contains($0) }) else {
        throw SegmentationError.badModel(reason: "its pairs of mirrored classes name classes that it does not have")
      }
      exchangedClasses.swapAt(pair[0], pair[1])
    }
    var exchangedKinds = Array(metadata.clickKinds.indices)
    if let left = metadata.clickKinds.firstIndex(of: ClickKind.left.rawValue),
      let right = metadata.clickKinds.firstIndex(of: ClickKind.right.rawValue)
    {
      exchangedKinds.swapAt(left, right)
    }
    mirroring = MirrorAveraging(
      axes: settings.mirrorAxes.compactMap { transpose.firstIndex(of: $0) }.sorted(),
      leftRightAxis: leftRightAxis.flatMap { transpose.firstIndex(of: $0) }, exchangedKinds: exchangedKinds,
      exchangedClasses: exchangedClasses)
  }

  /// Computes a scan's way to the network's grid.
  ///
  /// - Parameters:
  ///   - grid: The scan's grid.
  ///   - box: The voxels that are kept.
  ///   - patch: Voxels of a window.
  /// - Returns: The way.
  /// - Throws: `VolumeError.resampledSizeAbsurd`.
  func geometry(grid: Grid, box: VoxelBox, patch: Axes3<Int>) throws -> ScanGeometry {
    try ScanGeometry(grid: grid, box: box, turn: turn, targetSpacing: targetSpacing, patch: patch)
  }

  /// From grey values to the network's.
  var normalization: ModelMetadata.Normalization { metadata.normalization[0] }

  /// Whether crop and windows follow the scan: so with our own rules for models that take their grey values from the scan
  /// itself, as all that `canalis train` makes do. Published models keep crop and windows that they were trained with.
  var followsScan: Bool {
    if case .scanPercentiles = normalization { return settings.rules == .canalis }
    return false
  }

  /// How large a scan's windows are: the model's patch, or near it where that covers the scan with less work.
  ///
  /// - Parameters:
  ///   - grid: The scan's grid.
  ///   - box: The voxels that are kept.
  /// - Returns: Voxels of a window.
  /// - Throws: `VolumeError.resampledSizeAbsurd`.
  func patch(grid: Grid, box: VoxelBox) throws -> Axes3<Int> {
    let plan = metadata.plan
    guard followsScan else { return plan.patch }
    let size = try geometry(grid: grid, box: box, patch: plan.patch).resampledShape
    let fitted = WindowPlan.fittedPatch(
      near: plan.patch, size: size, step: settings.step, multiple: plan.totalStride)
    return plan.problem(withPatch: fitted) == nil ? fitted : plan.patch
  }

  /// Spreads windows over a scan.
  ///
  /// - Parameters:
  ///   - geometry: The scan's way to the network's grid.
  ///   - patch: Voxels of a window.
  /// - Returns: The windows.
  /// - Throws: `SegmentationError.tooManyWindows`.
  func windows(geometry: ScanGeometry, patch: Axes3<Int>) throws -> WindowPlan {
    let plan = WindowPlan(size: geometry.paddedShape, patch: patch, step: settings.step)
    guard plan.count <= WindowPlan.limit else {
      throw SegmentationError.tooManyWindows(count: plan.count, limit: WindowPlan.limit)
    }
    return plan
  }

  /// How "not canal" clicks inside of canals are strengthened; `nil` for not at all.
  var notCanalGuidance: NotCanalGuidance? {
    guard let strength = metadata.notCanalGuidance, strength != 1, classes > 2,
      let kind = metadata.clickKinds.firstIndex(of: ClickKind.background.rawValue)
    else { return nil }
    return NotCanalGuidance(strength: Float(strength), kind: kind, spacing: targetSpacing)
  }

  /// Whether "not canal" clicks enter the network.
  var backgroundClicksEnterNetwork: Bool { metadata.clickKinds.contains(ClickKind.background.rawValue) }

  /// The index of a kind's embedding; `nil` for clicks that act after the network.
  ///
  /// - Throws: `SegmentationError.unknownClickKind`.
  func embedding(of kind: ClickKind) throws -> Int? {
    if let index = metadata.clickKinds.firstIndex(of: kind.rawValue) { return index }
    if kind == .background { return nil }
    throw SegmentationError.unknownClickKind(kind: kind, known: metadata.clickKinds)
  }

  /// Checks clicks, and finds those that count.
  ///
  /// Of several clicks on one voxel the last counts; under the published rules all do.
  ///
  /// - Parameters:
  ///   - clicks: The clicks in order.
  ///   - shape: The scan's shape.
  /// - Returns: The clicks that count, in order.
  /// - Throws: `ClicksError.outsideVolume`, or `SegmentationError` for clicks that the model or the rules do not know.
  func validated(_ clicks: [Click], shape: Axes3<Int>) throws -> [Click] {
    try Click.validate(clicks, shape: shape)
    if clicks.isEmpty { return [] }
    guard !metadata.clickKinds.isEmpty else { throw SegmentationError.modelTakesNoClicks(model: metadata.name) }
    if settings.rules == .reference {
      if let index = clicks.firstIndex(where: { $0.kind == .background }) {
        throw SegmentationError.backgroundClickUnderReferenceRules(click: index)
      }
      return clicks
    }
    return Click.indicesInForce(clicks).map { clicks[$0] }
  }

  /// How small components are removed on a scan's grid.
  func postprocessing(grid: Grid) -> Postprocessing {
    if settings.rules == .reference {
      let minimum = metadata.clickKinds.isEmpty ? [:] : ReferenceRules.minimumComponentVoxels
      return Postprocessing(minimum: .voxels(minimum), clickedComponentsStay: false)
    }
    let spacing = grid.spacing
    return Postprocessing(
      minimum: .volume(
        metadata.minimumComponentVolumes, voxelVolume: spacing.axis0 * spacing.axis1 * spacing.axis2),
      clickedComponentsStay: true, restSpacing: spacing)
  }
}
