/// The version of this program, written into sessions and shown by `--version`.
enum ProgramVersion {
  /// The version, major.minor.patch.
  static let current = "0.1.0"
}
