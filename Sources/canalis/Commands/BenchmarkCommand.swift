import ArgumentParser
import Checkpoint
import Foundation
import Layers
import UMamba2
import Volume

/// `canalis benchmark`.
struct Benchmark: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Measure how fast this machine answers.",
    discussion: """
      Runs one patch through the network and reports the full forward pass, the part that a click reruns, their rates \
      beside a matrix product (sgemm) of the same run, the most memory held, clicks one after the other, and the time \
      from a key to the viewer's frame while the network runs. Operations are those executed.

      With --scan: the seconds from opening the scan's file, model and network included, to the first preview \
      (first_preview_seconds), to the first preview in which each canal's Dice coefficient with the exact mask is at \
      least 0.95 (canals_shown_seconds; the exact mask's time if no preview is that close), and to the exact mask of \
      the whole scan (first_mask_seconds); then from a click to its preview and to the exact mask on the scan's grid. \
      resident_bytes is what the process holds after the first mask and after each tenth of the clicks, \
      resident_closed_bytes after each opening. cancel_p95_seconds and cancel_longest_seconds, here and without \
      --scan, are from a request to stop at any moment of the measured work to its end.

      Examples:
        canalis benchmark
        canalis benchmark --scan jaw.nii.gz            opening a scan, and clicks on it
        canalis benchmark --plan task2 --repeats 1     the published plan with drawn weights: minutes, gigabytes
      """)

  @Option(help: ArgumentHelp("The model. Default: $CANALIS_MODEL, else the bundled one.", valueName: "file"))
  var model: String?

  @Option(help: ArgumentHelp("Drawn weights for a plan instead of a model: compact or task2.", valueName: "plan"))
  var plan: NamedPlan?

  @Option(help: ArgumentHelp("Voxels of the patch. Default: the plan's.", valueName: "DxHxW"))
  var patch: PatchOption?

  @Option(help: ArgumentHelp("How often to run the full forward pass; the best counts.", valueName: "number"))
  var repeats = 3

  @Option(
    help: ArgumentHelp(
      "Measure opening this scan and clicking on it instead: first mask, then clicks.", valueName: "scan"))
  var scan: String?

  @Option(
    help: ArgumentHelp("How many clicks to answer after that. Default: 20, with --scan 50.", valueName: "number"))
  var clicks: Int?

  @Option(help: ArgumentHelp("How often to open the scan, one time after the other.", valueName: "number"))
  var openings = 1

  @OptionGroup var outputOptions: OutputOptions

  func validate() throws {
    if model != nil, plan != nil { throw ValidationError("give --model or --plan, not both") }
    if scan != nil, plan != nil || patch != nil { throw ValidationError("--scan goes with --model alone") }
    if repeats < 1 { throw ValidationError("--repeats must be at least 1") }
    if openings < 1 { throw ValidationError("--openings must be at least 1") }
    if openings > 1, scan == nil { throw ValidationError("--openings goes with --scan") }
    if let clicks, clicks < 1 { throw ValidationError("--clicks must be at least 1") }
  }

  func run() throws {
    Interruption.watch()
    if let scan { return try measure(scan: scan) }
    let subject: (plan: NetworkPlan, parameters: any ParameterSource)
    if let plan {
      subject = (plan.plan, DrawnParameters(plan: plan.plan, seed: 1))
    } else {
      let model = try Model.load(path: try BundledAssets.modelPath(option: model))
      subject = (model.metadata.plan, model.parameters)
    }
    let report = try ForwardBenchmark(
      plan: subject.plan, patch: patch?.shape, parameters: subject.parameters, repeats: repeats,
      clicks: clicks ?? 20
    ).run(progress: ProgressPrinter(isQuiet: outputOptions.quiet))
    guard !outputOptions.json else { return try JSONOutput.write(report) }
    print(
      "patch \(report.patch.map(String.init).joined(separator: " x ")), \(report.threads) threads, \(report.instructionSet)"
    )
    print(
      String(
        format: "full forward  %8.3f s  %7.1f GFLOP/s, %.0f %% of sgemm", report.fullForwardSeconds,
        report.forwardGflops, 100 * report.shareOfSgemm))
    print(
      String(
        format: "click rerun   %8.3f s  %7.1f GFLOP/s, %.0f %% of sgemm", report.clickRerunSeconds, report.clickGflops,
        100 * report.clickShareOfSgemm))
    print(
      String(format: "sgemm                     %7.1f GFLOP/s", report.sgemmGflops)
        + " (OpenBLAS, \(report.sgemmKernels) kernels)")
    if let median = report.clickP50Seconds, let slow = report.clickP95Seconds {
      print(String(format: "%d clicks     p50 %.3f s, p95 %.3f s", report.clicks, median, slow))
    }
    print(
      String(
        format: "%d frames   p50 %.1f ms, p95 %.1f ms from key to frame while the network runs", report.frames,
        1e3 * report.frameP50Seconds, 1e3 * report.frameP95Seconds))
    print(
      String(
        format: "cancelling   p95 %.1f ms, longest %.1f ms", 1e3 * report.cancelP95Seconds,
        1e3 * report.cancelLongestSeconds))
    print(String(format: "peak memory   %8.2f GiB", Double(report.peakMemoryBytes) / Double(1 << 30)))
    print("stage                      seconds    GFLOP  GFLOP/s")
    for stage in report.stages {
      print(
        stage.name.padding(toLength: 24, withPad: " ", startingAt: 0)
          + String(format: "%10.4f %8.2f %8.1f", stage.seconds, stage.gflop, stage.gflops))
    }
  }

  private func measure(scan: String) throws {
    let report = try ScanBenchmark(
      scanPath: scan, modelPath: try BundledAssets.modelPath(option: model), clicks: clicks ?? 50, openings: openings
    ).run(progress: ProgressPrinter(isQuiet: outputOptions.quiet))
    guard !outputOptions.json else { return try JSONOutput.write(report) }
    func line(_ name: String, _ seconds: Double?) {
      print(
        name.padding(toLength: 22, withPad: " ", startingAt: 0) + (seconds.map { String(format: "%8.3f s", $0) } ?? "-")
      )
    }
    line("first preview", report.firstPreviewSeconds)
    line("canals shown", report.canalsShownSeconds)
    line("first mask", report.firstMaskSeconds)
    line("click, preview, p50", report.previewP50Seconds)
    line("click, exact, p50", report.clickP50Seconds)
    line("click, exact, p95", report.clickP95Seconds)
    line("cancel, p95", report.cancelP95Seconds)
    line("cancel, longest", report.cancelLongestSeconds)
    print(String(format: "windows a click       %8.1f of %d", report.windowsAClick, report.windows))
  }
}
