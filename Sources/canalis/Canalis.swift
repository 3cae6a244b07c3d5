import ArgumentParser

@main
struct Canalis: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "canalis", abstract: "Refine the segmentation of the inferior alveolar canal with clicks.",
    version: "0.1.0")
}
