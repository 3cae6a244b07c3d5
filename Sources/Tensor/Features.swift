import CKernels

/// A feature map `[channels, depth, height, width]` whose last step is still to be done by whoever reads it: the
/// instance norm's affine map, the residual sum, the leaky ReLU. Reading it so saves a pass over memory a layer.
public struct Features {
  /// The stored values.
  public var values: UnsafePointer<Float>
  /// Number of channels.
  public var channels: Int
  /// The size of a channel.
  public var extent: Extent
  /// The norm to apply, or `nil`.
  public var affine: ChannelAffine?
  /// What is added after the norm, laid out as the values, or `nil`.
  public var residual: UnsafePointer<Float>?
  /// The residual's own norm, or `nil`.
  public var residualAffine: ChannelAffine?
  /// The factor of negative values at the end; 1 for no activation.
  public var slope: Float
  /// Where the first reader stores the finished map, or `nil`.
  public var writeBack: UnsafeMutablePointer<Float>?

  /// Creates a feature map.
  ///
  /// - Parameters:
  ///   - values: The stored values, which must outlive the map.
  ///   - channels: Number of channels.
  ///   - extent: The size of a channel.
  ///   - affine: The norm to apply, or `nil`.
  ///   - slope: The factor of negative values; 1 for no activation.
  public init(
    values: UnsafePointer<Float>, channels: Int, extent: Extent, affine: ChannelAffine? = nil, slope: Float = 1
  ) {
    self.values = values
    self.channels = channels
    self.extent = extent
    self.affine = affine
    self.slope = slope
  }

  /// Whether the stored values are the finished ones.
  public var isFinished: Bool { affine == nil && residual == nil && slope == 1 }

  /// The same map once a reader has written it back.
  public var writtenBack: Features {
    guard let writeBack else { return self }
    return Features(values: writeBack, channels: channels, extent: extent)
  }

  /// Stores the finished map.
  ///
  /// - Parameter destination: Room for all values, which may be `values` or `residual`.
  /// - Returns: The finished map.
  public func finish(into destination: UnsafeMutablePointer<Float>) -> Features {
    var slab = ck_slab()
    describe(in: &slab)
    slab.source.write_back = nil
    slab.padded = destination
    slab.slots = Int64(extent.depth)
    slab.channel_stride = Int64(extent.count)
    slab.slice_stride = Int64(extent.height * extent.width)
    slab.plane_height = Int64(extent.height)
    slab.pitch = Int64(extent.width)
    slab.gather_end = Int64(extent.depth)
    ck_run_slab(&slab, Int32(Threads.count))
    return Features(values: UnsafePointer(destination), channels: channels, extent: extent)
  }

  /// Stores the finished map averaged over cells.
  ///
  /// - Parameters:
  ///   - cell: The size of a cell, which divides the extent.
  ///   - destination: Room for the averages.
  /// - Returns: The averages.
  public func pool(cell: Extent, into destination: UnsafeMutablePointer<Float>) -> Features {
    let pooled = extent.divided(by: cell)
    var slab = ck_slab()
    describe(in: &slab)
    slab.source.write_back = nil
    slab.pool_depth = Int64(cell.depth)
    slab.pool_height = Int64(cell.height)
    slab.pool_width = Int64(cell.width)
    slab.padded = destination
    slab.slots = Int64(pooled.depth)
    slab.channel_stride = Int64(pooled.count)
    slab.slice_stride = Int64(pooled.height * pooled.width)
    slab.plane_height = Int64(pooled.height)
    slab.pitch = Int64(pooled.width)
    slab.gather_end = Int64(pooled.depth)
    ck_run_slab(&slab, Int32(Threads.count))
    return Features(values: UnsafePointer(destination), channels: channels, extent: pooled)
  }

  /// Fills the source's half of a slab's description, and what is 1 unless a layer says otherwise.
  func describe(in slab: inout ck_slab) {
    slab.isa = Int32(InstructionSet.best.rawValue)
    slab.source = ck_source(
      values: values, scale: affine.map { UnsafePointer($0.scale) }, shift: affine.map { UnsafePointer($0.shift) },
      residual: residual, residual_scale: residualAffine.map { UnsafePointer($0.scale) },
      residual_shift: residualAffine.map { UnsafePointer($0.shift) }, slope: slope, write_back: writeBack)
    slab.channels = Int64(channels)
    slab.depth = Int64(extent.depth)
    slab.height = Int64(extent.height)
    slab.width = Int64(extent.width)
    slab.pool_depth = 1
    slab.pool_height = 1
    slab.pool_width = 1
    slab.own_end = Int64(extent.height)
    slab.row_planes = 1
    slab.row_step = 1
    slab.column_stride = 1
    slab.terms = 1
    slab.term_rows = 1
  }
}
