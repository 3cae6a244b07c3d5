// swift-tools-version: 6.2
import PackageDescription

// C libraries enter through the targets whose names begin with C; no other target sees a C type of theirs.
let cTargets: [Target] = [
  .target(
    name: "CNCurses",
    linkerSettings: [.linkedLibrary("ncursesw"), .linkedLibrary("tinfo")]),
  .target(name: "COpenBLAS", linkerSettings: [.linkedLibrary("openblas")]),
  .target(name: "COneDNN", linkerSettings: [.linkedLibrary("dnnl")]),
  .target(
    name: "CNIfTI",
    cSettings: [.headerSearchPath("forwarding")],
    linkerSettings: [.linkedLibrary("niftiio"), .linkedLibrary("znz"), .linkedLibrary("z"), .linkedLibrary("m")]),
  .target(name: "CZlib", linkerSettings: [.linkedLibrary("z")]),
  .target(name: "CCrypto", linkerSettings: [.linkedLibrary("crypto")]),
  .target(name: "CPNG", linkerSettings: [.linkedLibrary("png16")]),
  .target(name: "CKernels", linkerSettings: [.linkedLibrary("gomp"), .linkedLibrary("m")]),
]

let swiftTargets: [Target] = [
  // What files are made of: strict JSON, digests.
  .target(name: "Formats", dependencies: ["CCrypto"]),
  // What is kept on disk for the next run, and can be lost.
  .target(name: "Cache", dependencies: ["Formats", "CZlib"]),
  // Scans, masks and arrays: files, geometry, resampling.
  .target(name: "Volume", dependencies: ["CNIfTI", "CZlib"]),
  // What a clinician says about a voxel, and the files that say it.
  .target(name: "Clicks", dependencies: ["Volume"]),
  // Numbers on the processor; no domain words.
  .target(name: "Tensor", dependencies: ["CKernels", "COpenBLAS"]),
  .target(name: "Layers", dependencies: ["Tensor"]),
  .target(name: "UMamba2", dependencies: ["Layers", "Tensor", "Volume"]),
  .target(name: "Checkpoint", dependencies: ["UMamba2", "Layers", "Volume", "Formats", "CZlib"]),
  .target(name: "Segmentation", dependencies: ["UMamba2", "Tensor", "Checkpoint", "Clicks", "Volume", "Cache"]),
  .target(name: "Session", dependencies: ["Clicks", "Volume", "Formats", "CZlib"]),
  .target(name: "Evaluation", dependencies: ["Clicks", "Volume"]),
  .target(name: "Phantom", dependencies: ["Volume", "CKernels"]),
  .target(
    name: "Training",
    dependencies: [
      "UMamba2", "Layers", "Tensor", "Checkpoint", "Phantom", "Evaluation", "Clicks", "Volume", "COneDNN", "COpenBLAS",
      "CKernels",
    ]),
  // The interface: pure values and functions, then the one driver of a real terminal.
  .target(name: "Canvas", dependencies: ["CPNG"]),
  .target(name: "Viewer", dependencies: ["Canvas", "Session", "Clicks", "Volume", "Formats"]),
  .target(name: "Terminal", dependencies: ["Canvas", "CNCurses"]),
  .executableTarget(
    name: "canalis",
    dependencies: [
      "Terminal", "Viewer", "Canvas", "Segmentation", "Session", "Checkpoint", "UMamba2", "Clicks", "Volume",
      "Formats", "Cache", "Layers", "Tensor", "Evaluation", "Phantom", "Training",
      .product(name: "ArgumentParser", package: "swift-argument-parser"),
    ]),
]

let testTargets: [Target] = [
  .testTarget(name: "FormatsTests", dependencies: ["Formats"]),
  .testTarget(name: "CacheTests", dependencies: ["Cache"]),
  .testTarget(name: "VolumeTests", dependencies: ["Volume"]),
  .testTarget(name: "ClicksTests", dependencies: ["Clicks"]),
  .testTarget(name: "TensorTests", dependencies: ["Tensor"]),
  .testTarget(name: "LayersTests", dependencies: ["Layers", "Tensor"]),
  .testTarget(
    name: "UMamba2Tests", dependencies: ["UMamba2", "Checkpoint", "Layers", "Tensor", "Volume", "NetworkOracle"]),
  .testTarget(name: "CheckpointTests", dependencies: ["Checkpoint", "UMamba2", "Layers", "Volume", "Formats"]),
  .testTarget(
    name: "SegmentationTests",
    dependencies: ["Segmentation", "UMamba2", "Checkpoint", "Clicks", "Volume", "Cache"]),
  .testTarget(name: "SessionTests", dependencies: ["Session", "Clicks", "Volume", "Formats"]),
  .testTarget(name: "EvaluationTests", dependencies: ["Evaluation", "Clicks", "Volume"]),
  .testTarget(name: "PhantomTests", dependencies: ["Phantom", "Volume"]),
  .testTarget(
    name: "TrainingTests",
    dependencies: ["Training", "UMamba2", "Layers", "Checkpoint", "Phantom", "Clicks", "Volume", "NetworkOracle"]),
  .testTarget(name: "CanvasTests", dependencies: ["Canvas", "PseudoTerminal", "CPNGReader"]),
  .testTarget(name: "ViewerTests", dependencies: ["Viewer", "Canvas", "Session", "Clicks", "Volume", "Formats"]),
  .testTarget(name: "TerminalTests", dependencies: ["Terminal", "Canvas", "PseudoTerminal", "TerminalProbe"]),
  .testTarget(
    name: "CommandTests",
    dependencies: ["canalis", "PseudoTerminal", "CPseudoTerminal", "Segmentation", "Checkpoint", "Volume"]),
  .testTarget(name: "ArchitectureTests"),
  // The network in double precision, as its formulas, for the tests of what is fast.
  .target(name: "NetworkOracle", dependencies: ["UMamba2", "Layers", "Volume"], path: "Tests/NetworkOracle"),
  // Reads pictures back.
  .target(name: "CPNGReader", path: "Tests/CPNGReader", linkerSettings: [.linkedLibrary("png16")]),
  // Shows frames and reports events on a real terminal, for TerminalTests.
  .executableTarget(
    name: "TerminalProbe", dependencies: ["Terminal", "Canvas", "PseudoTerminal"], path: "Tests/TerminalProbe"),
  // A real terminal for programs under test, and a reader of what they show.
  .target(name: "PseudoTerminal", dependencies: ["CPseudoTerminal", "Canvas"], path: "Tests/PseudoTerminal"),
  .target(name: "CPseudoTerminal", path: "Tests/CPseudoTerminal", linkerSettings: [.linkedLibrary("util")]),
]

let package = Package(
  name: "canalis",
  products: [.executable(name: "canalis", targets: ["canalis"])],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2")
  ],
  targets: cTargets + swiftTargets + testTargets,
  swiftLanguageModes: [.v6],
  cLanguageStandard: .gnu11
)
