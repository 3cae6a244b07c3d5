import Canvas
import Foundation
import PseudoTerminal
import Testing

@Suite("Frames as files")
struct FrameFileTests {
  /// What a terminal shows after `cat`.
  private func shown(_ text: String, columns: Int, rows: Int) -> Frame {
    var screen = ScreenEmulator(columns: columns, rows: rows + 1)
    screen.feed(text.replacingOccurrences(of: "\n", with: "\r\n").utf8)
    #expect(screen.unknown == [])
    var frame = Frame(columns: columns, rows: rows)
    for row in 0..<rows {
      for column in 0..<columns { frame[column, row] = screen.frame[column, row] }
    }
    return frame
  }

  /// A frame without what cannot be seen: the character colour of blanks.
  private func visible(_ frame: Frame) -> Frame {
    var result = frame
    for row in 0..<frame.rows {
      for column in 0..<frame.columns {
        let cell = frame[column, row]
        if cell.scalar == " ", cell.style.isDisjoint(with: [.reverse, .underline]) {
          result[column, row] = Cell(background: cell.background)
        }
      }
    }
    return result
  }

  @Test("Shown with cat, the text is the frame", arguments: DisplayCapabilities.ColorDepth.allCases)
  func ansi(colors: DisplayCapabilities.ColorDepth) {
    let capabilities = DisplayCapabilities(colors: colors)
    let picture = TestPicture.frame(columns: 80, rows: 24, slice: 1, capabilities: DisplayCapabilities(colors: colors))
    let text = picture.ansi(capabilities: capabilities)
    let meant = picture.reduced(to: capabilities)
    #expect(visible(shown(text, columns: 80, rows: 24)) == visible(meant))
  }

  @Test("Frames of random cells come back from their text")
  func randomCells() {
    var generator = SystemRandomNumberGenerator()
    let scalars: [Unicode.Scalar] = [" ", " ", "a", "▀", "é"]
    let colors: [CellColor] = [.standard, .palette(1), .palette(9), .palette(99), .rgb(1, 2, 3)]
    let capabilities = DisplayCapabilities(colors: .trueColor)
    for _ in 0..<200 {
      var frame = Frame(columns: 9, rows: 3)
      for row in 0..<3 {
        for column in 0..<9 {
          frame[column, row] = Cell(
            scalars.randomElement(using: &generator) ?? " ",
            foreground: colors.randomElement(using: &generator) ?? .standard,
            background: colors.randomElement(using: &generator) ?? .standard,
            style: CellStyle(rawValue: UInt8.random(in: 0...15, using: &generator)))
        }
      }
      let text = frame.ansi(capabilities: capabilities)
      #expect(visible(shown(text, columns: 9, rows: 3)) == visible(frame), "\(text.debugDescription)")
    }
  }

  @Test("Only changes are written, blanks at the end are not, and lines end in default colours")
  func ansiText() {
    var frame = Frame(columns: 8, rows: 3)
    frame.write("aab", column: 0, row: 0, foreground: .palette(1))
    frame.write("c", column: 4, row: 0, foreground: .palette(1), background: .palette(200))
    frame.write("d", column: 0, row: 2)
    #expect(frame.ansi() == "\u{1b}[31maab \u{1b}[48;5;200mc\u{1b}[0m\n\nd\n")
    #expect(frame.ansi(capabilities: DisplayCapabilities(colors: .none)) == "aab c\n\nd\n")
  }

  @Test("Characters that would break lines or columns are replaced")
  func badCells() {
    var frame = Frame(columns: 4, rows: 1)
    frame[0, 0] = Cell("\u{1b}")
    frame[1, 0] = Cell("漢")
    frame[2, 0] = Cell("\u{301}")
    frame[3, 0] = Cell("é")
    #expect(frame.ansi() == "???é\n")
    #expect(frame.ansi(capabilities: DisplayCapabilities(isUTF8: false)) == "???e\n")
  }

