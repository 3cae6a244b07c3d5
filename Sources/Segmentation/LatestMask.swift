import Clicks
import Foundation
import UMamba2
import Volume

/// The latest mask of a scan and what it was made of, so that the next one is made again only where something changes.
///
/// Three layers lie on top of each other, in stored order: the network's own labels; what "not canal" clicks take from
/// them when the network does not know such clicks; and post-processing with forced clicks. The first is kept whole, of
/// the others the rows that they touched.
struct LatestMask {
  /// The network's own labels.
  private(set) var modelLabels: [UInt8]
  /// For each window the clicks that the network's own labels answer, or `nil` where that is not known.
  private(set) var prompts: [[PointPrompt]?]
  /// The mask.
  private(set) var labels: [UInt8]
  /// The number of voxels of each label in the mask that was finished last.
  private var voxelCounts = [Int](repeating: 0, count: 256)

  private let shape: Axes3<Int>
  /// The mask that was finished last.
  private var finished: [UInt8]?
  /// Runs of the mask before post-processing.
  private var runs: RowRuns
  /// Rows in which the network's labels changed since the mask was last composed.
  private var changedRows: [Bool]
  /// Rows that "not canal" clicks changed.
  private var negativeRows: [Bool]
  /// Rows in which the mask is not what the network said.
  private var editedRows: [Bool]
  /// What was removed because it is too small.
  private var small: [RowRuns.Run] = []
  /// Rows in which the mask may differ from the one that was finished last.
  private var unfinishedRows: [Bool]

  /// Begins with an empty mask that answers nothing.
  ///
  /// - Parameters:
  ///   - shape: The scan's shape.
  ///   - windows: How many windows cover the scan.
  ///   - isWanted: For each label, whether post-processing looks at it.
  init(shape: Axes3<Int>, windows: Int, isWanted: [Bool]) {
    self.shape = shape
    let labels = [UInt8](onLargePages: shape.product) { buffer, count in
      buffer.initialize(repeating: 0)
      count = shape.product
    }
    runs = labels.withUnsafeBufferPointer { RowRuns(labels: $0, shape: shape, isWanted: isWanted) }
    modelLabels = labels.copyOnLargePages
    self.labels = labels
    prompts = [[PointPrompt]?](repeating: nil, count: windows)
    let rows = [Bool](repeating: false, count: shape.axis0 * shape.axis1)
    (changedRows, negativeRows, editedRows, unfinishedRows) = (rows, rows, rows, rows)
  }

  /// The windows whose clicks differ from those that the network's labels answer.
  func changedWindows(_ wanted: [[PointPrompt]]) -> [Int] {
    wanted.indices.filter { prompts[$0] != wanted[$0] }
  }

  /// Writes the network's labels anew in some boxes; until `answer` is called, they answer nothing in some windows.
  ///
  /// - Parameters:
  ///   - boxes: Boxes of the stored scan; nothing is written outside them.
  ///   - windows: Windows whose labels in the boxes are not those of their former clicks.
  ///   - body: Writes the labels.
  /// - Returns: What the body returns.
  /// - Throws: What the body throws.
  mutating func relabel<Result>(
    _ boxes: [VoxelBox], windows: [Int], _ body: (UnsafeMutablePointer<UInt8>) throws -> Result
  ) rethrows -> Result? {
    for window in windows { prompts[window] = nil }
    for box in boxes {
      for slice in box.ranges.axis0 {
        for row in box.ranges.axis1 { changedRows[slice * shape.axis1 + row] = true }
      }
    }
    return try modelLabels.withUnsafeMutableBufferPointer { buffer in try buffer.baseAddress.map(body) }
  }

  /// Says which clicks the network's labels answer now.
  mutating func answer(_ prompts: [[PointPrompt]]) { self.prompts = prompts }

  /// Takes over the network's labels of an earlier run.
  ///
  /// - Parameters:
  ///   - labels: A label for each voxel.
  ///   - prompts: The clicks that they answer, by window.
  mutating func adopt(_ labels: [UInt8], answering prompts: [[PointPrompt]]) {
    precondition(labels.count == modelLabels.count && prompts.count == self.prompts.count, "labels of this scan")
    modelLabels = labels
    for row in changedRows.indices { changedRows[row] = true }
    self.prompts = prompts
  }

  /// What is done to the network's labels.
  struct Composition {
    /// Voxels that "not canal" clicks turn to another label: positions and labels.
    var negative: [(position: Int, label: UInt8)] = []
    /// How small components are removed; `nil` to leave them, and the crosses.
    var postprocessing: Postprocessing?
    /// All clicks, in order.
    var clicks: [Click]
    /// Those of them that count.
    var clicksInForce: [Click]
    /// Whether every clicked voxel gets its click's class.
    var forcesClicks: Bool
    /// Whether the mask before post-processing is wanted.
    var keepsBefore = false
  }

