import Volume

/// A place in the mandible where marrow is missing or dense: a healing socket, a cyst, an inflamed root tip or an island
/// of compact bone.
struct Lesion: Sendable {
  /// The centre line, two places.
  let points: [Vector]
  let radius: Double
  let value: Double
  /// The width of its border.
  let softness: Double

  init(side: JawSide, random: inout SeededGenerator) {
    let along = random.uniform(5...(side.bodyLength - 15))
    let crest = side.crestHeight(along: min(along, 60))
    let height = random.uniform(5...max(crest - 2, 6))
    let section = side.section(along: along, height: height)
    let offset = section.middle + random.uniform(-0.4...0.4) * section.half
    let length = random.uniform(0.2...6)
    let lean = random.uniform(-2...2)
    points = [
      side.place(along: along, offset: offset, height: height),
      side.place(along: along + lean, offset: offset, height: height + length),
    ]
    radius = random.uniform(1...3.8)
    value = random.happens(0.65) ? random.uniform(-60...250) : random.uniform(700...1500)
    softness = random.uniform(0.3...2.5)
  }
}
