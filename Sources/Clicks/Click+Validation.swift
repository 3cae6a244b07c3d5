import Volume

extension Click {
  /// Checks that every click lies inside a scan.
  ///
  /// - Parameters:
  ///   - clicks: The clicks.
  ///   - shape: The scan's shape.
  /// - Throws: `ClicksError.outsideVolume` for the first that does not, with the valid range.
  public static func validate(_ clicks: [Click], shape: Axes3<Int>) throws {
    for (index, click) in clicks.enumerated() where !shape.contains(click.voxel) {
      throw ClicksError.outsideVolume(point: index, voxel: click.voxel, shape: shape)
    }
  }
}
