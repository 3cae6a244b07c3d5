import ArgumentParser
import Canvas
import Segmentation

/// Options that every command that works for a while has.
struct OutputOptions: ParsableArguments {
  @Flag(name: [.short, .long], help: "Print no progress.")
  var quiet = false

  @Flag(help: "Print the result as one JSON object.")
  var json = false
}

/// Which model answers, and how.
struct ModelOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "The model: .safetensors, or an nnU-Net checkpoint (.pth).",
      discussion: "Without it $CANALIS_MODEL, else the bundled model.", valueName: "file"))
  var model: String?

  @Flag(
    inversion: .prefixedNo,
    help: "Average predictions over mirrored copies: steadier, and as many times slower. Default: the model's own.")
  var mirroring: Bool?

  @Option(help: ArgumentHelp("Window step as a share of the patch, above 0 and at most 1.", valueName: "share"))
  var step: Double?

  func validate() throws {
    if let step, !(step > 0 && step <= 1) { throw ValidationError("--step is above 0 and at most 1") }
  }
}

/// The colours of a screen, as `--colors` takes them.
enum ColorOption: String, ExpressibleByArgument, CaseIterable {
  case none = "0"
  case eight = "8"
  case sixteen = "16"
  case palette256 = "256"
  case trueColor = "24bit"

  /// The depth that cells are drawn in.
  var depth: DisplayCapabilities.ColorDepth {
    switch self {
    case .none: .none
    case .eight: .eight
    case .sixteen: .sixteen
    case .palette256: .palette256
    case .trueColor: .trueColor
    }
  }
}

extension SegmentationSettings.Rules: ExpressibleByArgument {}
