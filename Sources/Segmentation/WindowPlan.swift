import Volume

/// Where the network's patch is put on the padded grid.
struct WindowPlan: Sendable, Equatable {
  /// The first voxels of the windows along each axis, ascending.
  let starts: Axes3<[Int]>
  /// Voxels of a window.
  let patch: Axes3<Int>

  /// Spreads windows evenly: `ceil((size - patch) / (patch * step)) + 1` along each axis, from 0 to `size - patch`,
  /// rounded half to even (nnU-Net's sliding window).
  ///
  /// - Parameters:
  ///   - size: Voxels of the padded grid, at least the patch's along each axis.
  ///   - patch: Voxels of a window.
  ///   - step: The largest distance between windows as a share of the patch, above 0 and at most 1.
  init(size: Axes3<Int>, patch: Axes3<Int>, step: Double) {
    self.patch = patch
    starts = Axes3(0, 1, 2).map { axis in
      let free = size[axis] - patch[axis]
      precondition(free >= 0, "the padded grid holds a patch")
      let count = Self.count(size: size[axis], length: patch[axis], step: step)
      let actual = count > 1 ? Double(free) / Double(count - 1) : 0
      return (0..<count).map { Int((actual * Double($0)).rounded(.toNearestOrEven)) }
    }
  }

  /// How many windows of a length cover an axis.
  private static func count(size: Int, length: Int, step: Double) -> Int {
    // A step below one voxel would put windows on top of each other.
    Int((Double(size - length) / max(1, Double(length) * step)).rounded(.up)) + 1
  }

  /// Finds the window size, near a model's own, that covers a grid with the least work: along each axis the multiple of
  /// the total stride, from three quarters to nine eighths of the model's patch, with the smallest product of windows
  /// and size; of equal ones the largest, which sees most.
  ///
  /// - Parameters:
  ///   - patch: The model's patch.
  ///   - size: Voxels of the grid.
  ///   - step: The largest distance between windows as a share of the patch.
  ///   - multiple: What sizes are multiples of; the patch is one.
  /// - Returns: Voxels of a window.
  static func fittedPatch(
    near patch: Axes3<Int>, size: Axes3<Int>, step: Double, multiple: Axes3<Int>
  ) -> Axes3<Int> {
    Axes3(0, 1, 2).map { axis in
      let unit = multiple[axis]
      let (smallest, largest) = ((3 * patch[axis] + 4 * unit - 1) / (4 * unit), 9 * patch[axis] / (8 * unit))
      var best = (work: Int.max, length: patch[axis])
      for length in (smallest...max(smallest, largest)).map({ $0 * unit }) {
        let work = length * count(size: max(length, size[axis]), length: length, step: step)
        if work <= best.work { best = (work, length) }
      }
      return best.length
    }
  }

  /// The most windows of a scan: far more than any that ends.
  static let limit = 1_000_000

  /// The number of windows.
  var count: Int { starts.map(\.count).product }

  /// The windows that share each start along axis 0: the order of evaluation is row by row, axis 2 fastest.
  var windowsPerRow: Int { starts.axis1.count * starts.axis2.count }

  /// The first voxel of a window.
  ///
  /// - Parameter window: Its number in the order of evaluation: axis 0 outermost, axis 2 fastest.
  /// - Returns: The voxel on the padded grid.
  func start(of window: Int) -> Axes3<Int> {
    let places = places(of: window)
    return Axes3(0, 1, 2).map { starts[$0][places[$0]] }
  }

  /// A window's place along each axis: which of the starts is its own.
  func places(of window: Int) -> Axes3<Int> {
    let inRow = window % windowsPerRow
    return Axes3(window / windowsPerRow, inRow / starts.axis2.count, inRow % starts.axis2.count)
  }

  /// All first voxels in the order of evaluation.
  var allStarts: [Axes3<Int>] { (0..<count).map(start(of:)) }
}
