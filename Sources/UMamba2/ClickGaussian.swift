import Foundation
import Volume

/// One click's share of one dense prompt map: `exp(-d² / 2σ²)` in the cells within 3σ, d from the cell's centre to the
/// click's voxel centre in voxels of the full resolution.
struct ClickGaussian {
  /// The map that the click belongs to.
  let map: Int
  /// The cells in reach along each axis.
  let range: Axes3<Range<Int>>
  private let squares: Axes3<[Double]>
  /// `exp(-square / 2σ²)` along each axis; a cell's value is their product.
  private let factors: Axes3<[Double]>
  private let reach: Double

  /// Creates a click's share of a map.
  ///
  /// - Parameters:
  ///   - click: The click.
  ///   - map: The map.
  ///   - sigmaInVoxels: σ, which is raised to a share of the longest side of a cell.
  ///   - patch: Voxels of the patch.
  ///   - size: Cells of the grid, divisors of the patch.
  init(click: PointPrompt, map: Int, sigmaInVoxels: Double, patch: Axes3<Int>, size: Axes3<Int>) {
    self.map = map
    let cell = Axes3(0, 1, 2).map { Double(patch[$0]) / Double(size[$0]) }
    let longest = cell.array.reduce(0, max)
    let deviation = max(sigmaInVoxels, DensePromptMaps.smallestShareOfCell * longest)
    let reach = DensePromptMaps.reachInDeviations * deviation
    let offsets = Axes3(0, 1, 2).map { axis in
      (0..<size[axis]).map { (Double($0) + 0.5) * cell[axis] - 0.5 - Double(click.voxel[axis]) }
    }
    self.reach = reach
    squares = offsets.map { $0.map { $0 * $0 } }
    factors = squares.map { $0.map { exp(-0.5 * $0 / (deviation * deviation)) } }
    range = offsets.map { list in
      guard let first = list.firstIndex(where: { abs($0) <= reach }),
        let last = list.lastIndex(where: { abs($0) <= reach })
      else { return 0..<0 }
      return first..<last + 1
    }
  }

  /// Whether the click is too far outside the patch to reach any cell.
  var isEmpty: Bool { range.array.contains { $0.isEmpty } }

  /// Calls a function with every cell in reach and its value.
  func forEachCell(_ body: (Axes3<Int>, Float) -> Void) {
    for index0 in range.axis0 {
      for index1 in range.axis1 {
        let square = squares.axis0[index0] + squares.axis1[index1]
        let factor = factors.axis0[index0] * factors.axis1[index1]
        for index2 in range.axis2 where square + squares.axis2[index2] <= reach * reach {
          body(Axes3(index0, index1, index2), Float(factor * factors.axis2[index2]))
        }
      }
    }
  }
}
