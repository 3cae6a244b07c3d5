import Foundation
import UMamba2
import Volume

/// Lets a "not canal" click that enters the network act more strongly where it says that a whole piece is false.
///
/// A click on the rim of a mask says that the rim is wrong; one well inside of what the network takes for canal says that
/// there is none. So the clicks inside are told apart, by the network's answer without clicks, and what they
/// change is multiplied, near them most:
///
///     logits = all + (strength - 1) * min(2, Σ exp(-d² / 2σ²))² * (all - rest)
///
/// where `all` answers all clicks that the window sees, `rest` all but the "not canal" clicks inside, and d are the distances
/// to these, σ = 10 mm. One click counts `strength` times where it is. Who clicks again near by says that it was not
/// enough, and is heard better than by twice as much: hence the square. (After classifier-free guidance, Ho and Salimans,
/// arXiv:2207.12598; there without the distance.) A window without such a click is answered as ever.
struct NotCanalGuidance: Sendable {
  /// Around a click inside most is canal up to this distance, millimetres: a little less than a narrow canal's radius.
  static let radiusInMillimeters = 1.0
  /// How much of it, 0 to 1; a click on a straight border has a half.
  static let leastShare = 0.85
  /// σ in millimetres. The square shortens it to 7, a little more than a click's effect reaches in the network, some 5.
  static let sigmaInMillimeters = 10.0
  /// The most clicks inside that add up at a place.
  static let mostTogether: Float = 2

  /// How often the effect of one click counts where it is, more than 1.
  let strength: Float
  /// The index of the embedding of "not canal".
  let kind: Int
  /// Voxel spacing of a window, millimetres.
  let spacing: Axes3<Double>

  /// Whether the answer to some clicks takes more than the network's answer to them.
  func concerns(_ prompts: [PointPrompt]) -> Bool { prompts.contains { $0.kind == kind } }

  /// The clicks but the "not canal" clicks inside of canals.
  ///
  /// - Parameters:
  ///   - prompts: The clicks that a window sees.
  ///   - canals: Where the network sees canals without clicks.
  /// - Returns: Those that are left, in their order.
  func withoutInside(_ prompts: [PointPrompt], canals: CanalMap) -> [PointPrompt] {
    prompts.filter { $0.kind != kind || !isInside($0.voxel, canals: canals) }
  }

  private func isInside(_ voxel: Axes3<Int>, canals: CanalMap) -> Bool {
    let reach = spacing.map { Int(Self.radiusInMillimeters / $0) }
    let box = VoxelBox(Axes3(0, 1, 2).map { voxel[$0] - reach[$0]..<voxel[$0] + reach[$0] + 1 })
      .clamped(to: VoxelBox(wholeOf: canals.patch))
    var (canal, near) = (0, 0)
    for axis0 in box.ranges.axis0 {
      for axis1 in box.ranges.axis1 {
        for axis2 in box.ranges.axis2 {
          let place = Axes3(axis0, axis1, axis2)
          let squared = place.squaredDistance(to: voxel, spacing: spacing)
          if squared > Self.radiusInMillimeters * Self.radiusInMillimeters { continue }
          near += 1
          canal += canals[place] ? 1 : 0
        }
      }
    }
    return Double(canal) >= Self.leastShare * Double(near)
  }

  /// Multiplies what the clicks inside change.
  ///
  /// - Parameters:
  ///   - all: The network's answer to all clicks; replaced by the logits as above.
  ///   - rest: Its answer to the clicks but those inside.
  ///   - inside: The voxels of those inside.
  ///   - patch: Voxels of the window.
  func strengthen(_ all: inout [Float], beyond rest: [Float], inside: [Axes3<Int>], patch: Axes3<Int>) {
    let bells = inside.map { click in
      Axes3(0, 1, 2).map { axis in
        (0..<patch[axis]).map { index in
          let apart = Double(index - click[axis]) * spacing[axis] / Self.sigmaInMillimeters
          return Float(exp(-apart * apart / 2))
        }
      }
    }
    let classes = all.count / patch.product
    all.withUnsafeMutableBufferPointer { all in
      rest.withUnsafeBufferPointer { rest in
        nonisolated(unsafe) let (all, rest) = (all, rest)
        Parallel.forEach(patch.axis0) { axis0 in
          var extra = [Float](repeating: 0, count: patch.axis2)
          for axis1 in 0..<patch.axis1 {
            for axis2 in extra.indices {
              extra[axis2] = 0
              for bell in bells {
                extra[axis2] += bell.axis0[axis0] * bell.axis1[axis1] * bell.axis2[axis2]
              }
              let clicks = min(Self.mostTogether, extra[axis2])
              extra[axis2] = (strength - 1) * clicks * clicks
            }
            let row = patch.offset(of: Axes3(axis0, axis1, 0))
            for label in 0..<classes {
              let start = label * patch.product + row
              for axis2 in extra.indices {
                all[start + axis2] += extra[axis2] * (all[start + axis2] - rest[start + axis2])
              }
            }
          }
        }
      }
    }
  }
}

/// Where the network sees canals in a window: a bit a voxel.
struct CanalMap: Sendable {
  /// Voxels of the window.
  let patch: Axes3<Int>
  /// How many of the mirrored views were looked at.
  let views: Int
  private let bits: [UInt8]

  /// Bytes of a map.
  static func byteCount(patch: Axes3<Int>) -> Int { patch.axis0 * patch.axis1 * ((patch.axis2 + 7) / 8) }

  /// Looks where the canals, labels 1 and 2, lead.
  ///
  /// - Parameters:
  ///   - logits: `[classes, axis0, axis1, axis2]` with three classes or more.
  ///   - patch: Voxels of the window.
  ///   - views: Of how many mirrored views the logits are the mean.
  init(logits: [Float], patch: Axes3<Int>, views: Int) {
    self.patch = patch
    self.views = views
    let rowBytes = (patch.axis2 + 7) / 8
    let classes = logits.count / patch.product
    bits = [UInt8](unsafeUninitializedCapacity: Self.byteCount(patch: patch)) { bits, count in
      logits.withUnsafeBufferPointer { logits in
        nonisolated(unsafe) let (logits, bits) = (logits, bits)
        Parallel.forEach(patch.axis0 * patch.axis1) { row in
          for byte in 0..<rowBytes { bits[row * rowBytes + byte] = 0 }
          for axis2 in 0..<patch.axis2 {
            let voxel = row * patch.axis2 + axis2
            let canal = max(logits[patch.product + voxel], logits[2 * patch.product + voxel])
            let leads = (0..<classes).allSatisfy { label in
              label == 1 || label == 2 || logits[label * patch.product + voxel] < canal
            }
            if leads { bits[row * rowBytes + axis2 / 8] |= 1 << UInt8(axis2 % 8) }
          }
        }
      }
      count = Self.byteCount(patch: patch)
    }
  }

  /// Whether a voxel is canal.
  subscript(voxel: Axes3<Int>) -> Bool {
    let byte = (voxel.axis0 * patch.axis1 + voxel.axis1) * ((patch.axis2 + 7) / 8) + voxel.axis2 / 8
    return bits[byte] & (1 << UInt8(voxel.axis2 % 8)) != 0
  }
}
