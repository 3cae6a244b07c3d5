/// Where a scan's session is kept.
public enum SessionLocation {
  /// The ending of session files.
  public static let fileExtension = ".session.jsonl"

  /// The file that a scan's session is kept in.
  ///
  /// - Parameters:
  ///   - scan: The scan.
  ///   - explicit: The file that the user named, or `nil`.
  ///   - environment: The environment's variables.
  ///   - workingFolder: The folder in which `Sessions` is looked for.
  /// - Returns: `explicit`, or a file in the first of: `$CANALIS_SESSIONS`; `Sessions` in the working folder if there is
  ///   one; `$XDG_DATA_HOME/canalis/sessions`; `$HOME/.local/share/canalis/sessions`.
  /// - Throws: `SessionError.noFolder` when none of these can be.
  public static func path(
    for scan: ScanIdentity, explicit: String? = nil, environment: [String: String], workingFolder: String = "."
  ) throws -> String {
    if let explicit { return explicit }
    return try folder(environment: environment, workingFolder: workingFolder) + "/" + fileName(for: scan)
  }

  /// The folder that sessions are kept in; it need not exist yet.
  ///
  /// - Parameters:
  ///   - environment: The environment's variables.
  ///   - workingFolder: The folder in which `Sessions` is looked for.
  /// - Returns: The folder.
  /// - Throws: `SessionError.noFolder` when nothing says where.
  public static func folder(environment: [String: String], workingFolder: String = ".") throws -> String {
    if let named = environment["CANALIS_SESSIONS"], !named.isEmpty { return named }
    let here = workingFolder == "." ? "Sessions" : workingFolder + "/Sessions"
    if FilePaths.isFolder(here) { return here }
    // The XDG specification has relative paths ignored.
    if let data = environment["XDG_DATA_HOME"], data.hasPrefix("/") { return data + "/canalis/sessions" }
    guard let home = environment["HOME"], !home.isEmpty else { throw SessionError.noFolder }
    return home + "/.local/share/canalis/sessions"
  }

  /// The name of a scan's session: the scan's name, the first 8 digits of its hash, and `.session.jsonl`.
  public static func fileName(for scan: ScanIdentity) -> String {
    "\(sanitizedName(ofScanAt: scan.path))-\(scan.sha256.prefix(8))\(fileExtension)"
  }

  /// The scan's name without folders and endings, with nothing that a file system or terminal could stumble over: what
  /// is no letter, number, blank or one of `-_.+()` becomes `_`; at most 150 bytes.
  static func sanitizedName(ofScanAt path: String) -> String {
    var name = FilePaths.name(of: path)
    let endings = [".nii.gz", ".img.gz", ".nii", ".hdr", ".img", ".mha", ".mhd", ".nrrd", ".nhdr", ".dcm"]
    if let ending = endings.first(where: { name.count > $0.count && name.lowercased().hasSuffix($0) }) {
      name.removeLast(ending.count)
    }
    name = String(name.map { $0.isLetter || $0.isNumber || " -_.+()".contains($0) ? $0 : "_" })
    name = String(name.drop { $0 == "." || $0 == " " || $0 == "-" })
    while name.utf8.count > 150 { name.removeLast() }
    while name.last == " " { name.removeLast() }
    return name.isEmpty ? "scan" : name
  }
}
