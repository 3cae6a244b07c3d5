/// What can go wrong with a checkpoint or a model file; every message names the file, the place and what to do.
public enum CheckpointError: Error, Sendable, Equatable, CustomStringConvertible {
  /// The file cannot be opened or read.
  case unreadable(file: String, reason: String)
  /// The file is neither an nnU-Net checkpoint nor a model of ours.
  case notAModel(file: String, found: String)
  /// The zip archive of a checkpoint is broken.
  case damagedArchive(file: String, entry: String?, problem: String)
  /// An entry of the archive does not have the CRC-32 that the archive states.
  case checksumMismatch(file: String, entry: String, expected: UInt32, actual: UInt32)
  /// The pickle of a checkpoint is broken at a byte.
  case damagedPickle(file: String, offset: Int, problem: String)
  /// The pickle wants to call something that is not on the fixed list of constructors; nothing was called.
  case forbiddenConstructor(file: String, name: String, offset: Int)
  /// A file asks for more than a checkpoint can sensibly hold.
  case limitExceeded(file: String, what: String, limit: Int)
  /// A value that the network's description needs is not in the checkpoint.
  case missingValue(file: String, path: String, expected: String)
  /// A value of the network's description is not what it must be.
  case invalidValue(file: String, path: String, expected: String, found: String)
  /// The checkpoint is sound but of a kind that is not supported.
  case unsupported(file: String, what: String, advice: String)
  /// A tensor that the network needs is not in the file.
  case missingTensor(file: String, name: String, expected: [Int])
  /// A tensor has another shape than the network needs.
  case wrongShape(file: String, name: String, expected: [Int], actual: [Int])
  /// A tensor cannot be read from its storage.
  case invalidTensor(file: String, name: String, problem: String)
  /// A `.safetensors` file is broken.
  case damagedSafeTensors(file: String, place: String, problem: String)
  /// The metadata of a `.safetensors` model are missing or inconsistent.
  case invalidMetadata(file: String, key: String, problem: String)

  /// What went wrong, where, and what to do.
  public var description: String {
    switch self {
    case .unreadable(let file, let reason):
      "\(name(file)): cannot be read: \(reason); check the path and its permissions"
    case .notAModel(let file, let found):
      "\(name(file)): not a model: \(found); give an nnU-Net checkpoint (.pth) or a .safetensors model"
    case .damagedArchive(let file, let entry, let problem):
      "\(name(file)): damaged checkpoint archive\(entry.map { ", entry \(quoted($0))" } ?? ""): \(problem); "
        + "copy or download the file again"
    case .checksumMismatch(let file, let entry, let expected, let actual):
      "\(name(file)): entry \(quoted(entry)) has CRC-32 \(hexadecimal(actual)), the archive says "
        + "\(hexadecimal(expected)); copy or download the file again"
    case .damagedPickle(let file, let offset, let problem):
      "\(name(file)): damaged checkpoint, data.pkl byte \(offset): \(problem); copy or download the file again"
    case .forbiddenConstructor(let file, let constructor, let offset):
      "\(name(file)): data.pkl byte \(offset) asks to call \(quoted(constructor)), which no checkpoint needs; nothing was "
        + "called; do not trust this file, get it from its publisher"
    case .limitExceeded(let file, let what, let limit):
      "\(name(file)): \(what) exceeds the limit of \(limit); this is not a plausible checkpoint, get it from its publisher"
    case .missingValue(let file, let path, let expected):
      "\(name(file)): \(quoted(path)) is missing, expected \(expected); use the checkpoint as nnU-Net saved it"
    case .invalidValue(let file, let path, let expected, let found):
      "\(name(file)): \(quoted(path)) is \(found), expected \(expected); use the checkpoint as nnU-Net saved it"
    case .unsupported(let file, let what, let advice):
      "\(name(file)): \(what); \(advice)"
    case .missingTensor(let file, let tensor, let expected):
      "\(name(file)): tensor \(quoted(tensor)) is missing, the network needs \(expected); "
        + "check that plan and weights belong together"
    case .wrongShape(let file, let tensor, let expected, let actual):
      "\(name(file)): tensor \(quoted(tensor)) has shape \(actual), the network needs \(expected); "
        + "check that plan and weights belong together"
    case .invalidTensor(let file, let tensor, let problem):
      "\(name(file)): tensor \(quoted(tensor)): \(problem); copy or download the file again"
    case .damagedSafeTensors(let file, let place, let problem):
      "\(name(file)): damaged .safetensors file, \(printable(place)): \(problem); copy the file or import the model again"
    case .invalidMetadata(let file, let key, let problem):
      "\(name(file)): metadata \(quoted(key)): \(problem); import the model again from its checkpoint"
    }
  }

  private func name(_ file: String) -> String { printable(file, limit: 400) }
  private func quoted(_ text: String) -> String { "\"\(printable(text))\"" }
  private func hexadecimal(_ value: UInt32) -> String { "0x" + String(value, radix: 16) }
}

/// Returns text from a file as it may stand in a message: control, format and other unprintable characters escaped, and
/// not longer than a limit.
func printable(_ text: String, limit: Int = 120) -> String {
  var result = ""
  for scalar in text.unicodeScalars.prefix(limit) {
    switch scalar.properties.generalCategory {
    case .control, .format, .lineSeparator, .paragraphSeparator, .privateUse, .surrogate, .unassigned:
      result += "\\u{\(String(scalar.value, radix: 16))}"
    default:
      result.unicodeScalars.append(scalar)
    }
  }
  return text.unicodeScalars.count > limit ? result + "…" : result
}
