import Foundation
import Volume

extension Phantom {
  private static let (truthName, scanName) = ("truth.nii.gz", "scan.nii.gz")
  /// The names of the files that a jaw is written to.
  public static var fileNames: [String] { [truthName, scanName] }

  /// Writes the scan and its truth as `scan.nii.gz` (16 bits) and `truth.nii.gz` (8 bits) into a folder.
  ///
  /// - Parameters:
  ///   - folder: The folder; it is made if there is none.
  ///   - overwrite: Whether files of those names may be replaced.
  /// - Throws: `VolumeError` when a file exists or cannot be written, and Foundation's error when the folder cannot be
  ///   made.
  public func write(toFolder folder: String, overwrite: Bool = false) throws {
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    // The truth first: whoever finds a scan finds its truth.
    try MaskWriter.write(truth, likeScan: nil, to: folder + "/" + Self.truthName, overwrite: overwrite)
    try VolumeWriter.write(scan, to: folder + "/" + Self.scanName, type: .int16, overwrite: overwrite)
  }
}
