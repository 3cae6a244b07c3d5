import Canvas
import Testing
import Volume

@testable import Viewer

@Suite("The ladder of colours")
struct LadderTests {
  struct Rung: Sendable, CustomTestStringConvertible {
    let name: String
    let colors: DisplayCapabilities.ColorDepth
    var isUTF8 = true
    var style = ViewSettings.PictureStyle.blocks
    let mode: PictureMode
    var testDescription: String { name }
  }

  static let rungs = [
    Rung(name: "24bit", colors: .trueColor, mode: .blocks), Rung(name: "256", colors: .palette256, mode: .blocks),
    Rung(name: "256-shades", colors: .palette256, style: .shades, mode: .shades),
    Rung(name: "16", colors: .sixteen, mode: .shades), Rung(name: "8", colors: .eight, mode: .shades),
    Rung(name: "0", colors: .none, mode: .glyphs),
    Rung(name: "24bit-ascii", colors: .trueColor, isUTF8: false, mode: .solid),
    Rung(name: "256-ascii", colors: .palette256, isUTF8: false, mode: .solid),
    Rung(name: "16-ascii", colors: .sixteen, isUTF8: false, mode: .solid),
    Rung(name: "8-ascii", colors: .eight, isUTF8: false, mode: .glyphs),
    Rung(name: "0-ascii", colors: .none, isUTF8: false, mode: .glyphs),
  ]

  static func driver(_ rung: Rung, columns: Int = 80, rows: Int = 24) -> Driver {
    let scan = TestScan.make()
    var driver = Driver(
      scan: scan, labels: TestScan.canals(scan), columns: columns, rows: rows,
      capabilities: DisplayCapabilities(colors: rung.colors, isUTF8: rung.isUTF8))
    if rung.style == .shades { driver.type("b") }
    driver.type("1 hhhhhhhhhhhhhhh2 ]")
    return driver
  }

  @Test("a frame of each rung is the kept one", arguments: rungs)
  func snapshots(_ rung: Rung) throws {
    let driver = Self.driver(rung)
    #expect(driver.model.pictureMode == rung.mode)
    try Snapshot.check(driver.frame, "ladder-\(rung.name)")
  }

