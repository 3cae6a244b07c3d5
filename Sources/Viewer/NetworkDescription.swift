/// What the viewer says about the network that answers.
public struct NetworkDescription: Sendable, Hashable {
  /// The model's name.
  public let name: String
  /// What must be known before trusting it, shown all the time, for instance "untrained weights: not for clinical use".
  public let honestyLine: String?
  /// Whether "not canal" clicks enter the network; otherwise they act on its answer.
  public let hasNegativeClicks: Bool

  /// Creates a description.
  ///
  /// - Parameters:
  ///   - name: The model's name.
  ///   - honestyLine: What must be known before trusting it, or `nil`.
  ///   - hasNegativeClicks: Whether "not canal" clicks enter the network.
  public init(name: String, honestyLine: String?, hasNegativeClicks: Bool) {
    self.name = name
    self.honestyLine = honestyLine
    self.hasNegativeClicks = hasNegativeClicks
  }
}
