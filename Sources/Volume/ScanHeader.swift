/// The header of the file that a scan came from, kept byte for byte.
public enum ScanHeader: Sendable, Equatable {
  /// The 348 bytes of a NIfTI-1 header as stored, and whether their byte order is the reverse of this machine's.
  case nifti(bytes: [UInt8], isByteSwapped: Bool)
}
