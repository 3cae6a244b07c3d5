import Foundation

/// What can go wrong with scans, masks, arrays and the files that hold them.
public enum VolumeError: Error, Sendable, Equatable {
  /// The operating system refused an operation on a file; `code` is its `errno`.
  case system(path: String, operation: String, code: Int32)
  /// The path names a folder, a device or a pipe.
  case notARegularFile(path: String)
  /// The other half of a `.hdr`/`.img` pair is missing.
  case pairIncomplete(path: String, missing: String)
  /// The file ends before its header says; sizes in bytes.
  case truncated(path: String, expected: Int, actual: Int)
  /// The compressed data is damaged.
  case damagedCompression(path: String)
  /// The file is not NIfTI-1.
  case notNIfTI(path: String, reason: String)
  /// The file is valid, but of a kind that is not read.
  case unsupported(path: String, feature: String, advice: String)
  /// A header field has a value that makes no sense.
  case invalidField(path: String, field: String, value: String, expected: String)
  /// The voxels do not fit into memory; sizes in bytes.
  case exceedsMemory(path: String, needed: Int, available: Int)
  /// Not one voxel is a finite number.
  case noFiniteVoxels(path: String)
  /// A mask has a voxel that is not a whole number from 0 to 255.
  case notALabel(path: String, voxel: Axes3<Int>, value: Float)
  /// A mask and a scan, or two masks, do not lie on the same grid.
  case gridMismatch(path: String, expected: String, actual: String)
  /// A voxel's value cannot be stored in the type that was asked for.
  case valueOutOfRange(path: String, value: Float, type: String)
  /// The output's name does not say a format that is written.
  case unknownFormat(path: String, expected: String)
  /// The output exists and overwriting was not asked for.
  case fileExists(path: String)
  /// The output is one of the inputs.
  case wouldReplaceInput(path: String)
  /// A `.npy` file is damaged or of a kind that is not read.
  case invalidArray(path: String, reason: String)
  /// A resampled grid would have more voxels than can be counted in memory.
  case resampledSizeAbsurd(spacing: Axes3<Double>, target: Axes3<Double>, shape: Axes3<Int>)
}

extension VolumeError: CustomStringConvertible {
  /// What happened, where, and what to do.
  public var description: String {
    switch self {
    case .system(let path, let operation, let code):
      // What is no UTF-8 in an argument arrives as replacement characters: under that name nothing can be found.
      let advice = path.contains("\u{FFFD}") ? "; names that are not UTF-8 cannot be given: rename the file" : ""
      return "\(name(path)): cannot \(operation): \(String(cString: strerror(code)))" + advice
    case .notARegularFile(let path):
      return "\(name(path)): not a regular file (a folder, device or pipe); give the path of a file"
    case .pairIncomplete(let path, let missing):
      return "\(name(path)): the other half of the pair is missing; expected \(name(missing)) (or .gz) beside it"
    case .truncated(let path, let expected, let actual):
      return "\(name(path)): the file is truncated: its header promises \(expected) bytes, it holds "
        + "\(actual == 0 ? "none" : "at most \(actual)"); copy it again from its source"
    case .damagedCompression(let path):
      return "\(name(path)): the compressed data is damaged; copy it again from its source"
    case .notNIfTI(let path, let reason):
      return "\(name(path)): not a NIfTI-1 file: \(reason)"
    case .unsupported(let path, let feature, let advice):
      return "\(name(path)): \(feature) is not supported; \(advice)"
    case .invalidField(let path, let field, let value, let expected):
      return "\(name(path)): the header's \(field) is \(value), expected \(expected); the file is damaged or was "
        + "written by a faulty program"
    case .exceedsMemory(let path, let needed, let available):
      return "\(name(path)): the voxels need \(mebibytes(needed)) of memory, \(mebibytes(available)) are available; "
        + "close other programs or crop the scan"
    case .noFiniteVoxels(let path):
      return "\(name(path)): not one voxel is a finite number; the file is damaged or empty"
    case .notALabel(let path, let voxel, let value):
      return "\(name(path)): voxel \(voxel.array) is \(value); a mask holds whole numbers from 0 to 255"
    case .gridMismatch(let path, let expected, let actual):
      return "\(name(path)): lies on another grid: \(actual), expected \(expected); resample it first"
    case .valueOutOfRange(let path, let value, let type):
      return "\(name(path)): the value \(value) cannot be stored as \(type); write float32 instead"
    case .unknownFormat(let path, let expected):
      return "\(name(path)): the name does not say a known format; end it in \(expected)"
    case .fileExists(let path):
      return "\(name(path)): the file exists; give --force to replace it, or another name"
    case .wouldReplaceInput(let path):
      return "\(name(path)): this is one of the inputs, which are never overwritten; choose another name"
    case .invalidArray(let path, let reason):
      return "\(name(path)): not a readable .npy array: \(reason)"
    case .resampledSizeAbsurd(let spacing, let target, let shape):
      return
        "resampling \(shape.array) voxels from spacing \(spacing.array) to \(target.array) mm gives an absurd size; "
        + "check the scan's spacing"
    }
  }

  private func name(_ path: String) -> String { DisplayText.escaped(path) }

  private func mebibytes(_ bytes: Int) -> String { "\(bytes / 1_048_576 + (bytes % 1_048_576 == 0 ? 0 : 1)) MiB" }
}
