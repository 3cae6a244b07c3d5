/// Masks as runs: for each run of one label that is not 0, how many zeros go before it, its length and its label.
/// Numbers are written 7 bits a byte, lowest first, the highest bit set where more follow.
enum LabelRuns {
  /// Appends a mask.
  ///
  /// - Parameters:
  ///   - labels: The mask.
  ///   - bytes: Receives the number of runs, then the runs.
  static func append(_ labels: [UInt8], to bytes: inout [UInt8]) {
    var runs: [UInt8] = []
    var count = 0
    labels.withUnsafeBufferPointer { labels in
      guard let base = UnsafeRawPointer(labels.baseAddress) else { return }
      var position = 0
      var end = 0
      while true {
        // Masks are nearly empty: eight voxels of background are passed at once.
        while position + 8 <= labels.count, base.loadUnaligned(fromByteOffset: position, as: UInt64.self) == 0 {
          position += 8
        }
        while position < labels.count, labels[position] == 0 { position += 1 }
        guard position < labels.count else { break }
        let start = position
        let label = labels[start]
        while position < labels.count, labels[position] == label { position += 1 }
        append(start - end, to: &runs)
        append(position - start, to: &runs)
        runs.append(label)
        end = position
        count += 1
      }
    }
    append(count, to: &bytes)
    bytes += runs
  }

  /// Reads a mask.
  ///
  /// - Parameters:
  ///   - bytes: What `append` wrote; what is read is removed.
  ///   - count: Voxels of the mask.
  /// - Returns: The mask; `nil` when the bytes are not one of that size.
  static func labels(from bytes: inout ArraySlice<UInt8>, count: Int) -> [UInt8]? {
    guard let runs = number(from: &bytes), runs <= bytes.count else { return nil }
    var labels = [UInt8](onLargePages: count) { buffer, initialized in
      buffer.initialize(repeating: 0)
      initialized = count
    }
    var position = 0
    for _ in 0..<runs {
      guard let gap = number(from: &bytes), let length = number(from: &bytes), let label = bytes.popFirst(),
        gap <= count - position, length <= count - position - gap
      else { return nil }
      position += gap
      labels.withUnsafeMutableBufferPointer { labels in
        for place in position..<position + length { labels[place] = label }
      }
      position += length
    }
    return labels
  }

  private static func append(_ number: Int, to bytes: inout [UInt8]) {
    var rest = number
    while rest >= 128 {
      bytes.append(UInt8(rest % 128) | 128)
      rest /= 128
    }
    bytes.append(UInt8(rest))
  }

  private static func number(from bytes: inout ArraySlice<UInt8>) -> Int? {
    var result = 0
    for shift in stride(from: 0, to: 49, by: 7) {
      guard let byte = bytes.popFirst() else { return nil }
      result |= Int(byte & 127) << shift
      if byte < 128 { return result }
    }
    return nil
  }
}
