import Foundation
import Volume

/// Clicks as comma-separated values, for spreadsheets and scripts.
public enum ClickTable {
  /// Writes clicks as a table with one line a click.
  ///
  /// The columns are the click's number from 1, its kind, its voxel as stored (slowest axis first), and its place in
  /// the patient by the grid's affine in millimetres (NIfTI's convention: x grows to the right, y to the front, z to the
  /// head); these three are empty for a grid without an affine.
  ///
  /// - Parameters:
  ///   - clicks: The clicks, in the order in which they were made.
  ///   - grid: The scan's grid.
  /// - Returns: The table's bytes.
  public static func encode(_ clicks: [Click], grid: Grid) -> Data {
    var text = "number,kind,axis0,axis1,axis2,x_mm,y_mm,z_mm\n"
    for (index, click) in clicks.enumerated() {
      let voxel = click.voxel
      let place: String
      if let affine = grid.affine {
        place = affine.rows.map { row in
          let millimeters =
            row[0] * Double(voxel.axis2) + row[1] * Double(voxel.axis1) + row[2] * Double(voxel.axis0) + row[3]
          return String(format: "%.4f", millimeters)
        }.joined(separator: ",")
      } else {
        place = ",,"
      }
      text += "\(index + 1),\(click.kind.rawValue),\(voxel.axis0),\(voxel.axis1),\(voxel.axis2),\(place)\n"
    }
    return Data(text.utf8)
  }
}
