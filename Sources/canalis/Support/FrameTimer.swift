import Canvas
import Foundation
import Synchronization
import Viewer
import Volume

/// Times the viewer from a key to the drawn frame, on a thread of its own, while other work keeps the processor busy.
final class FrameTimer: Sendable {
  /// Frames that are timed.
  static let frameCount = 200
  /// The scan that is drawn, about the size of a whole jaw at 0.3 mm.
  private static let shape = Axes3(300, 400, 400)
  private static let columns = 200
  private static let rows = 50

  private let seconds = Mutex<[Double]>([])

  /// Times frames until there are enough.
  ///
  /// - Parameter work: Is done again and again meanwhile, at least once.
  /// - Returns: What each frame took.
  /// - Throws: What the work throws.
  func run(during work: () throws -> Void) rethrows -> [Double] {
    let thread = Thread { [self] in drawFrames() }
    thread.stackSize = 16 << 20
    thread.start()
    repeat { try work() } while seconds.withLock { $0.count } < Self.frameCount
    return seconds.withLock { $0 }
  }

  private func drawFrames() {
    var model = Self.model()
    for number in 0..<Self.frameCount {
      guard !Interruption.wasRequested else { return }
      let start = ContinuousClock.now
      _ = model.update(.key(number % 100 < 50 ? .pageUp : .pageDown))
      let frame = model.render(columns: Self.columns, rows: Self.rows)
      let duration = (ContinuousClock.now - start).inSeconds
      precondition(frame.columns == Self.columns, "the frame has the size that was asked for")
      seconds.withLock { $0.append(duration) }
      // A held key repeats about so often.
      Thread.sleep(forTimeInterval: 0.02)
    }
  }

  /// A viewer of a drawn scan with a mask, three planes on a large terminal in all colours.
  private static func model() -> ViewerModel {
    let count = shape.product
    var voxels = [Float](repeating: 0, count: count)
    var labels = [UInt8](repeating: 0, count: count)
    voxels.withUnsafeMutableBufferPointer { voxels in
      for index in 0..<count { voxels[index] = Float((index &* 2_654_435_761) >> 16 & 0xFFF) }
    }
    labels.withUnsafeMutableBufferPointer { labels in
      for index in 0..<count where index / shape.axis2 % 16 == 0 { labels[index] = UInt8(1 + index / 200 % 2) }
    }
    let volume = Volume(grid: Grid(shape: shape, spacing: Axes3(repeating: 0.3), affine: nil), voxels: voxels)
    return ViewerModel(
      scan: ViewedScan(name: "drawn", volume: volume), labels: labels,
      capabilities: DisplayCapabilities(colors: .trueColor), columns: columns, rows: rows)
  }
}
