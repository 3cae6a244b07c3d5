import Cache
import Clicks
import Foundation
import Testing
import Volume

@testable import Segmentation

private let shape = Axes3(17, 19, 23)

@Suite("Finished masks on disk")
struct MaskStoreTests {
  private final class Place {
    let path = FileManager.default.temporaryDirectory.appendingPathComponent("masks-\(UUID().uuidString)").path
    deinit { try? FileManager.default.removeItem(atPath: path) }
  }

  private let place = Place()
  private let scan = smoothScan(shape: shape, border: 1, seed: 5)
  private let settings = SegmentationSettings(mirrorAxes: [1, 2], step: 0.9)

  private var folder: CacheFolder { CacheFolder(path: place.path + "/masks") }

  private func store(_ change: (inout MaskStore.Source) -> Void = { _ in }) -> MaskStore {
    var source = MaskStore.Source(
      scanSHA256: "ab", grid: scan.grid, modelSHA256: "cd", settings: settings, program: "1", processor: "two cores")
    change(&source)
    return MaskStore(store: CacheStore(folder: folder, limits: .init(bytes: 1 << 26, reserveBytes: 0)), source: source)
  }

  /// A mask of noise in two layers.
  private func mask(seed: UInt64) -> MaskStore.Kept {
    var generator = SeededGenerator(seed: seed)
    let labels = (0..<shape.product).map { _ in UInt8(max(0, generator.integer(0...8) - 6)) }
    return MaskStore.Kept(
      labels: labels, modelLabels: labels.map { $0 == 1 ? 0 : $0 }, forcedClicks: [0, 2],
      warnings: ["one", "two, \u{e9}"])
  }

  private let clicks = [
    Click(kind: .left, voxel: Axes3(3, 4, 5)), Click(kind: .background, voxel: Axes3(9, 9, 9)),
    Click(kind: .right, voxel: Axes3(3, 4, 6)),
  ]

  @Test("Come back with everything that a viewer shows and a predictor goes on from")
  func roundTrip() throws {
    let first = store()
    #expect(first.mask(clicks: clicks) == nil)
    first.keep(mask(seed: 1), clicks: clicks)
    first.finish()
    #expect(store().mask(clicks: clicks) == mask(seed: 1))
  }

