import Formats
import Volume

/// What a scan is known by: its voxels, whatever its file is called and wherever it lies.
public struct ScanIdentity: Sendable, Hashable {
  /// The file or folder that the scan was read from.
  public var path: String
  /// SHA-256 of the voxels as float32, little-endian, in stored order (axis 2 fastest, after slope and intercept): 64
  /// lower-case hexadecimal digits.
  public var sha256: String
  /// Voxels along each axis, each at least 1.
  public var shape: Axes3<Int>
  /// Distance between voxel centres along each axis in millimetres, each finite and above 0.
  public var spacing: Axes3<Double>
  /// The orientation in which the scan is stored, or is taken to be where its header does not say; `nil` where a session
  /// does not say. The same voxels under another one have left and right, or other sides, exchanged.
  public var orientation: Orientation?

  /// Creates an identity from its parts.
  public init(
    path: String, sha256: String, shape: Axes3<Int>, spacing: Axes3<Double>, orientation: Orientation? = nil
  ) {
    self.path = path
    self.sha256 = sha256
    self.shape = shape
    self.spacing = spacing
    self.orientation = orientation
  }

  /// Computes the identity of a scan; takes about a second for a 512-cubed one.
  ///
  /// - Parameters:
  ///   - path: The file or folder that the scan was read from.
  ///   - volume: The scan.
  public init(path: String, volume: Volume) {
    self.init(
      path: path, sha256: Self.sha256(ofVoxels: volume.voxels), shape: volume.grid.shape,
      spacing: volume.grid.spacing, orientation: volume.grid.orientation ?? .lps)
  }

  /// SHA-256 of voxels as float32, little-endian: 64 lower-case hexadecimal digits.
  static func sha256(ofVoxels voxels: [Float]) -> String {
    var digest = SHA256()
    #if _endian(little)
      voxels.withUnsafeBytes { digest.update($0) }
    #else
      for start in stride(from: 0, to: voxels.count, by: 1 << 16) {
        let piece = voxels[start..<min(start + 1 << 16, voxels.count)].map { $0.bitPattern.littleEndian }
        piece.withUnsafeBytes { digest.update($0) }
      }
    #endif
    return digest.finalize()
  }
}

/// What a model is known by.
public struct ModelIdentity: Sendable, Hashable {
  /// The model's name, for people.
  public var name: String
  /// SHA-256 of the model's file: 64 lower-case hexadecimal digits.
  public var sha256: String

  /// Creates an identity.
  public init(name: String, sha256: String) {
    self.name = name
    self.sha256 = sha256
  }
}

/// What computes: masks are the same bytes only on one kind of processor with one number of threads.
public struct ProcessorIdentity: Sendable, Hashable {
  /// The kind of processor as far as results depend on it, for instance "x86-64 avx2".
  public var kind: String
  /// Threads that compute, at least 1.
  public var threads: Int

  /// Creates an identity.
  public init(kind: String, threads: Int) {
    self.kind = kind
    self.threads = threads
  }
}

/// The first line of a session: on what and with what it was begun.
public struct SessionHeader: Sendable, Hashable {
  /// What the first line says of its format.
  public static let format = "canalis-session"
  /// The version of the format that is written and read.
  public static let version = 1

  /// The version of the program that began the session, for instance "0.1.0".
  public var program: String
  /// The scan.
  public var scan: ScanIdentity
  /// The model that the session began with.
  public var model: ModelIdentity
  /// How masks are computed (mirroring, step, rules, post-processing): a JSON object.
  public var settings: JSONValue
  /// What computes.
  public var processor: ProcessorIdentity

  /// Creates a first line.
  public init(
    program: String, scan: ScanIdentity, model: ModelIdentity, settings: JSONValue, processor: ProcessorIdentity
  ) {
    self.program = program
    self.scan = scan
    self.model = model
    self.settings = settings
    self.processor = processor
  }
}
