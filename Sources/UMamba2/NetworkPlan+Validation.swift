import Tensor
import Volume

extension NetworkPlan {
  /// Holds the plan to what can be built.
  ///
  /// - Throws: `NetworkError.invalidPlan` with the first problem.
  public func validate() throws {
    if let problem { throw NetworkError.invalidPlan(problem: problem) }
  }

  /// The sizes of the encoder stages' feature maps for a patch.
  func extents(patch: Axes3<Int>) -> [Extent] {
    var extent = Extent(patch)
    return strides.map { stride in
      extent = extent.divided(by: Extent(stride))
      return extent
    }
  }
}

extension Extent {
  /// The same sizes as `[depth, height, width]`.
  init(_ axes: Axes3<Int>) {
    self.init(axes.axis0, axes.axis1, axes.axis2)
  }
}

extension Axes3 where Value == Int {
  /// The same sizes by axis.
  init(_ extent: Extent) {
    self.init(extent.depth, extent.height, extent.width)
  }
}
