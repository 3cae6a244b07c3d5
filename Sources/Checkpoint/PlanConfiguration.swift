/// A configuration of nnU-Net's plans, with everything that it inherits.
struct PlanConfiguration {
  /// The configuration first, then what it inherits from, nearest first.
  private let chain: [PlanValue]
  /// The longest chain of inheritance.
  private static let lengthLimit = 32

  /// Finds a configuration and its ancestors.
  ///
  /// - Parameters:
  ///   - name: The configuration's name.
  ///   - configurations: `plans.configurations`.
  /// - Throws: `CheckpointError` when one of them is missing or they inherit in a circle.
  init(name: String, in configurations: PlanValue) throws {
    var chain: [PlanValue] = []
    var visited: Set<String> = []
    var next: String? = name
    while let name = next {
      guard visited.insert(name).inserted, chain.count < Self.lengthLimit else {
        throw configurations.invalid("configurations that inherit from each other without a circle", found: "a circle")
      }
      let configuration = try configurations.child(name)
      let parent = try configuration.child("inherits_from")
      chain.append(configuration)
      next = parent.isMissing ? nil : try parent.text()
    }
    self.chain = chain
  }

  /// The value of a key: the nearest configuration's that has it.
  func value(_ key: String) throws -> PlanValue {
    for configuration in chain {
      if try configuration.dictionary()[key] != nil { return try configuration.child(key) }
    }
    return try chain[0].child(key)
  }
}
