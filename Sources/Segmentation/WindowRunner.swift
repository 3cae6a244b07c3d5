import UMamba2
import Volume

/// Answers windows: from the cache, from encodings kept in memory or on disk, or from the scan.
final class WindowRunner<Network: PatchNetwork> {
  private let network: Network
  private let input: NetworkInput
  private let mirroring: MirrorAveraging
  private let guidance: NotCanalGuidance?
  private let plan: WindowPlan
  private let classes: Int
  private let cost: ForwardCost
  private var cache: WindowCache<Network.Encoding>
  private let archive: EncodingArchive<Network>?
  /// Where the network sees canals without clicks, by window.
  private var canalMaps: [Int: CanalMap] = [:]
  /// Counts the runs, so that the cache knows what is old.
  private var run = 0
  /// Whether this run answers most windows, not only those that a click changes.
  private var isWide = false

  init(
    network: Network, input: NetworkInput, pipeline: PipelinePlan, plan: WindowPlan, cost: ForwardCost, cacheBytes: Int,
    disk: DiskCache?
  ) {
    self.network = network
    self.input = input
    self.plan = plan
    mirroring = pipeline.mirroring
    guidance = pipeline.notCanalGuidance
    classes = pipeline.classes
    self.cost = cost
    let answerBytes = pipeline.classes * network.patch.product * MemoryLayout<Float>.stride
    let archive: EncodingArchive<Network>? = disk.flatMap { disk in
      network.encodingFormat.map { format in
        EncodingArchive(
          disk: disk, format: format, input: input, plan: plan, views: pipeline.mirroring.views,
          encodingBytes: network.encodingByteCount, encodeMultiplyAccumulates: cost.encodeMultiplyAccumulates,
          budgetInBytes: max(0, cacheBytes - plan.count * answerBytes))
      }
    }
    self.archive = archive
    cache = WindowCache(
      budgetInBytes: cacheBytes - (archive?.waitingLimit ?? 0), windows: plan.count, answerBytes: answerBytes,
      encodingBytes: network.encodingByteCount, keepsParts: guidance != nil)
  }

  /// Begins a run; `end` has to follow.
  ///
  /// - Parameter pending: How many windows the network will run for.
  func begin(pending: Int) {
    run += 1
    isWide = 2 * pending > plan.count
    // A click waits for nothing that is written; a pass over the whole scan goes on while it writes.
    archive?.rest(!isWide)
  }

  /// Whether the answers of all windows are kept, so that windows may be run in any order.
  var keepsAllAnswers: Bool { cache.keepsAllAnswers }

  /// How many mirrored views a window has.
  var views: Int { mirroring.views.count }

  /// The windows, of some, that the network has to run for, and the work of that in multiply-accumulates.
  ///
  /// - Parameters:
  ///   - windows: Their numbers.
  ///   - prompts: The clicks that each window of the scan sees.
  /// - Returns: Both.
  func pending(_ windows: [Int], prompts: [[PointPrompt]]) -> (windows: [Int], work: Double) {
    var total = 0.0
    let pending = windows.filter { window in
      let prompts = prompts[window]
      let done = cache.answer(window: window, prompts: prompts)?.views ?? 0
      if done == views { return false }
      for view in done..<views
      where !cache.hasEncoding(window: window, view: view) && archive?.has(window: window, view: view) != true {
        total += Double(cost.encodeMultiplyAccumulates)
      }
      for part in parts(of: prompts, window: window) {
        let done = keptNetworkAnswer(window: window, prompts: part)?.views ?? 0
        total += Double((views - done) * cost.decodeMultiplyAccumulates)
      }
      return true
    }
    return (pending, total)
  }

  /// The window's answer to whatever clicks it was given last, if it was kept.
  func latestAnswer(window: Int) -> WindowCache<Network.Encoding>.Answer? { cache.latestAnswer(window: window) }

