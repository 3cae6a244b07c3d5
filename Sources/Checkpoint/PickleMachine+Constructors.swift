extension PickleMachine {
  /// Classes whose objects may stand in a checkpoint but are of no use here: kept as a name, content dropped.
  private static let inertClasses: Set<String> = [
    "torch.device", "torch.serialization._get_layout", "builtins.complex", "__builtin__.complex", "builtins.slice",
    "__builtin__.slice", "builtins.range", "__builtin__.xrange", "pathlib.Path", "pathlib.PosixPath",
    "pathlib.WindowsPath", "pathlib.PurePosixPath", "pathlib.PureWindowsPath", "pathlib._local.PosixPath",
    "pathlib._local.WindowsPath", "datetime.datetime", "datetime.date", "datetime.time", "datetime.timedelta",
    "datetime.timezone", "argparse.Namespace", "uuid.UUID", "numpy.core.numeric._frombuffer",
    "numpy._core.numeric._frombuffer",
  ]

  /// The value of a constructor's call, for the constructors of the fixed list.
  ///
  /// - Parameters:
  ///   - callable: What the pickle wants to call.
  ///   - arguments: The arguments.
  /// - Returns: The value that stands for the call's result.
  /// - Throws: `forbiddenConstructor` for anything that is not on the list.
  mutating func construct(_ callable: PickleValue, arguments: [PickleValue]) throws -> PickleValue {
    guard case .global(let name) = callable else { throw damaged("it calls \(callable.summary)") }
    switch name {
    case "collections.OrderedDict", "collections.Counter", "builtins.dict", "__builtin__.dict":
      return try constructDictionary(from: arguments.first)
    case "collections.defaultdict":
      return newDictionary()
    case "builtins.list", "__builtin__.list", "collections.deque":
      return newList(try copiedElements(arguments.first))
    case "builtins.tuple", "__builtin__.tuple", "torch.Size":
      return newTuple(try copiedElements(arguments.first))
    case "builtins.set", "__builtin__.set", "builtins.frozenset", "__builtin__.frozenset":
      return newSet(try copiedElements(arguments.first))
    case "builtins.bytes", "__builtin__.bytes", "builtins.bytearray", "__builtin__.bytearray", "_codecs.encode":
      return try constructBytes(arguments)
    case "torch._utils._rebuild_tensor", "torch._utils._rebuild_tensor_v2":
      return try constructTensor(arguments, type: nil)
    case "torch._utils._rebuild_tensor_v3":
      guard arguments.count >= 7, case .global(let type) = arguments[6] else {
        throw damaged("a tensor's type is not a name")
      }
      return try constructTensor(arguments, type: type)
    case "torch._utils._rebuild_parameter", "torch._utils._rebuild_parameter_with_state":
      guard let data = arguments.first, case .tensor = data else { throw damaged("a parameter is not a tensor") }
      return data
    case "numpy.dtype":
      guard case .text(let code)? = arguments.first else { throw damaged("a NumPy type has no code") }
      tree.arrayTypes.append(PickleArrayType(elementType: ElementType(arrayCode: code)))
      return .arrayType(tree.arrayTypes.count - 1)
    case "numpy.core.multiarray.scalar", "numpy._core.multiarray.scalar":
      return try constructScalar(arguments)
    case "numpy.core.multiarray._reconstruct", "numpy._core.multiarray._reconstruct":
      let list = newList([])
      if case .list(let position) = list { arrays.insert(position) }
      return list
    default:
      guard Self.inertClasses.contains(name) else {
        throw CheckpointError.forbiddenConstructor(file: file, name: name, offset: offset)
      }
      return .object(name)
    }
  }

  /// Gives an object its state: what is of use of it.
  mutating func build(_ object: PickleValue, state: PickleValue) throws {
    switch object {
    case .dictionary, .object, .tensor, .set:
      break
    case .arrayType(let position):
      let parts = try elements(of: state, what: "a NumPy type's state")
      if parts.count > 1, case .text(let order) = parts[1] {
        tree.arrayTypes[position].isBigEndian = order == ">"
      }
    case .list(let position) where arrays.contains(position):
      try buildArray(at: position, state: try elements(of: state, what: "an array's state"))
    default:
      throw damaged("a state is given to \(object.summary)")
    }
  }

  /// The storage that a persistent identifier names: `("storage", class, key, location, count)`.
  mutating func loadStorage(_ identifier: [PickleValue]) throws -> PickleValue {
    guard identifier.count >= 5, case .text("storage") = identifier[0], case .global(let type) = identifier[1],
      case .text(let key) = identifier[2], case .integer(let count) = identifier[4], count >= 0
    else { throw damaged("a storage's identifier is broken") }
    let elementType = Self.isUntyped(type) ? .uint8 : ElementType(storageClass: type)
    tree.storages.append(
      TensorView.StorageReference(typeName: type, elementType: elementType, key: key, count: count))
    return .storage(tree.storages.count - 1)
  }

  private static func isUntyped(_ type: String) -> Bool {
    type == "torch.storage.UntypedStorage" || type == "torch.UntypedStorage"
  }

  private mutating func copiedElements(_ argument: PickleValue?) throws -> [PickleValue] {
    guard let argument else { return [] }
    if case .set(let position) = argument {
      try charge(tree.sequences[position].count)
      return tree.sequences[position]
    }
    let copy = try elements(of: argument, what: "a container's elements")
    try charge(copy.count)
    return copy
  }

  private mutating func constructDictionary(from argument: PickleValue?) throws -> PickleValue {
    var dictionary = PickleDictionary()
    if case .dictionary(let position)? = argument {
      try charge(tree.dictionaries[position].entries.count)
      dictionary = tree.dictionaries[position]
    } else {
      for pair in try copiedElements(argument) {
        let parts = try elements(of: pair, what: "a dictionary's items")
        guard parts.count == 2 else { throw damaged("a dictionary's item has \(parts.count) parts, expected 2") }
        try charge(key: parts[0])
        dictionary.set(parts[0], to: parts[1])
      }
    }
    tree.dictionaries.append(dictionary)
    return .dictionary(tree.dictionaries.count - 1)
  }

  private mutating func constructBytes(_ arguments: [PickleValue]) throws -> PickleValue {
    switch arguments.first {
    case nil: return .bytes([])
    case .bytes(let bytes)?: return .bytes(bytes)
    case .text(let text)?:
      try charge(bytes: text.utf8.count)
      var bytes: [UInt8] = []
      for scalar in text.unicodeScalars {
        guard let byte = UInt8(exactly: scalar.value) else { throw damaged("a text holds more than bytes") }
        bytes.append(byte)
      }
      return .bytes(bytes)
    case let other?: throw damaged("bytes are made of \(other.summary)")
    }
  }

  private mutating func constructTensor(_ arguments: [PickleValue], type: String?) throws -> PickleValue {
    guard arguments.count >= 4, case .storage(let position) = arguments[0], case .integer(let offset) = arguments[1]
    else { throw damaged("a tensor's storage or offset is broken") }
    var storage = tree.storages[position]
    if let type {
      storage.typeName = type
      storage.elementType = ElementType(torchType: type)
      storage.count /= storage.elementType?.size ?? 1
    }
    let view = TensorView(
      storage: storage, offset: offset, shape: try integers(of: arguments[2], what: "a tensor's shape"),
      strides: try integers(of: arguments[3], what: "a tensor's strides"))
    tree.tensors.append(view)
    return .tensor(tree.tensors.count - 1)
  }

  private mutating func integers(of value: PickleValue, what: String) throws -> [Int] {
    let values = try elements(of: value, what: what)
    guard values.count <= 16 else { throw damaged("\(what) has \(values.count) axes, expected at most 16") }
    return try values.map { element in
      guard case .integer(let integer) = element else { throw damaged("\(what) is not made of integers") }
      return integer
    }
  }

  private func constructScalar(_ arguments: [PickleValue]) throws -> PickleValue {
    guard arguments.count >= 2, case .arrayType(let position) = arguments[0] else {
      throw damaged("a NumPy scalar has no type")
    }
    guard let type = tree.arrayTypes[position].elementType, case .bytes(let bytes) = arguments[1] else {
      return .object("numpy scalar")
    }
    guard bytes.count == type.size else {
      throw damaged("a NumPy scalar has \(bytes.count) bytes, expected \(type.size)")
    }
    return Self.number(bytes[...], type: type, isBigEndian: tree.arrayTypes[position].isBigEndian)
  }

  private mutating func buildArray(at position: Int, state: [PickleValue]) throws {
    guard state.count >= 5, case .arrayType(let typePosition) = state[2], case .bytes(let bytes) = state[4],
      let type = tree.arrayTypes[typePosition].elementType
    else { return }
    guard case .integer(let count)? = try elements(of: state[1], what: "an array's shape").first,
      try elements(of: state[1], what: "an array's shape").count == 1
    else { return }
    guard bytes.count.isMultiple(of: type.size), bytes.count / type.size == count else {
      throw damaged("an array of \(count) numbers has \(bytes.count) bytes")
    }
    try charge(count)
    tree.sequences[position] = stride(from: 0, to: bytes.count, by: type.size).map { start in
      Self.number(
        bytes[start..<(start + type.size)], type: type, isBigEndian: tree.arrayTypes[typePosition].isBigEndian)
    }
  }

  private static func number(_ bytes: ArraySlice<UInt8>, type: ElementType, isBigEndian: Bool) -> PickleValue {
    var bits: UInt64 = 0
    for byte in isBigEndian ? Array(bytes) : bytes.reversed() {
      bits = bits << 8 | UInt64(byte)
    }
    switch type {
    case .float16: return .real(Double(ElementType.float(halfBits: UInt16(truncatingIfNeeded: bits))))
    case .bfloat16: return .real(Double(Float(bitPattern: UInt32(truncatingIfNeeded: bits) << 16)))
    case .float32: return .real(Double(Float(bitPattern: UInt32(truncatingIfNeeded: bits))))
    case .float64: return .real(Double(bitPattern: bits))
    case .int8: return .integer(Int(Int8(truncatingIfNeeded: bits)))
    case .int16: return .integer(Int(Int16(truncatingIfNeeded: bits)))
    case .int32: return .integer(Int(Int32(truncatingIfNeeded: bits)))
    case .int64: return .integer(Int(Int64(truncatingIfNeeded: bits)))
    case .uint8, .uint16, .uint32: return .integer(Int(bits))
    case .uint64: return Int(exactly: bits).map { .integer($0) } ?? .largeInteger
    case .bool: return .bool(bits != 0)
    }
  }
}
