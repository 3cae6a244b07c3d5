import Checkpoint
import UMamba2
import Volume

/// The mirrored views of a window whose predictions are averaged, and what changes places with left and right.
struct MirrorAveraging: Sendable, Equatable {
  /// One view of a window.
  struct View: Sendable, Equatable {
    /// The axes along which it is mirrored.
    let isMirrored: Axes3<Bool>
    /// Whether left and right change places.
    let exchangesSides: Bool
  }

  /// The views, the window itself first, then single axes, then pairs, then all three.
  let views: [View]
  /// The click kind that each kind becomes when left and right change places.
  let exchangedKinds: [Int]
  /// The class that each class becomes when left and right change places.
  let exchangedClasses: [Int]

  /// Lists the views.
  ///
  /// - Parameters:
  ///   - axes: Network axes that are mirrored, ascending.
  ///   - leftRightAxis: The network axis along which left and right lie, if any.
  ///   - exchangedKinds: The click kind that each kind becomes when left and right change places.
  ///   - exchangedClasses: The class that each class becomes then.
  init(axes: [Int], leftRightAxis: Int?, exchangedKinds: [Int], exchangedClasses: [Int]) {
    self.exchangedKinds = exchangedKinds
    self.exchangedClasses = exchangedClasses
    let subsets = (0..<1 << axes.count).map { bits in axes.indices.filter { bits >> $0 & 1 == 1 }.map { axes[$0] } }
    let ordered = subsets.sorted { ($0.count, $0.lexicographicKey) < ($1.count, $1.lexicographicKey) }
    views = ordered.map { subset in
      View(
        isMirrored: Axes3(0, 1, 2).map { subset.contains($0) },
        exchangesSides: leftRightAxis.map { subset.contains($0) } ?? false)
    }
  }

  /// Returns clicks as a view sees them: a voxel v becomes `n - 1 - v` along mirrored axes.
  func prompts(_ prompts: [PointPrompt], in view: View, patch: Axes3<Int>) -> [PointPrompt] {
    prompts.map { prompt in
      var result = prompt
      for axis in 0..<3 where view.isMirrored[axis] { result.voxel[axis] = patch[axis] - 1 - prompt.voxel[axis] }
      if view.exchangesSides, prompt.kind >= 0 { result.kind = exchangedKinds[prompt.kind] }
      return result
    }
  }

  /// Writes an image as a view sees it.
  func image(
    _ source: UnsafePointer<Float>, in view: View, patch: Axes3<Int>, into destination: UnsafeMutablePointer<Float>
  ) {
    nonisolated(unsafe) let (source, destination) = (source, destination)
    Parallel.forEach(patch.axis0) { slice in
      for row in 0..<patch.axis1 {
        let from = source + Self.row(slice, row, in: view, patch: patch) * patch.axis2
        let to = destination + (slice * patch.axis1 + row) * patch.axis2
        if view.isMirrored.axis2 {
          let last = patch.axis2 - 1
          for column in 0...last { to[column] = from[last &- column] }
        } else {
          to.update(from: from, count: patch.axis2)
        }
      }
    }
  }

  /// Adds a view's logits to a sum as the unmirrored window has them.
  ///
  /// - Parameters:
  ///   - logits: `[classes, axis0, axis1, axis2]` of the view.
  ///   - view: The view.
  ///   - patch: Voxels of the window.
  ///   - isFirst: Whether the sum is set rather than added to.
  ///   - sum: `[classes, axis0, axis1, axis2]`.
  func add(
    _ logits: UnsafePointer<Float>, of view: View, patch: Axes3<Int>, isFirst: Bool,
    to sum: UnsafeMutablePointer<Float>
  ) {
    nonisolated(unsafe) let (logits, sum) = (logits, sum)
    let voxels = patch.product
    Parallel.forEach(exchangedClasses.count * patch.axis0) { piece in
      let (label, slice) = piece.quotientAndRemainder(dividingBy: patch.axis0)
      let from = logits + (view.exchangesSides ? exchangedClasses[label] : label) * voxels
      for row in 0..<patch.axis1 {
        let source = from + Self.row(slice, row, in: view, patch: patch) * patch.axis2
        let destination = sum + label * voxels + (slice * patch.axis1 + row) * patch.axis2
        let last = patch.axis2 - 1
        switch (view.isMirrored.axis2, isFirst) {
        case (false, true): destination.update(from: source, count: patch.axis2)
        case (true, true): for column in 0...last { destination[column] = source[last &- column] }
        case (false, false): for column in 0...last { destination[column] += source[column] }
        case (true, false): for column in 0...last { destination[column] += source[last &- column] }
        }
      }
    }
  }

  /// The row of a view, counted through all slices, that lies where a row of the window lies; mirroring is its own
  /// inverse.
  private static func row(_ slice: Int, _ row: Int, in view: View, patch: Axes3<Int>) -> Int {
    let mirroredSlice = view.isMirrored.axis0 ? patch.axis0 - 1 - slice : slice
    return mirroredSlice * patch.axis1 + (view.isMirrored.axis1 ? patch.axis1 - 1 - row : row)
  }
}

extension [Int] {
  /// A number that orders short lists of small numbers of one length as a dictionary does.
  fileprivate var lexicographicKey: Int { reduce(0) { $0 * 4 + $1 + 1 } }
}