  /// Answers one window.
  ///
  /// - Parameters:
  ///   - window: Its number.
  ///   - prompts: The clicks that it sees, relative to its corner.
  ///   - views: How many of the mirrored views are wanted: the first alone, or all.
  ///   - report: Called with a stage and the multiply-accumulates done in this call.
  /// - Returns: The window's mean logits.
  /// - Throws: `SegmentationError.nonFiniteLogits`, or what the report throws.
  func answer(
    window: Int, prompts: [PointPrompt], views: Int, report: (String, Double) throws -> Void
  ) throws -> WindowCache<Network.Encoding>.Answer {
    if let earlier = cache.answer(window: window, prompts: prompts), earlier.views >= views { return earlier }
    var done = 0.0
    func networkAnswers(_ prompts: [[PointPrompt]]) throws -> [WindowCache<Network.Encoding>.Answer] {
      let before = done
      return try self.networkAnswers(window: window, to: prompts, views: views) { stage, work in
        done = before + work
        try report(stage, done)
      }
    }
    var others = prompts
    if let guidance, guidance.concerns(prompts) {
      if (canalMaps[window]?.views ?? 0) < views { _ = try networkAnswers([[]]) }
      others = canalMaps[window].map { guidance.withoutInside(prompts, canals: $0) } ?? prompts
    }
    let parts = try networkAnswers(others == prompts ? [prompts] : [prompts, others])
    var answer = parts[0]
    if let guidance, parts.count > 1 {
      let inside = prompts.filter { !others.contains($0) }.map(\.voxel)
      guidance.strengthen(&answer.logits, beyond: parts[1].logits, inside: inside, patch: network.patch)
      answer.largest = try scale(&answer.logits, by: 1, window: window)
      answer.views = min(answer.views, parts[1].views)
      answer.isStrengthened = true
      cache.keepPart(parts[1], window: window)
    }
    cache.keep(answer, window: window)
    return answer
  }

  /// The clicks to which the network answers for a window's answer, as far as can be told before it does.
  private func parts(of prompts: [PointPrompt], window: Int) -> [[PointPrompt]] {
    guard let guidance, guidance.concerns(prompts) else { return [prompts] }
    guard let canals = canalMaps[window], canals.views >= views else { return [[], prompts] }
    let others = guidance.withoutInside(prompts, canals: canals)
    return others.count < prompts.count ? [others, prompts] : [prompts]
  }

  /// The network's own answer to some clicks, if it was kept, as the window's answer or for it.
  private func keptNetworkAnswer(
    window: Int, prompts: [PointPrompt]
  ) -> WindowCache<Network.Encoding>.Answer? {
    let latest = cache.answer(window: window, prompts: prompts)
    return latest?.isStrengthened == false ? latest : cache.part(window: window, prompts: prompts)
  }

  /// The network's mean logits for one window and each of some sets of clicks.
  private func networkAnswers(
    window: Int, to sets: [[PointPrompt]], views: Int, report: (String, Double) throws -> Void
  ) throws -> [WindowCache<Network.Encoding>.Answer] {
    let patch = network.patch
    let count = classes * patch.product
    var answers = sets.map { prompts in
      keptNetworkAnswer(window: window, prompts: prompts)
        ?? .init(prompts: prompts, views: 0, logits: [Float](repeating: 0, count: count), largest: 0)
    }
    let missing = answers.indices.filter { answers[$0].views < views }
    guard let first = missing.map({ answers[$0].views }).min() else { return answers }
    var image: [Float] = []
    var done = 0.0
    var viewLogits = [Float](repeating: 0, count: count)
    for index in first..<views {
      let view = mirroring.views[index]
      let encoding: Network.Encoding
      if let kept = cache.encoding(window: window, view: index, run: run) {
        encoding = kept
      } else {
        let isKept = cache.makeRoomForEncoding(run: run)
        encoding = try newEncoding(window: window, view: index, image: &image, isKept: isKept) { progress in
          try report(progress.stage, done + Double(cost.encodeMultiplyAccumulates) * progress.fraction)
        }
        if isKept { cache.keep(encoding, window: window, view: index, run: run) }
        done += Double(cost.encodeMultiplyAccumulates)
      }
      for number in missing where answers[number].views <= index {
        let viewed = mirroring.prompts(sets[number], in: view, patch: patch)
        try viewLogits.withUnsafeMutableBufferPointer { logits in
          try network.decode(encoding, prompts: viewed, into: logits) { progress in
            try report(progress.stage, done + Double(cost.decodeMultiplyAccumulates) * progress.fraction)
          }
          guard let base = logits.baseAddress else { return }
          // Of the first view alone the mean is the sum.
          answers[number].logits.withUnsafeMutableBufferPointer { mean in
            guard let sum = mean.baseAddress else { return }
            mirroring.add(base, of: view, patch: patch, isFirst: index == 0, to: sum)
          }
        }
        done += Double(cost.decodeMultiplyAccumulates)
        try report("averaging views", done)
      }
    }
    for number in missing {
      answers[number].largest = try scale(&answers[number].logits, by: 1 / Float(views), window: window)
      answers[number].views = views
      if sets[number].isEmpty, guidance != nil {
        canalMaps[window] = CanalMap(logits: answers[number].logits, patch: patch, views: views)
      }
    }
    return answers
  }