  @Test("A picture has 8 x 16 pixels a cell, and those of blocks and letters are where they belong")
  func png() throws {
    var frame = Frame(columns: 4, rows: 1)
    frame[0, 0] = Cell("▀", foreground: .rgb(200, 0, 0), background: .rgb(0, 0, 200))
    frame[1, 0] = Cell("▗", foreground: .palette(15), background: .palette(16))
    frame[2, 0] = Cell("▒", foreground: .rgb(200, 200, 200), background: .rgb(0, 0, 0))
    frame[3, 0] = Cell("I", foreground: .rgb(0, 255, 0))
    let picture = try Picture(png: frame.png())
    #expect(picture.width == 32 && picture.height == 16)
    #expect(picture[0, 0] == [200, 0, 0] && picture[7, 7] == [200, 0, 0])
    #expect(picture[0, 8] == [0, 0, 200] && picture[7, 15] == [0, 0, 200])
    #expect(picture[8, 8] == [0, 0, 0] && picture[12, 7] == [0, 0, 0] && picture[12, 8] == [255, 255, 255])
    #expect(picture[20, 5] == [100, 100, 100])
    let ink = (0..<16).flatMap { row in (24..<32).filter { picture[$0, row] == [0, 255, 0] } }
    #expect((8...60).contains(ink.count), "the letter has \(ink.count) pixels")

    let twice = try Picture(png: frame.png(scale: 2))
    #expect(twice.width == 64 && twice.height == 32)
    for row in 0..<16 {
      for column in 0..<32 { #expect(twice[2 * column + 1, 2 * row + 1] == picture[column, row]) }
    }
  }

  @Test("Reverse, dim, bold and underline can be seen")
  func pngStyles() throws {
    var frame = Frame(columns: 5, rows: 1)
    for (column, style) in [CellStyle([]), .reverse, .dim, .bold, .underline].enumerated() {
      frame[column, 0] = Cell("l", foreground: .rgb(200, 200, 200), background: .rgb(0, 0, 0), style: style)
    }
    let picture = try Picture(png: frame.png())
    func sum(_ cell: Int) -> Int {
      (0..<16).reduce(0) { total, row in total + (0..<8).reduce(0) { $0 + Int(picture[cell * 8 + $1, row][0]) } }
    }
    #expect(sum(1) == 128 * 200 - sum(0))
    #expect(sum(2) * 2 == sum(0))
    #expect(sum(3) > sum(0))
    #expect(sum(4) > sum(0))
  }

  @Test("Every character of the font and of the blocks has a shape of its own; one that is missing is a box")
  func shapes() throws {
    var seen: [[UInt8]: Unicode.Scalar] = [:]
    let blocks = (UInt32(0x2580)...0x259f).compactMap(Unicode.Scalar.init)
    let braille = (UInt32(0x2801)...0x28ff).compactMap(Unicode.Scalar.init)
    let letters = (UInt32(0x21)...0x7e).compactMap(Unicode.Scalar.init)
    let others = Array("─│┌┐└┘├┤┬┴┼←→↑↓▲▼◆◇●○✓✗≤≥×äöüé°²³…".unicodeScalars)
    for scalar in blocks + braille + letters + others {
      var frame = Frame(columns: 1, rows: 1)
      frame[0, 0] = Cell(scalar, foreground: .rgb(255, 255, 255))
      let pixels = try Picture(png: frame.png()).pixels
      if let other = seen[pixels] { Issue.record("\(scalar) looks like \(other)") }
      seen[pixels] = scalar
    }
    var missing = Frame(columns: 1, rows: 1)
    missing[0, 0] = Cell("\u{1FA77}", foreground: .rgb(255, 255, 255))
    #expect(try Picture(png: missing.png()).pixels.contains(255))
  }

  @Test("Lines of boxes meet at the cells' edges")
  func boxes() throws {
    var frame = Frame(columns: 2, rows: 2)
    for (index, scalar) in "┌┐└┘".unicodeScalars.enumerated() {
      frame[index % 2, index / 2] = Cell(scalar, foreground: .rgb(255, 255, 255))
    }
    let picture = try Picture(png: frame.png())
    let edgeRows = (0..<32).filter { picture[7, $0][0] == 255 }
    #expect(edgeRows == (0..<32).filter { picture[8, $0][0] == 255 } && !edgeRows.isEmpty)
    let edgeColumns = (0..<16).filter { picture[$0, 15][0] == 255 }
    #expect(edgeColumns == (0..<16).filter { picture[$0, 16][0] == 255 } && !edgeColumns.isEmpty)
  }

  @Test("A picture without pixels or with too many is refused")
  func pictureSizes() {
    #expect(throws: CanvasError.pictureSize(width: 0, height: 16)) { try Frame(columns: 0, rows: 1).png() }
    #expect(throws: CanvasError.pictureSize(width: 72008, height: 16)) { try Frame(columns: 9001, rows: 1).png() }
  }
}
