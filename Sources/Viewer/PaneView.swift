import Volume

/// How a pane's pixels lie on a slice: the one map that drawing and the mouse share.
struct PaneView: Sendable {
  let plane: Plane
  /// The cells of the picture.
  let picture: CellRect
  /// Pixels in a cell from top to bottom: 1 or 2.
  let pixelsPerCell: Int
  /// Millimetres that a pixel covers across and down.
  let pixelSize: SIMD2<Double>
  /// Millimetres from the scan's edge to the picture's edge, across and down; negative when the scan begins inside.
  let origin: SIMD2<Double>
  /// Voxels across and down.
  let voxels: (across: Int, down: Int)
  /// Millimetres of a voxel across and down.
  let voxelSize: SIMD2<Double>

  /// Pixels across.
  var width: Int { picture.columns }
  /// Pixels down.
  var height: Int { picture.rows * pixelsPerCell }

  /// Lays a slice into a picture.
  ///
  /// - Parameters:
  ///   - plane: The plane.
  ///   - picture: The cells to fill.
  ///   - pixelsPerCell: Pixels in a cell from top to bottom.
  ///   - cellAspect: Height of a cell divided by its width.
  ///   - geometry: The scan in patient axes.
  ///   - zoom: 1 shows the whole slice.
  ///   - center: What should be in the middle, millimetres from the scan's left and upper edge on the screen; moved so
  ///     that no more than needed lies outside the scan.
  init(
    plane: Plane, picture: CellRect, pixelsPerCell: Int, cellAspect: Double, geometry: PatientGeometry, zoom: Double,
    center: SIMD2<Double>
  ) {
    self.plane = plane
    self.picture = picture
    self.pixelsPerCell = pixelsPerCell
    let size = SIMD2(geometry.size[plane.horizontal], geometry.size[plane.vertical])
    voxels = (geometry.shape[plane.horizontal], geometry.shape[plane.vertical])
    voxelSize = SIMD2(geometry.spacing[plane.horizontal], geometry.spacing[plane.vertical])
    let cells = SIMD2(Double(max(1, picture.columns)), Double(max(1, picture.rows)))
    let cellWidth = max(size.x / cells.x, size.y / (cells.y * cellAspect)) / zoom
    pixelSize = SIMD2(cellWidth, cellWidth * cellAspect / Double(pixelsPerCell))
    let extent = SIMD2(cellWidth * cells.x, cellWidth * cellAspect * cells.y)
    var origin = SIMD2<Double>()
    for axis in 0..<2 {
      origin[axis] =
        extent[axis] >= size[axis]
        ? (size[axis] - extent[axis]) / 2
        : max(0, min(size[axis] - extent[axis], center[axis] - extent[axis] / 2))
    }
    self.origin = origin
  }

  /// Half of what the picture shows, millimetres across and down.
  var halfExtent: SIMD2<Double> { SIMD2(pixelSize.x * Double(width), pixelSize.y * Double(height)) / 2 }

  /// What is in the middle, millimetres from the scan's left and upper edge on the screen.
  var center: SIMD2<Double> { origin + halfExtent }

  /// The voxel across at a place in pixels from the left edge; outside the scan it is negative or too large.
  func across(atPixel place: Double) -> Int { Self.index((origin.x + place * pixelSize.x) / voxelSize.x) }

  /// The voxel down at a place in pixels from the upper edge; outside the scan it is negative or too large.
  func down(atPixel place: Double) -> Int { Self.index((origin.y + place * pixelSize.y) / voxelSize.y) }

  /// The whole part of a number of voxels; beyond a thousand million, and for no number, far outside.
  private static func index(_ value: Double) -> Int {
    value > -1e9 ? Int(min(value, 1e9).rounded(.down)) : -1_000_000_000
  }

  /// The place of a voxel's centre, in pixels from the left and upper edges.
  func pixel(across: Int, down: Int) -> SIMD2<Double> {
    (SIMD2(Double(across) + 0.5, Double(down) + 0.5) * voxelSize - origin) / pixelSize
  }

  /// The voxel under the middle of a cell, with the slice that the cursor is in; `nil` outside the scan.
  func voxel(atColumn column: Int, row: Int, cursor: SIMD3<Int>, geometry: PatientGeometry) -> SIMD3<Int>? {
    guard picture.contains(column: column, row: row) else { return nil }
    let voxel = unclampedVoxel(atColumn: column, row: row, cursor: cursor, geometry: geometry)
    return voxel == geometry.clamped(voxel) ? voxel : nil
  }

  /// The voxel nearest to the middle of a cell, which may lie anywhere.
  func nearestVoxel(atColumn column: Int, row: Int, cursor: SIMD3<Int>, geometry: PatientGeometry) -> SIMD3<Int> {
    let inside = picture.clamped(column: column, row: row)
    return geometry.clamped(
      unclampedVoxel(atColumn: inside.column, row: inside.row, cursor: cursor, geometry: geometry))
  }

  private func unclampedVoxel(
    atColumn column: Int, row: Int, cursor: SIMD3<Int>, geometry: PatientGeometry
  ) -> SIMD3<Int> {
    var voxel = cursor
    voxel[plane.horizontal] = across(atPixel: Double(column - picture.column) + 0.5)
    let down = down(atPixel: (Double(row - picture.row) + 0.5) * Double(pixelsPerCell))
    voxel[plane.vertical] = plane.isUpward ? voxels.down - 1 - down : down
    return voxel
  }

  /// A voxel's place across and down the slice.
  func slicePlace(of voxel: SIMD3<Int>) -> (across: Int, down: Int) {
    (voxel[plane.horizontal], plane.isUpward ? voxels.down - 1 - voxel[plane.vertical] : voxel[plane.vertical])
  }

  /// The pixel in which a voxel's centre is drawn, or `nil` when it is outside the picture.
  func pixel(of voxel: SIMD3<Int>) -> (x: Int, y: Int)? {
    let place = slicePlace(of: voxel)
    let pixel = pixel(across: place.across, down: place.down)
    guard pixel.x >= 0, pixel.y >= 0, pixel.x < Double(width), pixel.y < Double(height) else { return nil }
    return (Int(pixel.x), Int(pixel.y))
  }

  /// The cell in which a voxel's centre is drawn, or `nil` when it is outside the picture.
  func cell(of voxel: SIMD3<Int>) -> (column: Int, row: Int)? {
    pixel(of: voxel).map { (picture.column + $0.x, picture.row + $0.y / pixelsPerCell) }
  }
}
