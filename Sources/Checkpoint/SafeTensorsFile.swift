import Formats
import Layers

/// A `.safetensors` file: an eight-byte length, a JSON header of so many bytes, and the tensors' numbers.
///
/// The header is proven before anything else is read: every tensor's extent is its type's size times its shape, lies in
/// the file, and the extents cover the data without overlaps or holes.
struct SafeTensorsFile: ParameterSource, Sendable {
  /// A tensor.
  struct Tensor: Sendable {
    /// The type of its numbers, or `nil` for one that cannot be converted.
    var elementType: ElementType?
    /// The type's name in the header.
    var typeName: String
    /// The sizes of its axes.
    var shape: [Int]
    /// Position of its first byte in the file.
    var offset: Int
    /// Its bytes.
    var byteCount: Int
  }

  /// The longest header that is read.
  static let headerLimit = 16 << 20
  /// The key of the header's texts.
  static let metadataKey = "__metadata__"
  /// Types that are known by size only.
  private static let otherTypeSizes = ["F8_E4M3": 1, "F8_E5M2": 1]

  /// The file.
  let file: ByteFile
  /// The tensors by name.
  let tensors: [String: Tensor]
  /// The header's texts.
  let metadata: [String: String]

  /// Whether bytes may be the beginning of such a file: a plausible length, then an object.
  static func begins(with bytes: [UInt8], size: Int) -> Bool {
    var reader = ByteReader(bytes)
    guard let length = reader.unsigned64(), let first = reader.unsigned8() else { return false }
    return first == UInt8(ascii: "{") && length <= UInt64(size)
  }

  /// Reads and validates the header.
  init(file: ByteFile) throws {
    self.file = file
    let header = try Self.readHeader(of: file)
    let dataOffset = 8 + header.length
    let dataSize = file.size - dataOffset
    var tensors: [String: Tensor] = [:]
    var metadata: [String: String] = [:]
    for member in header.members.sorted(by: { $0.key < $1.key }) {
      let (name, value) = (member.key, member.value)
      if name == Self.metadataKey {
        metadata = try Self.texts(value, file: file)
      } else {
        var tensor = try Self.tensor(value, name: name, dataSize: dataSize, file: file)
        tensor.offset += dataOffset
        tensors[name] = tensor
      }
    }
    var end = dataOffset
    for (name, tensor) in tensors.sorted(by: {
      ($0.value.offset, $0.value.byteCount) < ($1.value.offset, $1.value.byteCount)
    }) {
      guard tensor.offset == end else {
        throw CheckpointError.damagedSafeTensors(
          file: file.path, place: "tensor \"\(name)\"",
          problem: tensor.offset < end ? "it overlaps another tensor" : "there is a hole before it")
      }
      end += tensor.byteCount
    }
    guard end == file.size else {
      throw CheckpointError.damagedSafeTensors(
        file: file.path, place: "end", problem: "\(file.size - end) bytes belong to no tensor")
    }
    self.tensors = tensors
    self.metadata = metadata
  }

  func shape(of name: String) -> [Int]? {
    tensors[name]?.shape
  }

  func values(of name: String, shape: [Int]) throws -> [Float] {
    guard let tensor = tensors[name] else {
      throw CheckpointError.missingTensor(file: file.path, name: name, expected: shape)
    }
    guard tensor.shape == shape else {
      throw CheckpointError.wrongShape(file: file.path, name: name, expected: shape, actual: tensor.shape)
    }
    guard let type = tensor.elementType else {
      throw CheckpointError.invalidTensor(
        file: file.path, name: name, problem: "numbers of \(printable(tensor.typeName)) are not supported")
    }
    let bytes = try file.read(at: tensor.offset, count: tensor.byteCount)
    return try finite(type.floats(from: bytes), file: file.path, name: name)
  }

  private static func readHeader(of file: ByteFile) throws -> (length: Int, members: [JSONValue.Member]) {
    func damaged(_ problem: String) -> CheckpointError {
      .damagedSafeTensors(file: file.path, place: "header", problem: problem)
    }
    guard file.size >= 8 else { throw damaged("the file is cut off before its header") }
    var reader = ByteReader(try file.read(at: 0, count: 8))
    guard let claimed = reader.unsigned64(), let length = Int(exactly: claimed), length <= file.size - 8 else {
      throw damaged("its length is beyond the file's end; the file is cut off")
    }
    guard length <= headerLimit else {
      throw CheckpointError.limitExceeded(file: file.path, what: "a header of \(length) bytes", limit: headerLimit)
    }
    do {
      guard case .object(let members) = try JSONValue(parsing: try file.read(at: 8, count: length)) else {
        throw damaged("it is not a JSON object")
      }
      return (length, members)
    } catch let problem as JSONProblem {
      throw damaged(problem.description)
    }
  }

  private static func texts(_ value: JSONValue, file: ByteFile) throws -> [String: String] {
    guard case .object(let members) = value else {
      throw CheckpointError.damagedSafeTensors(
        file: file.path, place: metadataKey, problem: "it is not an object of texts")
    }
    var texts: [String: String] = [:]
    for member in members {
      guard case .string(let text) = member.value else {
        throw CheckpointError.damagedSafeTensors(
          file: file.path, place: metadataKey, problem: "it holds something else than texts")
      }
      texts[member.key] = text
    }
    return texts
  }

  /// A tensor of the header; its offset counts from the beginning of the data.
  private static func tensor(_ value: JSONValue, name: String, dataSize: Int, file: ByteFile) throws -> Tensor {
    func damaged(_ problem: String) -> CheckpointError {
      .damagedSafeTensors(file: file.path, place: "tensor \"\(name)\"", problem: problem)
    }
    guard case .object(let members) = value, members.count == 3, case .string(let typeName)? = value["dtype"],
      case .array(let sizes)? = value["shape"], case .array(let extent)? = value["data_offsets"],
      extent.count == 2, case .integer(let begin) = extent[0], case .integer(let end) = extent[1]
    else { throw damaged("it is not described by dtype, shape and data_offsets") }
    let type = ElementType(rawValue: typeName)
    guard let size = type?.size ?? otherTypeSizes[typeName] else {
      throw damaged("its type \(printable(typeName)) is unknown")
    }
    guard begin >= 0, end >= begin, end <= dataSize else {
      throw damaged("its bytes \(begin) to \(end) lie outside the data of \(dataSize) bytes")
    }
    guard sizes.count <= 16 else { throw damaged("it has \(sizes.count) axes, expected at most 16") }
    var shape: [Int] = []
    var bytes = size
    var overflows = false
    for entry in sizes {
      guard case .integer(let count) = entry, count >= 0 else { throw damaged("its shape is not made of counts") }
      shape.append(count)
      let product = bytes.multipliedReportingOverflow(by: count)
      overflows = overflows || product.overflow
      bytes = product.partialValue
    }
    guard !overflows, bytes == end - begin else {
      throw damaged("its shape \(shape) of \(typeName) does not fit its \(end - begin) bytes")
    }
    return Tensor(elementType: type, typeName: typeName, shape: shape, offset: begin, byteCount: end - begin)
  }
}

/// Returns numbers after proving that none is infinite or not a number.
func finite(_ values: [Float], file: String, name: String) throws -> [Float] {
  guard values.allSatisfy(\.isFinite) else {
    throw CheckpointError.invalidTensor(file: file, name: name, problem: "it holds numbers that are not finite")
  }
  return values
}
