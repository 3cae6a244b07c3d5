import Foundation
import Testing

@Suite("The house")
struct HouseTests {
  @Test("No Swift file has more than 400 lines")
  func fileLength() throws {
    for path in Repository.files(in: "Sources", endings: ["swift"]) {
      let lines = try Repository.text(path).split(separator: "\n", omittingEmptySubsequences: false).count - 1
      #expect(lines <= 400, "\(path) has \(lines) lines: it does more than one thing")
    }
  }

  @Test("No file names a folder of the machine that it was written on")
  func machinePaths() throws {
    // Written in halves so that this file does not name them either.
    let folders = ["/" + "work/", "/" + "root/", "../" + "shared", "/" + "tmp/bash"]
    let endings: Set = ["swift", "c", "h", "md", "py", "json", "jsonl"]
    let top = try FileManager.default.contentsOfDirectory(atPath: Repository.root.path)
      .filter { ["Makefile", "Package.swift"].contains($0) || ($0 as NSString).pathExtension == "md" }
    let files =
      top + [".ci/run", "Scripts/setup"]
      + ["Sources", "Tests", "Sessions", "docs"].flatMap { Repository.files(in: $0, endings: endings) }
    for path in files {
      guard let text = try? Repository.text(path) else { continue }
      for folder in folders { #expect(!text.contains(folder), "\(path) names \(folder)") }
    }
  }

  @Test("Continuous integration runs the README's test command")
  func testCommand() throws {
    let commands = try Repository.text(".ci/run").split(separator: "\n").filter { $0.hasPrefix("exec ") }
    #expect(commands == ["exec make test"])
    #expect(try Repository.text("README.md").contains("make test"))
    #expect(try Repository.text("README.md").contains("make demo"))
    #expect(FileManager.default.isExecutableFile(atPath: Repository.root.appendingPathComponent(".ci/run").path))
  }

  @Test("The package is built with all checks")
  func noUnsafeFlags() throws {
    let manifest = try Repository.text("Package.swift")
    for flag in ["unsafeFlags", "-Ounchecked", "-enforce-exclusivity=unchecked"] {
      #expect(!manifest.contains(flag), "Package.swift has \(flag)")
      #expect(!(try Repository.text("Makefile")).contains(flag), "Makefile has \(flag)")
    }
    #expect(manifest.contains("swiftLanguageModes: [.v6]"))
  }

  @Test("Nothing is left for later: no marks of unfinished work")
  func noUnfinishedWork() throws {
    let marks = ["TO" + "DO", "FIX" + "ME", "XX" + "X:"]
    let files = ["Sources", "Tests"].flatMap { Repository.files(in: $0, endings: ["swift", "c", "h", "py"]) }
    for path in files {
      let text = try Repository.text(path)
      for mark in marks { #expect(!text.contains(mark), "\(path) has \(mark)") }
    }
  }

  @Test("Every command of the Makefile is in its help")
  func makefileHelp() throws {
    let makefile = try Repository.text("Makefile")
    let phony =
      makefile.split(separator: "\n").first { $0.hasPrefix(".PHONY:") }?.split(separator: " ").dropFirst() ?? []
    #expect(phony.count >= 10)
    for target in phony {
      let rule = makefile.split(separator: "\n").first { $0.hasPrefix("\(target):") }
      #expect(rule?.contains(" ## ") == true, "make \(target) has no help")
    }
  }
}