  /// Ends a run: what memory keeps goes to disk until the next.
  func end() {
    guard let archive else { return }
    cache.forEachEncoding { archive.writeSoon($0, window: $1, view: $2) }
    archive.rest(false)
  }

  /// Waits until encodings that are on their way to disk have arrived.
  func finishWriting() { archive?.finish() }

  /// Reads an encoding from disk or computes it.
  private func newEncoding(
    window: Int, view: Int, image: inout [Float], isKept: Bool, observer: ForwardObserver
  ) throws -> Network.Encoding {
    let found = try archive?.read(window: window, view: view, network: network) { share in
      try observer(ForwardProgress(stage: "reading the encoding", fraction: share))
    }
    if let found { return found }
    if image.isEmpty { image = try patchImage(window: window) }
    let start = ContinuousClock.now
    let encoding = try encode(image, view: mirroring.views[view], observer: observer)
    guard let archive else { return encoding }
    archive.noteEncoding(seconds: (ContinuousClock.now - start).inSeconds)
    // What memory does not keep is written at once if it may not wait, but never in a click's time.
    if !archive.writeSoon(encoding, window: window, view: view), !isKept, isWide {
      try archive.writeNow(encoding, window: window, view: view) {
        try observer(ForwardProgress(stage: "keeping the encoding", fraction: 1))
      }
    }
    return encoding
  }

  private func patchImage(window: Int) throws -> [Float] {
    var image = [Float](repeating: 0, count: network.patch.product)
    try image.withUnsafeMutableBufferPointer { try input.fillPatch(start: plan.start(of: window), into: $0) }
    return image
  }

  private func encode(
    _ image: [Float], view: MirrorAveraging.View, observer: ForwardObserver
  ) throws -> Network.Encoding {
    if view.isMirrored == Axes3(repeating: false) {
      return try image.withUnsafeBufferPointer { try network.encode(image: $0, observer: observer) }
    }
    let mirrored = [Float](unsafeUninitializedCapacity: image.count) { target, count in
      image.withUnsafeBufferPointer { source in
        guard let source = source.baseAddress, let target = target.baseAddress else { return }
        mirroring.image(source, in: view, patch: network.patch, into: target)
      }
      count = image.count
    }
    return try mirrored.withUnsafeBufferPointer { try network.encode(image: $0, observer: observer) }
  }

  /// Multiplies a window's logits by a factor.
  ///
  /// - Returns: The largest product.
  /// - Throws: `SegmentationError.nonFiniteLogits`.
  private func scale(_ values: inout [Float], by factor: Float, window: Int) throws -> Float {
    let (largest, isFinite) = values.withUnsafeMutableBufferPointer { values in
      let pieces = Parallel.split(0..<values.count, into: Parallel.width)
      var results = [(Float, Bool)](repeating: (0, true), count: pieces.count)
      nonisolated(unsafe) let values = values
      results.withUnsafeMutableBufferPointer { results in
        nonisolated(unsafe) let results = results
        Parallel.forEach(pieces.count) { piece in
          var largest = -Float.infinity
          // Something that is not finite times zero is no number, and stays so in the sum.
          var zero: Float = 0
          for index in pieces[piece] {
            let value = values[index] * factor
            values[index] = value
            largest = value > largest ? value : largest
            zero += value * 0
          }
          results[piece] = (largest, zero == 0)
        }
      }
      return (results.map(\.0).max() ?? 0, results.allSatisfy(\.1))
    }
    guard isFinite else { throw SegmentationError.nonFiniteLogits(window: window) }
    return largest
  }
}
