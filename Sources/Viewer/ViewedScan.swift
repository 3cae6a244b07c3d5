import Volume

/// A scan as the viewer needs it: its voxels, its place in the patient and the spread of its grey values.
public struct ViewedScan: Sendable {
  /// The scan's name as shown, control characters escaped.
  public let name: String
  /// The voxels.
  public let volume: Volume
  /// The voxels in patient axes.
  let geometry: PatientGeometry
  /// The smallest and largest grey value.
  let range: (lowest: Double, highest: Double)
  /// The window between the 1st and the 99.5th percentile.
  let automaticWindow: GreyWindow

  /// Prepares a scan for viewing: one pass over its voxels.
  ///
  /// - Parameters:
  ///   - name: The scan's name, as it came; it is escaped here.
  ///   - volume: The voxels.
  public init(name: String, volume: Volume) {
    self.name = DisplayText.escaped(name)
    self.volume = volume
    geometry = PatientGeometry(grid: volume.grid)
    let range = VoxelStatistics.range(of: volume.voxels) ?? 0...1
    self.range = (Double(range.lowerBound), Double(range.upperBound))
    automaticWindow = Self.percentileWindow(of: volume.voxels)
  }

  /// The grey value of a stored voxel.
  func greyValue(at voxel: Axes3<Int>) -> Float { volume.voxels[volume.grid.shape.offset(of: voxel)] }

  /// The window of a preset.
  func window(_ preset: WindowPreset) -> GreyWindow {
    switch preset {
    case .automatic: automaticWindow
    case .bone: GreyWindow(width: 1500, level: 300)
    case .wideBone: GreyWindow(width: 2000, level: 300)
    case .dental: GreyWindow(width: 2100, level: 1050)
    case .fullRange: GreyWindow(from: range.lowest, to: range.highest)
    }
  }

  /// The window between two percentiles of a sample that is spread evenly over the voxels.
  private static func percentileWindow(of voxels: [Float]) -> GreyWindow {
    // An odd stride does not keep step with rows and slices, whose lengths are mostly even.
    let sample = stride(from: 0, to: voxels.count, by: max(1, voxels.count / 60_000) | 1).map { voxels[$0] }
    let ends = VoxelStatistics.percentiles([1, 99.5, 0, 100], of: sample).map(Double.init)
    return ends[0] < ends[1] ? GreyWindow(from: ends[0], to: ends[1]) : GreyWindow(from: ends[2], to: ends[3])
  }
}