  /// Makes the mask from the network's labels, where they changed.
  ///
  /// - Parameter composition: What is done to them.
  /// - Returns: The clicks, as positions in the list, that had to be forced; and the mask before post-processing, if
  ///   wanted.
  mutating func compose(_ composition: Composition) -> (forced: [Int], before: [UInt8]?) {
    let formerNegativeRows = negativeRows
    let (shape, model) = (shape, modelLabels)
    // Whoever was given the mask before keeps it.
    labels = labels.copyOnLargePages
    for row in changedRows.indices where changedRows[row] || editedRows[row] { unfinishedRows[row] = true }
    labels.withUnsafeMutableBufferPointer { labels in
      model.withUnsafeBufferPointer { model in
        guard let target = labels.baseAddress, let source = model.baseAddress else { return }
        for row in changedRows.indices where changedRows[row] || editedRows[row] {
          (target + row * shape.axis2).update(from: source + row * shape.axis2, count: shape.axis2)
        }
      }
      for change in composition.negative { labels[change.position] = change.label }
    }
    for row in negativeRows.indices {
      negativeRows[row] = false
      editedRows[row] = false
    }
    for change in composition.negative {
      negativeRows[change.position / shape.axis2] = true
      editedRows[change.position / shape.axis2] = true
    }
    let (changed, negative) = (changedRows, negativeRows)
    labels.withUnsafeBufferPointer { labels in
      runs.update(labels: labels) { changed[$0] || formerNegativeRows[$0] || negative[$0] }
    }
    let before = composition.keepsBefore ? labels : nil
    for row in changedRows.indices { changedRows[row] = false }
    let forced = edit(composition)
    for row in editedRows.indices where editedRows[row] { unfinishedRows[row] = true }
    return (forced, before)
  }

  /// Removes small components, stamps crosses, forces clicks; returns the forced ones.
  private mutating func edit(_ composition: Composition) -> [Int] {
    let shape = shape
    small = composition.postprocessing?.smallComponents(of: runs, clicks: composition.clicksInForce) ?? []
    let small = small
    for run in small { editedRows[run.start / shape.axis2] = true }
    for click in composition.clicks {
      // The cross reaches one voxel far.
      for slice in max(0, click.voxel.axis0 - 1)...min(shape.axis0 - 1, click.voxel.axis0 + 1) {
        for row in max(0, click.voxel.axis1 - 1)...min(shape.axis1 - 1, click.voxel.axis1 + 1) {
          editedRows[slice * shape.axis1 + row] = true
        }
      }
    }
    return labels.withUnsafeMutableBufferPointer { labels in
      for run in small { UnsafeMutableBufferPointer(rebasing: labels[run.range]).update(repeating: 0) }
      if composition.postprocessing != nil {
        Postprocessing.stampCrosses(of: composition.clicksInForce, on: labels, shape: shape)
      }
      return composition.forcesClicks ? Postprocessing.forceClicks(composition.clicks, on: labels, shape: shape) : []
    }
  }

  /// What of a former mask is still the network's, and was removed from the new one because it is too small, by label.
  private func rests(of former: [UInt8]) -> [SegmentationResult.Rest] {
    Set(small.map(\.label)).sorted().compactMap { label in
      var voxels = 0
      var longest = 0..<0
      for run in small where run.label == label {
        let lost = run.range.filter { former[$0] == label && labels[$0] == 0 }
        voxels += lost.count
        if let first = lost.first, let last = lost.last, lost.count > longest.count { longest = first..<last + 1 }
      }
      guard voxels > 0 else { return nil }
      return SegmentationResult.Rest(label: label, voxels: voxels, voxel: shape.index(at: longest.lowerBound))
    }
  }

  /// Declares the mask finished.
  ///
  /// - Returns: How it differs from the one that was finished before, or from an empty one.
  mutating func finish() -> SegmentationResult.Change {
    var change = SegmentationResult.Change()
    let length = shape.axis2
    labels.withUnsafeBufferPointer { new in
      let old = finished
      func count(_ row: Int, old: UnsafeBufferPointer<UInt8>?) {
        if let before = old?.baseAddress, let after = new.baseAddress,
          memcmp(before + row * length, after + row * length, length) == 0
        {
          return
        }
        for position in row * length..<(row + 1) * length {
          let (before, after) = (old?[position] ?? 0, new[position])
          if before == after { continue }
          voxelCounts[Int(before)] -= 1
          voxelCounts[Int(after)] += 1
          if after != 0 { change.added += 1 } else { change.removed += 1 }
        }
      }
      if let old {
        old.withUnsafeBufferPointer { old in
          for row in unfinishedRows.indices where unfinishedRows[row] { count(row, old: old) }
        }
      } else {
        for row in unfinishedRows.indices { count(row, old: nil) }
      }
    }
    change.rests = finished.map(rests) ?? []
    finished = labels
    voxelCounts[0] = labels.count - voxelCounts.dropFirst().reduce(0, +)
    for row in unfinishedRows.indices { unfinishedRows[row] = false }
    change.voxelCounts = voxelCounts
    return change
  }
}