  @Test("a frame holds only colours and characters that the terminal has", arguments: rungs)
  func onlyWhatThereIs(_ rung: Rung) {
    for screen in [(80, 24), (200, 50), (40, 12)] {
      var driver = Self.driver(rung, columns: screen.0, rows: screen.1)
      for keys in ["", "m", "m", "d", "c", "c?"] {
        driver.type(keys)
        for cell in driver.frame.cells {
          for color in [cell.foreground, cell.background] {
            switch color {
            case .standard: break
            case .palette(let index): #expect(rung.colors == .palette256 || Int(index) < min(16, rung.colors.rawValue))
            case .rgb: #expect(rung.colors == .trueColor)
            }
          }
          if !rung.isUTF8 { #expect((0x20...0x7E).contains(cell.scalar.value)) }
          #expect(cell.scalar.columnWidth == 1)
        }
      }
    }
  }

  @Test("30 greys of 256 colours, each of its own brightness, and more than 60 levels with shades")
  func greys() {
    let ramp = GreyRamp.palette256
    #expect(Set(ramp.colors).count == 30)
    let values = ramp.colors.map { color -> Int in
      guard case .palette(let index) = color else { return -1 }
      let rgb = Palette.rgb(index)
      #expect(rgb.red == rgb.green && rgb.green == rgb.blue)
      return Int(rgb.red)
    }
    #expect(values == values.sorted() && Set(values).count == 30)
    // A grey level that is an entry's own is drawn with that entry everywhere.
    for (color, value) in zip(ramp.colors, values) {
      for threshold: UInt8 in 0...15 { #expect(ramp.color(UInt8(value), threshold: threshold) == color) }
    }
    // The dither's mean is the grey level, to half a step of sixteen.
    for level in 0...255 {
      let mean =
        (0..<16).map { threshold -> Double in
          let index = ramp.colors.firstIndex(of: ramp.color(UInt8(level), threshold: UInt8(threshold))) ?? 0
          return Double(values[index])
        }.reduce(0, +) / 16
      #expect(abs(mean - Double(level)) <= 0.7, "level \(level) came out as \(mean)")
    }
    let pairs = Set((0...255).map { [ramp.lower[$0], ramp.fraction[$0] / 4] })
    #expect(pairs.count > 60)
  }

  @Test("a tinted pixel keeps its brightness order and is no grey")
  func tint() {
    for colors in [DisplayCapabilities.ColorDepth.palette256, .trueColor] {
      for pixelClass in PixelClass.allCases where pixelClass != .plain {
        let ramp = MaskTint.ramps(colors)[Int(pixelClass.rawValue)]
        let rgbs = ramp.colors.map(Self.rgb)
        let brightness = rgbs.map { 0.299 * Double($0.0) + 0.587 * Double($0.1) + 0.114 * Double($0.2) }
        for (darker, brighter) in zip(brightness, brightness.dropFirst()) {
          #expect(darker <= brighter + 1e-9, "\(pixelClass) \(colors): \(darker) before \(brighter)")
        }
        for rgb in rgbs { #expect(max(rgb.0, rgb.1, rgb.2) > min(rgb.0, rgb.1, rgb.2) + 15 || brightness.first == 0) }
        if pixelClass == .leftFill { for rgb in rgbs { #expect(rgb.2 > rgb.0) } }
        if pixelClass == .rightFill { for rgb in rgbs { #expect(rgb.0 > rgb.2) } }
      }
    }
  }

  private static func rgb(_ color: CellColor) -> (Int, Int, Int) {
    switch color {
    case .rgb(let red, let green, let blue): (Int(red), Int(green), Int(blue))
    case .palette(let index): (Int(Palette.rgb(index).red), Int(Palette.rgb(index).green), Int(Palette.rgb(index).blue))
    case .standard: (0, 0, 0)
    }
  }

  @Test(
    "the mask is blue on the patient's left and orange on the right; off is off; the outline leaves the middle grey")
  func maskColors() throws {
    let scan = TestScan.make(shape: Axes3(40, 40, 40), spacing: Axes3(1, 1, 1)) { _ in 500 }
    var driver = Driver(
      scan: scan, labels: TestScan.canals(scan, radius: 0.12), columns: 100, rows: 54,
      capabilities: DisplayCapabilities(colors: .trueColor))
    driver.type("z")
    func color(_ patient: SIMD3<Int>) throws -> (Int, Int, Int) {
      let pane = driver.model.layout(columns: 100, rows: 54).panes[0]
      let pixel = try #require(driver.model.view(of: pane).pixel(of: patient))
      let cell = driver.frame[pane.picture.column + pixel.x, pane.picture.row + pixel.y / 2]
      return Self.rgb(cell.scalar == " " || pixel.y % 2 == 1 ? cell.background : cell.foreground)
    }
    let left = try color([34, 30, 20])
    let right = try color([6, 30, 20])
    #expect(left.2 > left.0 + 30)
    #expect(right.0 > right.2 + 30)
    let outside = try color([15, 30, 20])
    #expect(outside.0 == outside.1 && outside.1 == outside.2)
    driver.type("m")
    let middle = try color([34, 30, 20])
    #expect(middle.0 == middle.2)
    driver.type("m")
    #expect(try color([30, 30, 20]).0 == (try color([30, 30, 20])).2)
  }

  @Test("the crosshair leaves the voxel under it, and its neighbours on the lines, as they are")
  func crosshairGap() throws {
    let scan = TestScan.make(shape: Axes3(41, 41, 41), spacing: Axes3(1, 1, 1)) { _ in 500 }
    for zoom in [0, 4, 9] {
      var settings = ViewSettings()
      settings.zoomStep = zoom
      let model = ViewerModel(
        scan: scan, settings: settings, capabilities: DisplayCapabilities(colors: .trueColor), columns: 120, rows: 50)
      for pane in model.layout(columns: 120, rows: 50).panes {
        let view = model.view(of: pane)
        var classes = [UInt8](repeating: 0, count: view.width * view.height)
        Crosshair.tint(&classes, view: view, cursor: model.cursor)
        #expect(classes.contains(PixelClass.crosshair.rawValue))
        for y in 0..<view.height {
          for x in 0..<view.width where classes[y * view.width + x] != 0 {
            let across = view.across(atPixel: Double(x) + 0.5)
            let down = view.down(atPixel: Double(y) + 0.5)
            let place = view.slicePlace(of: model.cursor)
            #expect((across, down) != place)
          }
        }
      }
    }
  }
}
