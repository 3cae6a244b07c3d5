import Canvas
import Testing

@Suite("Text in cells")
struct TextTests {
  @Test("Text is written from a column on, cut at both edges and at an end")
  func writing() {
    var frame = Frame(columns: 10, rows: 2)
    #expect(frame.write("hello", column: 2, row: 0) == 7)
    #expect(frame.write("beginning", column: -3, row: 1) == 6)
    frame.write("rest is cut", column: 6, row: 1, before: 8)
    frame.write("nowhere", column: 0, row: 5)
    #expect(frame.text == "  hello\ninningre")
  }

  @Test("Text can keep the background it is written on")
  func transparent() {
    var frame = Frame(columns: 4, rows: 1)
    frame.fill(columns: 0..<9, rows: -1..<9, with: Cell(background: .palette(4)))
    frame.write("ab", column: 1, row: 0, foreground: .palette(3), background: nil, style: .bold)
    #expect(frame[1, 0] == Cell("a", foreground: .palette(3), background: .palette(4), style: .bold))
    #expect(frame[3, 0] == Cell(background: .palette(4)))
  }

  @Test("A scan's name can neither move the cursor nor turn the text around")
  func controlCharacters() {
    #expect("a\u{1b}[2Jb".escapingControlCharacters == "a\\x1B[2Jb")
    #expect("a\nb\t\u{9b}".escapingControlCharacters == "a\\x0Ab\\x09\\x9B")
    #expect("scan\u{202e}gnp.exe".escapingControlCharacters == "scan\\u{202E}gnp.exe")
    #expect("Jäger 漢".escapingControlCharacters == "Jäger 漢")
    var frame = Frame(columns: 20, rows: 1)
    frame.write("x\u{7}y\u{0}", column: 0, row: 0)
    #expect(frame.text == "x\\x07y\\x00")
  }

  @Test("One character is one column: wide ones are replaced, accents joined or dropped")
  func columns() {
    #expect(String(String.UnicodeScalarView("a漢b".cellScalars)) == "a?b")
    #expect("e\u{301}x".cellScalars == ["é", "x"])
    #expect("x\u{30a}y".cellScalars == ["x", "y"])
    #expect("🦷1".cellScalars == ["?", "1"])
    for scalar in "▀▄░▒▓█│─┼●○×→⠿".unicodeScalars { #expect(scalar.columnWidth == 1, "\(scalar)") }
  }

  @Test("Every character that is shown has a likeness in ASCII of one column")
  func fallbacks() {
    for value in UInt32(0)...0x2bff {
      guard let scalar = Unicode.Scalar(value) else { continue }
      #expect((0x20..<0x7f).contains(scalar.asciiFallback.value), "U+\(String(value, radix: 16))")
    }
    let text = "┌─┬┐│┼█░▒▓▀▄→é×".unicodeScalars.map(\.asciiFallback)
    #expect(String(String.UnicodeScalarView(text)) == "+-++|+#.:%\"_>ex")
  }
}
