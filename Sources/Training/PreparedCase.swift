import Volume

/// A case in memory as the network sees it: turned, normalized, resampled.
struct PreparedCase: Sendable {
  /// Voxels along each axis.
  let size: Axes3<Int>
  /// Network input times 32767.
  let image: [Int16]
  /// 0 background, 1 left, 2 right.
  let labels: [UInt8]
  /// Voxels of the canals.
  let canal: [Int32]

  /// Bytes of a voxel.
  static let bytesPerVoxel = 3

  /// Bytes that a case takes while it is prepared, besides what is kept of every voxel.
  ///
  /// The scan and the numbers that its mask is read as; then scan and mask, both again where they are turned, the
  /// resampled scan, and the canals' voxels. How many of these there are is not known before the mask has been read, so
  /// that every voxel is counted as one.
  ///
  /// - Parameters:
  ///   - scanShape: Voxels along each axis as stored.
  ///   - size: Voxels along each axis after resampling.
  ///   - isTurned: Whether the network's axes are others.
  /// - Returns: Bytes.
  static func transientBytes(scanShape: Axes3<Int>, size: Axes3<Int>, isTurned: Bool) -> Int {
    let (grey, label) = (MemoryLayout<Float>.stride, MemoryLayout<UInt8>.stride)
    let reading = scanShape.product * (2 * grey + label)
    let preparing =
      scanShape.product * (grey + label) * (isTurned ? 2 : 1)
      + size.product * (grey + MemoryLayout<Int32>.stride)
    return max(reading, preparing)
  }

  /// Reads and prepares a case.
  ///
  /// - Parameters:
  ///   - source: Its files.
  ///   - dataset: The set that it belongs to.
  ///   - options: Spacing and percentiles.
  /// - Throws: `VolumeError` for a file that cannot be read or does not fit the other; `TrainingError.invalidDataset` for
  ///   labels that the data set's description does not list.
  init(_ source: NNUNetDataset.Case, dataset: NNUNetDataset, options: TrainingOptions) throws {
    let scan = try NIfTIReader.read(path: source.imagePath)
    let mask = try NIfTIReader.readMask(path: source.labelPath, expectedGrid: scan.grid)
    if let stranger = Set(mask.labels).subtracting(dataset.labels).subtracting([0]).min() {
      throw TrainingError.invalidDataset(
        file: source.labelPath,
        problem: "it has voxels of the label \(stranger), which dataset.json does not list; expected "
          + dataset.labels.union([0]).sorted().map(String.init).joined(separator: ", "))
    }
    let turn = scan.grid.orientation.map { Reorientation(from: $0, to: .lps) }
    let turned = turn.map { $0.turn(scan) } ?? scan
    let truth = turn.map { $0.turn(mask) } ?? mask
    let shape = turned.grid.shape
    size = try Resampling.shape(of: shape, spacing: turned.grid.spacing, target: options.spacing)
    let resampled = TrilinearResampler(from: shape, to: size).resample(turned.voxels)
    let range = VoxelStatistics.percentiles(
      [options.percentiles.lowerBound, options.percentiles.upperBound], of: turned.voxels)
    let (shift, scale) = ((range[0] + range[1]) / 2, max((range[1] - range[0]) / 2, 1e-8))
    image = resampled.map { Int16((min(max(($0 - shift) / scale, -1), 1) * 32767).rounded()) }
    var labels = [UInt8](repeating: 0, count: size.product)
    var canal: [Int32] = []
    var at = 0
    for index0 in 0..<size.axis0 {
      for index1 in 0..<size.axis1 {
        for index2 in 0..<size.axis2 {
          let voxel = Resampling.index(of: Axes3(index0, index1, index2), from: size, to: shape)
          let label = truth.labels[shape.offset(of: voxel)]
          if label == dataset.leftLabel || label == dataset.rightLabel {
            labels[at] = label == dataset.leftLabel ? 1 : 2
            canal.append(Int32(at))
          }
          at += 1
        }
      }
    }
    self.labels = labels
    self.canal = canal
  }

  /// Takes a crop, turned and scaled: output voxel o comes from `center + matrix (o - middle)`.
  ///
  /// - Parameters:
  ///   - center: The crop's middle, voxels of the case.
  ///   - matrix: Row-major, from crop offsets to case offsets.
  ///   - cropSize: Voxels of the crop.
  /// - Returns: Image and labels; zero beyond the case.
  func crop(
    center: Axes3<Double>, matrix: [Double], size cropSize: Axes3<Int>
  ) -> (image: [Float], labels: [UInt8]) {
    var values = [Float](repeating: 0, count: cropSize.product)
    var cropLabels = [UInt8](repeating: 0, count: cropSize.product)
    let middle = cropSize.map { Double($0 - 1) / 2 }
    var at = 0
    for index0 in 0..<cropSize.axis0 {
      for index1 in 0..<cropSize.axis1 {
        for index2 in 0..<cropSize.axis2 {
          let offset = [Double(index0) - middle.axis0, Double(index1) - middle.axis1, Double(index2) - middle.axis2]
          let place = Axes3(0, 1, 2).map { axis in
            center[axis] + matrix[3 * axis] * offset[0] + matrix[3 * axis + 1] * offset[1]
              + matrix[3 * axis + 2] * offset[2]
          }
          let nearest = place.map { Int($0.rounded()) }
          if size.contains(nearest) {
            values[at] = interpolated(place)
            cropLabels[at] = labels[size.offset(of: nearest)]
          }
          at += 1
        }
      }
    }
    return (values, cropLabels)
  }

  private func interpolated(_ place: Axes3<Double>) -> Float {
    let low = Axes3(0, 1, 2).map { max(0, min(Int(place[$0].rounded(.down)), size[$0] - 1)) }
    let high = Axes3(0, 1, 2).map { min(low[$0] + 1, size[$0] - 1) }
    let share = Axes3(0, 1, 2).map { Float(min(max(place[$0] - Double(low[$0]), 0), 1)) }
    func value(_ index0: Int, _ index1: Int) -> Float {
      let row = (index0 * size.axis1 + index1) * size.axis2
      let (first, second) = (Float(image[row + low.axis2]), Float(image[row + high.axis2]))
      return first + (second - first) * share.axis2
    }
    let near = value(low.axis0, low.axis1) + (value(low.axis0, high.axis1) - value(low.axis0, low.axis1)) * share.axis1
    let far =
      value(high.axis0, low.axis1) + (value(high.axis0, high.axis1) - value(high.axis0, low.axis1)) * share.axis1
    return (near + (far - near) * share.axis0) / 32767
  }
}
