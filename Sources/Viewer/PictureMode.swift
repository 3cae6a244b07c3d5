import Canvas

/// How grey values are made of cells: the rungs of the ladder from 24-bit colour to plain ASCII.
enum PictureMode: Sendable, Hashable, CaseIterable {
  /// Two pixels in a cell with the upper half block, each of its own colour.
  case blocks
  /// One pixel in a cell: a blank on a coloured background.
  case solid
  /// One pixel in a cell: `░▒▓` mix two neighbouring colours.
  case shades
  /// One pixel in a cell: characters by how much ink they have.
  case glyphs

  /// Pixels in a cell from top to bottom.
  var pixelsPerCell: Int { self == .blocks ? 2 : 1 }
}

extension ViewerModel {
  /// The mode that the terminal's abilities and the setting lead to.
  var pictureMode: PictureMode {
    switch (capabilities.colors, capabilities.isUTF8) {
    case (.trueColor, true), (.palette256, true): settings.pictureStyle == .blocks ? .blocks : .shades
    case (.sixteen, true), (.eight, true): .shades
    case (.trueColor, false), (.palette256, false), (.sixteen, false): .solid
    case (.eight, false), (.none, _): .glyphs
    }
  }
}
