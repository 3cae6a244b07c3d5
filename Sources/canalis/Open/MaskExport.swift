import Foundation
import Segmentation
import Session
import Volume

/// A mask on its way to a file, with what a reader of the file must know.
struct MaskExport {
  /// The mask.
  let mask: Mask
  /// The scan that it belongs to; gives the geometry.
  let scan: Volume
  /// Files that are never written over: the scan, and what else the mask was made from.
  let inputs: [String]
  /// What goes into the side file.
  let report: MaskReport

  /// Writes the mask, and beside it `<name>.json` with its origin.
  ///
  /// - Parameters:
  ///   - path: The mask's file, a NIfTI name.
  ///   - overwrite: Whether existing files may be replaced.
  /// - Returns: The side file's path.
  /// - Throws: `VolumeError`.
  func write(to path: String, overwrite: Bool) throws -> String {
    let side = Self.sideFile(of: path)
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
    // Refused before the mask is there, not after it.
    let sideFile = try AtomicFile(path: side, overwrite: overwrite, protecting: inputs)
    try sideFile.write(Array(try encoder.encode(report)) + [0x0A])
    try MaskWriter.write(mask, likeScan: scan.header, to: path, overwrite: overwrite, protecting: inputs)
    try sideFile.commit()
    return side
  }

  /// The side file's path: the mask's without its ending, and `.json`.
  static func sideFile(of path: String) -> String {
    for ending in [".nii.gz", ".nii", ".hdr", ".img"] where path.lowercased().hasSuffix(ending) {
      return path.dropLast(ending.count) + ".json"
    }
    return path + ".json"
  }
}

/// What the side file of a mask says: which parts the model made and which the clinician, from what.
struct MaskReport: Encodable, Equatable {
  /// One click as the report lists it.
  struct ReportedClick: Encodable, Equatable {
    var id: Int
    var kind: String
    var voxel: [Int]
    /// Whether the mask has the clinician's class here against the model's answer.
    var forced: Bool
  }

  /// A file and its hash.
  struct Source: Encodable, Equatable {
    var name: String
    var sha256: String
  }

  var program = "canalis \(ProgramVersion.current)"
  /// What must be known before the mask is used.
  var notice: String
  var scan: Source
  var model: Source
  var settings: SegmentationSettings
  var clicks: [ReportedClick]
  var labels = ["0": "background", "1": "patient's left canal", "2": "patient's right canal"]
}
