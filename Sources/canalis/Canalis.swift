import ArgumentParser
import Foundation

/// The program.
@main
struct Canalis: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "canalis",
    abstract: "Refine the segmentation of the inferior alveolar canal in a dental cone-beam CT scan, with clicks.",
    discussion: """
      canalis scan.nii.gz                                    view, click, refine
      canalis segment scan.nii.gz --output mask.nii.gz       a mask without the viewer
      canalis model import checkpoint.pth --output m.safetensors

      For research. Not a medical device: no mask it makes may guide treatment unchecked.

      Exit codes: 0 done, 1 failure, 2 bad data, 64 usage, 130 interrupted.
      """,
    version: ProgramVersion.current,
    subcommands: [
      Open.self, Segment.self, Info.self, ModelCommand.self, SessionCommand.self, Render.self, Evaluate.self,
      PhantomCommand.self, Train.self, Benchmark.self, CacheCommand.self,
    ],
    defaultSubcommand: Open.self)

  static func main() {
    StandardOutput.openClosedStreams()
    ProcessEnvironment.establish()
    signal(SIGPIPE, SIG_IGN)
    // A limit on the size of files becomes an error of the write, not the end of the program.
    signal(SIGXFSZ, SIG_IGN)
    do {
      var command = try parseAsRoot()
      try command.run()
      try StandardOutput.flush()
    } catch {
      leave(after: error)
    }
  }

  /// Says what went wrong and ends the program with the code for it.
  private static func leave(after error: any Error) -> Never {
    if error is CancellationError {
      StandardError.write("\ncanalis: interrupted; nothing unfinished was written")
      Foundation.exit(ExitStatus.interrupted.rawValue)
    }
    guard let status = ExitStatus(failure: error) else { exit(withError: error) }
    StandardError.write("canalis: \(error)")
    Foundation.exit(status.rawValue)
  }
}
