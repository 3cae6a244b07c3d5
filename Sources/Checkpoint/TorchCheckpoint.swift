/// A checkpoint as PyTorch saves it: a zip archive with a pickle and the raw numbers of its storages.
struct TorchCheckpoint: Sendable {
  /// The archive.
  let archive: ZipArchive
  /// What the pickle holds.
  let tree: PickleTree
  /// The folder of the archive that everything lies in, with its slash.
  private let folder: String

  /// Opens a checkpoint and runs its pickle as data.
  init(file: ByteFile) throws {
    archive = try ZipArchive(file: file)
    let pickles = archive.entries.keys.filter { name in
      name == "data.pkl" || (name.hasSuffix("/data.pkl") && name.split(separator: "/").count == 2)
    }
    guard let name = pickles.first, pickles.count == 1, let pickle = archive.entries[name] else {
      throw CheckpointError.notAModel(
        file: file.path, found: "a zip archive with \(pickles.count) data.pkl, expected one")
    }
    folder = String(name.dropLast("data.pkl".count))
    guard archive.entries[folder + "constants.pkl"] == nil else {
      throw CheckpointError.unsupported(
        file: file.path, what: "it is a TorchScript program, not a checkpoint",
        advice: "give the checkpoint_final.pth that nnU-Net saved")
    }
    if let order = archive.entries[folder + "byteorder"] {
      let text = String(decoding: try archive.read(order, count: min(order.size, 16)), as: UTF8.self)
      guard text == "little" else {
        throw CheckpointError.unsupported(
          file: file.path, what: "its numbers are stored in \"\(printable(text))\" byte order, expected \"little\"",
          advice: "save it again on a little-endian machine")
      }
    }
    guard pickle.size <= PickleMachine.sizeLimit else {
      throw CheckpointError.limitExceeded(
        file: file.path, what: "data.pkl of \(pickle.size) bytes", limit: PickleMachine.sizeLimit)
    }
    tree = try PickleMachine.run(try archive.read(pickle), file: file.path)
  }

  /// Returns a tensor's numbers in C order as float32.
  func values(of view: TensorView, name: String) throws -> [Float] {
    let file = archive.file.path
    func invalid(_ problem: String) -> CheckpointError { .invalidTensor(file: file, name: name, problem: problem) }
    let storage = view.storage
    guard let type = storage.elementType else {
      throw invalid("numbers of \(printable(storage.typeName)) are not supported")
    }
    guard let entry = archive.entries[folder + "data/" + storage.key] else {
      throw invalid("its storage data/\(printable(storage.key)) is not in the archive")
    }
    let (size, overflows) = storage.count.multipliedReportingOverflow(by: type.size)
    guard !overflows, size == entry.size else {
      throw invalid(
        "its storage data/\(printable(storage.key)) has \(entry.size) bytes, expected \(storage.count) of \(type.rawValue)"
      )
    }
    switch view.extent() {
    case .failure(let problem): throw invalid(problem.description)
    case .success(let range):
      let bytes = try archive.read(entry, at: range.lowerBound * type.size, count: range.count * type.size)
      return try finite(view.gather(from: bytes, type: type), file: file, name: name)
    }
  }
}
