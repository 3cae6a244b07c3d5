import Canvas
import Testing

@Suite("Colours")
struct ColorTests {
  @Test("Every palette entry from 16 on is nearest to itself")
  func nearestIsExact() {
    for index in UInt8(16)...255 {
      let nearest = Palette.nearest(to: Palette.rgb(index), count: 256)
      #expect(Palette.rgb(nearest) == Palette.rgb(index))
      #expect(nearest >= 16)
    }
  }

  @Test("The palette is xterm's: cube, greys and names")
  func palette() {
    #expect(Palette.rgb(16) == (0, 0, 0))
    #expect(Palette.rgb(231) == (255, 255, 255))
    #expect(Palette.rgb(110) == (135, 175, 215))
    #expect(Palette.rgb(232) == (8, 8, 8))
    #expect(Palette.rgb(255) == (238, 238, 238))
    #expect(Palette.rgb(9) == (255, 0, 0))
  }

  @Test("Reducing colours gives what the terminal has, and keeps hues")
  func reduction() {
    #expect(CellColor.rgb(250, 5, 5).reduced(to: .eight) == .palette(1))
    #expect(CellColor.rgb(250, 5, 5).reduced(to: .sixteen) == .palette(9))
    #expect(CellColor.rgb(250, 5, 5).reduced(to: .palette256) == .palette(196))
    #expect(CellColor.rgb(250, 5, 5).reduced(to: .trueColor) == .rgb(250, 5, 5))
    #expect(CellColor.rgb(250, 5, 5).reduced(to: .none) == .standard)
    #expect(CellColor.palette(14).reduced(to: .eight) == .palette(6))
    #expect(CellColor.palette(14).reduced(to: .sixteen) == .palette(14))
    #expect(CellColor.palette(46).reduced(to: .sixteen) == .palette(10))
    #expect(CellColor.palette(244).reduced(to: .eight) == .palette(7))
    #expect(CellColor.palette(234).reduced(to: .eight) == .palette(0))
    #expect(CellColor.standard.reduced(to: .eight) == .standard)
    for depth in DisplayCapabilities.ColorDepth.allCases where depth != .trueColor && depth != .none {
      for index in UInt8.min...UInt8.max {
        guard case .palette(let reduced) = CellColor.palette(index).reduced(to: depth) else {
          Issue.record("palette \(index) becomes no palette entry at \(depth)")
          continue
        }
        #expect(Int(reduced) < depth.rawValue)
      }
    }
  }

  @Test("Depths are named as the option names them")
  func names() {
    for depth in DisplayCapabilities.ColorDepth.allCases {
      #expect(DisplayCapabilities.ColorDepth(optionName: depth.optionName) == depth)
    }
    #expect(DisplayCapabilities.ColorDepth(optionName: "24bit") == .trueColor)
    #expect(DisplayCapabilities.ColorDepth(optionName: "0") == DisplayCapabilities.ColorDepth.none)
    #expect(DisplayCapabilities.ColorDepth(optionName: "16777216") == nil)
  }
}
