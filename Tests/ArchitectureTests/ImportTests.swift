import Testing

@Suite("Imports")
struct ImportTests {
  /// Which of our modules each target may import. Everything stands on Volume; nothing below the command line knows of
  /// a terminal; the network knows nothing of clicks' files or of sessions.
  static let arrows: [String: Set<String>] = [
    "Formats": [],
    "Cache": ["Formats"],
    "Volume": [],
    "Clicks": ["Volume"],
    "Tensor": [],
    "Layers": ["Tensor"],
    "UMamba2": ["Layers", "Tensor", "Volume"],
    "Checkpoint": ["UMamba2", "Layers", "Volume", "Formats"],
    "Segmentation": ["UMamba2", "Tensor", "Checkpoint", "Clicks", "Volume", "Cache"],
    "Session": ["Clicks", "Volume", "Formats"],
    "Evaluation": ["Clicks", "Volume"],
    "Phantom": ["Volume"],
    "Training": ["Phantom", "Evaluation", "Checkpoint", "UMamba2", "Layers", "Tensor", "Clicks", "Volume"],
    "Canvas": [],
    "Viewer": ["Canvas", "Session", "Clicks", "Volume", "Formats"],
    "Terminal": ["Canvas"],
    "canalis": [
      "Terminal", "Viewer", "Canvas", "Segmentation", "Session", "Checkpoint", "UMamba2", "Clicks", "Volume",
      "Formats", "Cache", "Layers", "Tensor", "Evaluation", "Phantom", "Training",
    ],
  ]

  /// The owners of each C module; nobody else sees a C type of theirs.
  static let owners: [String: Set<String>] = [
    "CNCurses": ["Terminal"],
    "COpenBLAS": ["Tensor", "Training"],
    "COneDNN": ["Tensor", "Training"],
    "CKernels": ["Tensor", "Volume", "Phantom", "Training"],
    "CNIfTI": ["Volume"],
    "CZlib": ["Volume", "Checkpoint", "Session", "Cache"],
    "CCrypto": ["Formats"],
    "CPNG": ["Canvas"],
  ]

  /// Modules of the system that any target may import.
  static let system: Set<String> = ["Foundation", "FoundationEssentials", "Glibc", "Dispatch", "Synchronization"]

  /// Modules of other packages, and who may import them.
  static let packages: [String: Set<String>] = ["ArgumentParser": ["canalis"]]

  @Test("Point only where the architecture has them point")
  func arrows() throws {
    var imports = 0
    for path in Repository.files(in: "Sources", endings: ["swift"]) {
      let target = String(path.split(separator: "/")[1])
      for module in Self.importedModules(try Repository.text(path)) {
        imports += 1
        let isAllowed =
          Self.system.contains(module) || Self.arrows[target]?.contains(module) == true
          || Self.owners[module]?.contains(target) == true || Self.packages[module]?.contains(target) == true
        #expect(isAllowed, "\(path) imports \(module)")
      }
    }
    #expect(imports > 50, "the imports were found")
  }

  @Test("Are spoken for in every target")
  func everyTarget() throws {
    let spokenFor = Set(Self.arrows.keys).union(Self.owners.keys)
    for target in try Repository.targets() { #expect(spokenFor.contains(target), "\(target)") }
  }

  @Test("Go one way: no target reaches itself")
  func noCycles() {
    func reachable(from target: String) -> Set<String> {
      var found: Set<String> = []
      var open = Array(Self.arrows[target] ?? [])
      while let next = open.popLast() {
        if found.insert(next).inserted { open += Self.arrows[next] ?? [] }
      }
      return found
    }
    for target in Self.arrows.keys { #expect(!reachable(from: target).contains(target), "\(target)") }
    #expect(reachable(from: "Terminal").isDisjoint(with: ["Segmentation", "Session", "Viewer"]))
    #expect(reachable(from: "Viewer").isDisjoint(with: ["Terminal", "Segmentation", "UMamba2"]))
    #expect(reachable(from: "Tensor").isEmpty && reachable(from: "Layers") == ["Tensor"])
  }

  @Test("Are read from every form that they can have")
  func parsing() {
    let text = """
      import A
      @testable import B
      public import struct C.Name
      @_exported internal import D.E  // why
      /// import F
      let text = "import G"
        import H
      """
    #expect(Self.importedModules(text) == ["A", "B", "C", "D", "H"])
  }

  /// The modules that a file imports.
  static func importedModules(_ text: String) -> [String] {
    let kinds: Set<Substring> = ["struct", "class", "enum", "protocol", "typealias", "func", "let", "var"]
    return text.split(separator: "\n").compactMap { line in
      var words = line.split(whereSeparator: { " \t".contains($0) })[...]
      words = words.drop {
        $0.hasPrefix("@") || ["public", "package", "internal", "fileprivate", "private"].contains($0)
      }
      guard words.popFirst() == "import", var name = words.popFirst() else { return nil }
      if kinds.contains(name), let next = words.popFirst() { name = next }
      return name.split(separator: ".").first.map(String.init)
    }
  }
}
