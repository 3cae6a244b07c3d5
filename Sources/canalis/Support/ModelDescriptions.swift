import Checkpoint
import Session
import Viewer

extension NetworkDescription {
  /// What the viewer says about a model.
  init(_ model: Model) {
    self.init(
      name: model.metadata.name, honestyLine: model.metadata.honesty.isEmpty ? nil : model.metadata.honesty,
      hasNegativeClicks: model.metadata.clickKinds.contains("background"))
  }
}

extension MaskReport.ReportedClick {
  /// A click of a session as a report lists it.
  init(_ click: PlacedClick, forced: Bool) {
    self.init(id: click.id, kind: click.kind.rawValue, voxel: click.voxel.array, forced: forced)
  }
}
