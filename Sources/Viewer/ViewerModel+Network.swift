import Session

extension ViewerModel {
  /// How long the latest change is flashed, seconds.
  static let flashSeconds = 0.8
  /// The smallest rest of a canal that is told when it is dropped, mm³: about 2 mm of a canal.
  static let smallestRest = 10.0

  /// Asks the network for the clicks in force, in place of whatever it was asked before.
  mutating func askNetwork(because cause: String) -> [ViewerEffect] {
    guard network != nil else { return [] }
    if isMaskCurrent {
      // An action and its undo leave nothing to compute.
      return stopJob()
    }
    let request = NetworkJob(id: nextJob, clicks: history.clicks)
    nextJob += 1
    job = RunningJob(job: request, cause: cause)
    return [.runNetwork(request)]
  }

  /// Asks again after a stop or an error.
  mutating func runAgain() -> [ViewerEffect] {
    guard network != nil else {
      say("there is no model: clicks are kept, the mask does not change")
      return []
    }
    guard job == nil else { return [] }
    guard !isMaskCurrent else {
      say("the mask answers these clicks already")
      return []
    }
    return askNetwork(because: "asked again")
  }

  /// Drops the job that runs or waits.
  mutating func stopJob() -> [ViewerEffect] {
    guard let running = job else { return [] }
    job = nil
    return [.cancelNetwork(job: running.job.id)]
  }

  /// Takes what a job will cost: asks, or goes on when as much has been accepted before.
  mutating func consider(_ estimate: CostEstimate, of id: Int) -> [ViewerEffect] {
    guard job?.job.id == id else { return [] }
    job?.estimate = estimate
    guard estimate.needsConfirmation else { return [] }
    if estimate.seconds <= acceptedSeconds * 1.5 { return [.confirmNetwork(job: id)] }
    job?.isAsking = true
    return []
  }

  /// Accepts the cost.
  mutating func acceptCost() -> [ViewerEffect] {
    guard let running = job, running.isAsking else { return [] }
    job?.isAsking = false
    acceptedSeconds = max(acceptedSeconds, running.estimate?.seconds ?? 0)
    return [.confirmNetwork(job: running.job.id)]
  }

  /// Shows a mask that is not exact yet, unless a newer question has been asked.
  mutating func accept(_ preview: NetworkPreview) {
    guard job?.job.id == preview.job, preview.labels.count == scan.volume.voxels.count else { return }
    job?.preview = preview
  }

  /// Takes an answer, unless a newer question has been asked.
  mutating func accept(_ answer: NetworkAnswer) {
    guard let running = job, running.job.id == answer.job else { return }
    var answer = answer
    job = nil
    guard answer.labels.count == scan.volume.voxels.count else {
      alarm(
        "the network's answer has \(answer.labels.count) voxels, the scan \(scan.volume.voxels.count); r tries again")
      return
    }
    if let labels, shownJob == nil || answer.previousJob != shownJob {
      // An answer in between was never shown: the user sees all that changed since the mask on the screen.
      answer.change.count(from: labels, to: answer.labels)
    }
    previousLabels = labels
    labels = answer.labels
    shownJob = answer.job
    answeredClicks = running.job.clicks
    forcedClicks = answer.forcedClicks
    if settings.flashesChange, previousLabels != nil { flashEnd = now + Self.flashSeconds }
    say(summary(of: answer, cause: running.cause))
  }

  private func summary(of answer: NetworkAnswer, cause: String) -> String {
    let time = "\(NumberText.duration(answer.seconds)), \(NumberText.windows(answer.windowsRun))"
    var sentences: [String] = []
    let change = answer.change
    if previousLabels == nil {
      sentences.append("\(cause): left \(change.left), right \(change.right) voxels, \(time)")
    } else {
      let rests = change.rests.filter { $0.volume >= Self.smallestRest }
      // Short, to fit in 80 columns: what was dropped matters more than how long it took.
      sentences.append(
        "\(cause): +\(change.added) voxels, -\(change.removed)" + (rests.isEmpty ? ", \(time)" : ""))
      for rest in rests {
        let place = rest.voxel.array.map(String.init).joined(separator: ", ")
        sentences.append("dropped \(Int(rest.volume.rounded())) mm³ \(rest.kind.rawValue) at [\(place)]")
      }
    }
    let forced = answer.forcedClicks.sorted()
    if forced.count == 1 { sentences.append("click \(forced[0]) forced") }
    if forced.count > 1 { sentences.append("clicks \(forced.map(String.init).joined(separator: ", ")) forced") }
    if network?.hasNegativeClicks == false, answeredClicks?.contains(where: { $0.kind == .background }) == true {
      sentences.append("this model has no negative clicks: applied after it")
    }
    return (sentences + answer.warnings).joined(separator: "; ")
  }
}
