import Volume

/// One of the three planes that a scan is read in.
///
/// The screen is the radiologist's: the axial plane is seen from the feet and the coronal plane from the front, so the
/// patient's right is on the left of the screen; the sagittal plane has the front of the patient on the left.
public enum Plane: String, Sendable, Hashable, CaseIterable {
  /// Across the body: left-right by front-back.
  case axial
  /// Facing the patient: left-right by head-feet.
  case coronal
  /// From the side: front-back by head-feet.
  case sagittal

  /// Where the plane stands in lists of three.
  var index: Int {
    switch self {
    case .axial: 0
    case .coronal: 1
    case .sagittal: 2
    }
  }

  /// The patient axis (0 left, 1 posterior, 2 superior) that runs to the right of the screen.
  var horizontal: Int { self == .sagittal ? 1 : 0 }

  /// The patient axis that runs down the screen, or up it when `isUpward`.
  var vertical: Int { self == .axial ? 1 : 2 }

  /// Whether the vertical patient axis grows toward the top of the screen.
  var isUpward: Bool { self != .axial }

  /// The patient axis that runs through the slices.
  var normal: Int {
    switch self {
    case .axial: 2
    case .coronal: 1
    case .sagittal: 0
    }
  }

  /// The directions at the edges of the screen.
  var edges:
    (left: AnatomicalDirection, right: AnatomicalDirection, top: AnatomicalDirection, bottom: AnatomicalDirection)
  {
    switch self {
    case .axial: (.right, .left, .anterior, .posterior)
    case .coronal: (.right, .left, .superior, .inferior)
    case .sagittal: (.anterior, .posterior, .superior, .inferior)
    }
  }

  /// The plane that comes after this one, or before it.
  func neighbor(_ step: Int) -> Plane {
    let all = Plane.allCases
    return all[((index + step) % all.count + all.count) % all.count]
  }
}
