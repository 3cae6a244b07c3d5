import ArgumentParser
import Cache
import Checkpoint
import Foundation
import Segmentation
import Session
import Volume

/// How much memory a command may take.
struct MemoryOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "The most memory to take, for instance 8G or 500M.",
      discussion: """
        Bounds what is kept to answer clicks faster. Without it: what is free, of which half is kept for the rest of \
        the machine.
        """, valueName: "size"))
  var memoryLimit: ByteCount?
}

/// How much of the disk an interactive command may take for its next run.
struct DiskOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "The most disk space for encodings in the cache folder, for instance 20G; 0 keeps nothing there.",
      discussion: "Without it: a quarter of what is free. A twentieth of the disk always stays free.",
      valueName: "size"))
  var diskLimit: ByteCount?
}

/// The user's kept files: encodings and masks of earlier runs.
enum KeptFiles {
  /// The most bytes of finished masks.
  static let maskBytes = 256 << 20

  /// The program and its build. Another build may round otherwise, so it has files of its own.
  static let program: String = {
    var status = stat()
    let isThere = stat("/proc/self/exe", &status) == 0
    return "canalis \(ProgramVersion.current)"
      + (isThere ? " \(status.st_size) \(status.st_mtim.tv_sec).\(status.st_mtim.tv_nsec)" : "")
  }()

  /// A store of one kind.
  ///
  /// - Parameters:
  ///   - kind: What is kept.
  ///   - limit: The most bytes, or `nil` for a share of what is free.
  /// - Returns: The store; `nil` when nothing says where it is, or nothing may be kept.
  static func store(_ kind: CacheFolder.Kind, limit: Int?) -> CacheStore? {
    guard limit != 0, let folder = CacheFolder.standard(kind, environment: ProcessInfo.processInfo.environment)
    else { return nil }
    return CacheStore(folder: folder, limits: .init(bytes: limit))
  }

  /// Where a scan's encodings go.
  static func encodings(scan: ScanIdentity, model: Model, limit: ByteCount?) -> DiskCache? {
    store(.encodings, limit: limit?.bytes).map {
      DiskCache(store: $0, scanSHA256: scan.sha256, modelSHA256: model.sha256, program: program)
    }
  }

  /// Where a scan's finished masks go.
  static func masks(
    scan: Volume, identity: ScanIdentity, model: Model, settings: SegmentationSettings, limit: ByteCount?
  ) -> MaskStore? {
    let bytes = min(maskBytes, limit?.bytes ?? maskBytes)
    let processor = ProcessorIdentity.current
    return store(.masks, limit: bytes).map {
      MaskStore(
        store: $0,
        source: .init(
          scanSHA256: identity.sha256, grid: scan.grid, modelSHA256: model.sha256, settings: settings,
          program: program, processor: "\(processor.kind), \(processor.threads) threads"))
    }
  }
}
