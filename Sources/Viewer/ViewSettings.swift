import Clicks
import Volume

/// How a scan is looked at: kept in the session, so that reopening shows the same screen.
public struct ViewSettings: Sendable, Hashable {
  /// How the mask is drawn.
  public enum MaskStyle: String, Sendable, Hashable, CaseIterable {
    /// The grey tinted inside the mask.
    case fill
    /// The grey tinted along the mask's border.
    case outline
    /// Not at all.
    case off
  }

  /// How grey is made of cells.
  public enum PictureStyle: String, Sendable, Hashable, CaseIterable {
    /// Two pixels in a cell.
    case blocks
    /// One pixel in a cell, in the finest steps of grey, by shade characters.
    case shades
  }

  /// The voxel under the crosshair as stored, or `nil` for the middle of the scan.
  public var cursor: Axes3<Int>?
  /// The pane that keys act on.
  public var activePlane: Plane
  /// Whether the active pane fills the screen.
  public var isFullScreen: Bool
  /// Steps of zoom, each 1.25 times; 0 shows the whole slice.
  public var zoomStep: Int
  /// The grey values shown, or `nil` for the automatic window.
  public var window: GreyWindow?
  /// How the mask is drawn.
  public var maskStyle: MaskStyle
  /// How grey is made of cells.
  public var pictureStyle: PictureStyle
  /// Whether the mask's change since the answer before is shown.
  public var showsChange: Bool
  /// Whether the change is shown for a moment when an answer comes.
  public var flashesChange: Bool
  /// Whether the list of clicks is shown.
  public var showsClickPanel: Bool
  /// What the next click says.
  public var clickKind: ClickKind

  /// Creates the settings of a first look: all three planes, whole slices, automatic window.
  public init() {
    cursor = nil
    activePlane = .axial
    isFullScreen = false
    zoomStep = 0
    window = nil
    maskStyle = .fill
    pictureStyle = .blocks
    showsChange = false
    flashesChange = true
    showsClickPanel = false
    clickKind = .left
  }
}
