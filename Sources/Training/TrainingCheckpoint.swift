import Foundation
import Volume

/// The whole state of a training in one file, written whole or not at all.
///
/// A JSON line that says what it is, then float32 numbers: parameters, running average, first and second moments.
/// Everything random is drawn from the seed and the step's number, so that the step is the generator's state.
struct TrainingCheckpoint {
  /// The first line.
  struct Header: Codable, Equatable {
    var format = "canalis-training-1"
    /// Steps done.
    var step: Int
    /// The training's seed.
    var seed: UInt64
    /// Numbers of each of the four arrays.
    var count: Int
    /// The plan as JSON with sorted keys, to refuse going on with another.
    var plan: String
    /// Seconds of training so far.
    var seconds: Double
    /// The model that it began with; absent where parameters were drawn.
    var beginning: Trainer.Beginning?
  }

  var header: Header
  var values: [Float]
  var average: [Float]
  var moments: [Float]
  var squares: [Float]

  /// The longest first line.
  private static let longestHeader = 1 << 20
  /// More seconds than any training takes: 30000 years.
  private static let longestTraining = 1e12

  /// Writes the file, replacing an older one.
  func write(to path: String) throws {
    let file = try AtomicFile(path: path, overwrite: true)
    let encoder = JSONEncoder()
    encoder.outputFormatting = .sortedKeys
    try file.write(Array(try encoder.encode(header)) + [0x0A])
    for array in [values, average, moments, squares] {
      try array.withUnsafeBytes { try file.write($0) }
    }
    try file.commit()
  }

  /// Reads a file.
  ///
  /// - Throws: `TrainingError.invalidCheckpoint` when it is none.
  init(path: String) throws {
    func invalid(_ problem: String) -> TrainingError { .invalidCheckpoint(file: path, problem: problem) }
    guard let data = try? RegularFile.contents(of: path) else { throw invalid("it cannot be read") }
    guard let end = data.prefix(Self.longestHeader).firstIndex(of: 0x0A),
      let header = try? JSONDecoder().decode(Header.self, from: data[data.startIndex..<end])
    else { throw invalid("it is not a checkpoint of a training") }
    let numbers = data[(end + 1)...]
    let (bytes, overflows) = header.count.multipliedReportingOverflow(by: 16)
    guard header.count >= 0, !overflows, numbers.count == bytes else {
      throw invalid("it is cut off or damaged; it holds \(numbers.count) bytes of numbers")
    }
    guard header.step >= 0, header.seconds >= 0, header.seconds < Self.longestTraining else {
      throw invalid(
        "it is damaged: it says that \(header.step) steps took \(header.seconds) seconds; begin again without it")
    }
    self.header = header
    func array(_ index: Int) -> [Float] {
      [Float](unsafeUninitializedCapacity: header.count) { buffer, count in
        let start = numbers.startIndex + index * header.count * 4
        _ = numbers[start..<start + header.count * 4].copyBytes(to: buffer)
        count = header.count
      }
    }
    (values, average, moments, squares) = (array(0), array(1), array(2), array(3))
  }

  /// Takes a training's state.
  init(header: Header, network: TrainableNetwork, optimizer: Optimizer) {
    self.header = header
    values = Array(UnsafeBufferPointer(start: network.store.values, count: network.store.count))
    average = optimizer.average
    moments = optimizer.moments
    squares = optimizer.squares
  }
}
