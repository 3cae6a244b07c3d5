/// A slice sampled under a pane's pixels.
struct PlaneSample {
  /// Pixels across.
  let width: Int
  /// Pixels down.
  let height: Int
  /// The grey level of each pixel after the window, 0...255; 0 outside the scan.
  var greys: [UInt8]
  /// What each pixel belongs to, a `PixelClass`; the crosshair is not in it.
  var classes: [UInt8]
}

/// Samples slices for display.
///
/// Where a pixel is smaller than a voxel it shows the voxel it lies in, so that what is seen is what is clicked; where it
/// covers several, it shows the mean of up to nine of them, spread evenly, and a canal that any of these touches.
struct PlaneSampler {
  /// Steps in the stored array for the taps along one side of a pane, `taps` for each pixel, all inside the scan.
  private struct IndexMap {
    let taps: Int
    let offsets: [Int]
    /// The pixels whose middle lies inside the scan.
    let inside: Range<Int>

    init(
      pixels: Int, millimetersPerPixel: Double, voxelSize: Double, voxels: Int, stride: Int, isReversed: Bool,
      index: (Double) -> Int
    ) {
      let ratio = millimetersPerPixel / voxelSize
      taps = ratio < 1.5 ? 1 : ratio < 2.5 ? 2 : 3
      var offsets: [Int] = []
      offsets.reserveCapacity(pixels * taps)
      var first = pixels
      var end = 0
      for pixel in 0..<pixels {
        for tap in 0..<taps {
          let voxel = max(0, min(voxels - 1, index(Double(pixel) + (Double(tap) + 0.5) / Double(taps))))
          offsets.append((isReversed ? voxels - 1 - voxel : voxel) * stride)
        }
        if (0..<voxels).contains(index(Double(pixel) + 0.5)) {
          first = min(first, pixel)
          end = pixel + 1
        }
      }
      self.offsets = offsets
      inside = first < end ? first..<end : 0..<0
    }
  }

  private let view: PaneView
  private let across: IndexMap
  private let down: IndexMap
  private let base: Int

  /// Prepares to sample the slice of a pane that the cursor lies in.
  init(view: PaneView, geometry: PatientGeometry, cursor: SIMD3<Int>) {
    self.view = view
    let plane = view.plane
    across = IndexMap(
      pixels: view.width, millimetersPerPixel: view.pixelSize.x, voxelSize: view.voxelSize.x,
      voxels: view.voxels.across, stride: geometry.strides[plane.horizontal], isReversed: false,
      index: view.across(atPixel:))
    down = IndexMap(
      pixels: view.height, millimetersPerPixel: view.pixelSize.y, voxelSize: view.voxelSize.y,
      voxels: view.voxels.down, stride: geometry.strides[plane.vertical], isReversed: plane.isUpward,
      index: view.down(atPixel:))
    base = geometry.base + cursor[plane.normal] * geometry.strides[plane.normal]
  }

  /// Samples grey values and windows them.
  func greys(_ voxels: [Float], window: GreyWindow) -> [UInt8] {
    let lowest = Float(window.lowest)
    let scale = Float(255 / window.width)
    let (width, height) = (view.width, view.height)
    var result = [UInt8](repeating: 0, count: width * height)
    voxels.withUnsafeBufferPointer { voxels in
      result.withUnsafeMutableBufferPointer { result in
        across.offsets.withUnsafeBufferPointer { xs in
          down.offsets.withUnsafeBufferPointer { ys in
            let weight = 1 / Float(across.taps * down.taps)
            for y in down.inside {
              for x in across.inside {
                var sum: Float = 0
                for tapY in y * down.taps..<(y + 1) * down.taps {
                  let row = base + ys[tapY]
                  for tapX in x * across.taps..<(x + 1) * across.taps { sum += voxels[row + xs[tapX]] }
                }
                let level = (sum * weight - lowest) * scale
                // Written so that a value that is no number is black.
                result[y * width + x] = level > 0 ? (level < 255 ? UInt8(level) : 255) : 0
              }
            }
          }
        }
      }
    }
    return result
  }

  /// Samples labels: the first canal that a tap meets, 0 where none does.
  func labels(_ labels: [UInt8]) -> [UInt8] {
    let (width, height) = (view.width, view.height)
    var result = [UInt8](repeating: 0, count: width * height)
    labels.withUnsafeBufferPointer { labels in
      result.withUnsafeMutableBufferPointer { result in
        across.offsets.withUnsafeBufferPointer { xs in
          down.offsets.withUnsafeBufferPointer { ys in
            for y in down.inside {
              for x in across.inside {
                var found: UInt8 = 0
                for tapY in y * down.taps..<(y + 1) * down.taps {
                  let row = base + ys[tapY]
                  for tapX in x * across.taps..<(x + 1) * across.taps where found == 0 {
                    let label = labels[row + xs[tapX]]
                    found = label <= 2 ? label : 0
                  }
                }
                result[y * width + x] = found
              }
            }
          }
        }
      }
    }
    return result
  }
}
