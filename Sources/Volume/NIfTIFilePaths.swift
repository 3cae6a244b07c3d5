import Foundation

/// The one or two files that hold a NIfTI scan.
struct NIfTIFilePaths: Equatable {
  /// The file that begins with the header.
  var header: String
  /// The file that holds the voxels; the same for a single file.
  var voxels: String
  /// Whether the names say `.hdr` and `.img`.
  var isPair: Bool { header != voxels }

  /// Finds both files from either's name; each half of a pair may be compressed.
  ///
  /// - Parameter path: A `.hdr`, `.img`, `.hdr.gz`, `.img.gz`, or any other file, which is taken as a single one.
  /// - Throws: `VolumeError.pairIncomplete` when the other half does not exist.
  init(existing path: String) throws {
    guard let pair = Self.splitPair(path) else {
      self.init(header: path, voxels: path)
      return
    }
    let wanted = pair.stem + (pair.isHeader ? pair.voxelsExtension : pair.headerExtension)
    let candidates = [wanted, wanted + ".gz", wanted + ".GZ"]
    guard let other = candidates.first(where: { access($0, F_OK) == 0 }) else {
      throw VolumeError.pairIncomplete(path: path, missing: wanted)
    }
    self.init(header: pair.isHeader ? path : other, voxels: pair.isHeader ? other : path)
  }

  /// Names the file or files that are to be written.
  ///
  /// - Parameter path: A `.nii`, `.nii.gz`, `.hdr` or `.img`.
  /// - Throws: `VolumeError.unknownFormat` for another name.
  init(new path: String) throws {
    let lowercased = path.lowercased()
    if let pair = Self.splitPair(path), !lowercased.hasSuffix(".gz") {
      self.init(header: pair.stem + pair.headerExtension, voxels: pair.stem + pair.voxelsExtension)
      return
    }
    guard lowercased.hasSuffix(".nii") || lowercased.hasSuffix(".nii.gz") else {
      throw VolumeError.unknownFormat(path: path, expected: ".nii, .nii.gz or .hdr")
    }
    self.init(header: path, voxels: path)
  }

  /// The one file, or both.
  var all: [String] { isPair ? [header, voxels] : [header] }

  /// Creates the names from both parts.
  init(header: String, voxels: String) {
    self.header = header
    self.voxels = voxels
  }

  /// Splits a name that ends in `.hdr` or `.img`, perhaps with `.gz`; `nil` for other names.
  static func splitPair(
    _ path: String
  ) -> (stem: String, isHeader: Bool, headerExtension: String, voxelsExtension: String)? {
    var stem = path
    if stem.lowercased().hasSuffix(".gz") { stem.removeLast(3) }
    let lowercased = stem.lowercased()
    guard lowercased.hasSuffix(".hdr") || lowercased.hasSuffix(".img") else { return nil }
    let isUppercase = stem.hasSuffix(".HDR") || stem.hasSuffix(".IMG")
    stem.removeLast(4)
    return (
      stem, lowercased.hasSuffix(".hdr"), isUppercase ? ".HDR" : ".hdr", isUppercase ? ".IMG" : ".img"
    )
  }
}