  @Test("Are of one scan, grid, model, settings, program, processor and order of clicks")
  func keys() throws {
    let first = store()
    first.keep(mask(seed: 2), clicks: clicks)
    first.finish()
    #expect(store().mask(clicks: Array(clicks.reversed())) == nil)
    #expect(store().mask(clicks: Array(clicks.dropLast())) == nil)
    let other = grid(shape: shape, spacing: scan.grid.spacing, orientation: .init(code: "RAS"))
    let changes: [(inout MaskStore.Source) -> Void] = [
      { $0.scanSHA256 = "ac" }, { $0.modelSHA256 = "ce" }, { $0.grid = other }, { $0.settings.step = 0.8 },
      { $0.settings.mirrorAxes = [1] }, { $0.settings.postprocessing = false }, { $0.settings.rules = .reference },
      { $0.program = "2" }, { $0.processor = "four cores" },
    ]
    for change in changes { #expect(store(change).mask(clicks: clicks) == nil) }
    #expect(store().mask(clicks: clicks) != nil)
  }

  @Test("Are not believed when the file is damaged")
  func damage() throws {
    let result = mask(seed: 3)
    var generator = SeededGenerator(seed: 1)
    for round in 0..<30 {
      let first = store()
      first.keep(result, clicks: clicks)
      first.finish()
      let entry = try #require(folder.entries.first)
      let file = URL(fileURLWithPath: folder.path + "/" + entry.name)
      var bytes = try Data(contentsOf: file)
      let position = generator.integer(0...bytes.count - 1)
      if round % 2 == 0 { bytes = bytes.prefix(position) } else { bytes[position] ^= 4 }
      try bytes.write(to: file)
      // A flip in the padding of the header is covered by its checksum too.
      #expect(store().mask(clicks: clicks) == nil, "round \(round), byte \(position)")
    }
    // What was written whole, but is no mask of this grid.
    let key = MaskStore.Source(
      scanSHA256: "ab", grid: scan.grid, modelSHA256: "cd", settings: settings, program: "1", processor: "two cores"
    ).key(clicks: clicks)
    let contents: [[UInt8]] = [
      [], [1], Deflate.compressed([]), Deflate.compressed([255, 255, 255, 255]),
      Deflate.compressed([0, 0, 0, 0, 0, 0]),
      Deflate.compressed([2, 0, 0, 0, 123, 125]),
    ]
    for content in contents {
      let files = CacheStore(folder: folder, limits: .init(bytes: 1 << 26, reserveBytes: 0))
      #expect(try content.withUnsafeBytes { try files.write(key, parts: [$0]) })
      #expect(store().mask(clicks: clicks) == nil)
    }
  }

  @Test("Are written newest first; one that a newer one has overtaken is dropped")
  func newest() throws {
    let first = store()
    for _ in 0..<50 { first.keep(mask(seed: 4), clicks: []) }
    first.keep(mask(seed: 5), clicks: clicks)
    first.finish()
    #expect(store().mask(clicks: clicks) == mask(seed: 5))
    #expect(folder.entries.count <= 2)
  }

  @Test("Are small, and fast to read, at a scan's size")
  func speed() throws {
    let large = Axes3(300, 400, 400)
    var labels = [UInt8](repeating: 0, count: large.product)
    for slice in 40..<260 {
      for (column, label) in [(90, 1), (310, 2)] as [(Int, UInt8)] {
        for row in 0..<12 {
          for place in 0..<12 { labels[large.offset(of: Axes3(slice, 150 + row + slice % 7, column + place))] = label }
        }
      }
    }
    let grid = Grid(shape: large, spacing: Axes3(repeating: 0.3), affine: nil)
    let mask = MaskStore.Kept(labels: labels, modelLabels: labels, forcedClicks: [], warnings: [])
    let first = store { $0.grid = grid }
    first.keep(mask, clicks: [])
    first.finish()
    // The reading thread's own time: other tests run beside it.
    let begin = threadSeconds()
    let found = store { $0.grid = grid }.mask(clicks: [])
    let reading = threadSeconds() - begin
    print("300 x 400 x 400 mask: \(folder.entries.map(\.bytes)) bytes, read in \(reading) s of processor time")
    #expect(found == mask)
    #expect(folder.entries.allSatisfy { $0.bytes < 100_000 })
    #expect(reading < 1)
  }

  private func threadSeconds() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
  }

  @Test("Runs of labels come back, and other bytes are refused")
  func runs() {
    let masks: [[UInt8]] = [
      [], [0], [1], [0, 0, 0, 0, 0, 0, 0, 0, 0, 5], [UInt8](repeating: 255, count: 300),
      [1, 2, 0, 2, 2, 1] + [UInt8](repeating: 0, count: 20_000) + [3], (0..<999).map { UInt8($0 * 7 % 5) },
    ]
    for mask in masks {
      var bytes: [UInt8] = []
      LabelRuns.append(mask, to: &bytes)
      var rest = bytes[...]
      #expect(LabelRuns.labels(from: &rest, count: mask.count) == mask && rest.isEmpty)
      var short = bytes[...]
      #expect(
        mask.allSatisfy { $0 == 0 } || LabelRuns.labels(from: &short, count: mask.count - 1) == nil || mask.last == 0)
      var cut = bytes.dropLast()
      #expect(LabelRuns.labels(from: &cut, count: mask.count) == nil)
    }
    var huge: ArraySlice<UInt8> = [1, 255, 255, 255, 255, 255, 255, 127, 1, 1]
    #expect(LabelRuns.labels(from: &huge, count: 10) == nil)
    var endless: ArraySlice<UInt8> = [255, 255, 255, 255, 255, 255, 255, 255, 255, 1]
    #expect(LabelRuns.labels(from: &endless, count: 10) == nil)
  }
}
