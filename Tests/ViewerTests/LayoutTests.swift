import Canvas
import Testing
import Volume

@testable import Viewer

@Suite("Layout")
struct LayoutTests {
  @Test("nothing overlaps and nothing is outside the screen, from 40x12 to 230x70")
  func everySize() {
    for columns in stride(from: 40, through: 230, by: 3) {
      for rows in stride(from: 12, through: 70, by: 2) {
        for showsPanel in [false, true] {
          let layout = PaneLayout(
            columns: columns, rows: rows, size: [80, 60, 40], cellAspect: 2, planes: Plane.allCases, active: .coronal,
            showsPanel: showsPanel)
          var owner = [Int](repeating: 0, count: columns * rows)
          func take(_ rect: CellRect) -> Bool {
            guard rect.column >= 0, rect.row >= 1, rect.columns > 0, rect.rows > 0,
              rect.column + rect.columns <= columns,
              rect.row + rect.rows <= layout.statusRow
            else { return false }
            for row in rect.row..<rect.row + rect.rows {
              for column in rect.column..<rect.column + rect.columns {
                owner[row * columns + column] += 1
                if owner[row * columns + column] > 1 { return false }
              }
            }
            return true
          }
          #expect(layout.panes.count == 3 || layout.panes.map(\.plane) == [.coronal])
          for pane in layout.panes {
            #expect(take(pane.title) && take(pane.picture), "\(columns)x\(rows)")
            #expect(pane.picture.columns >= 12 && pane.picture.rows >= 4, "\(columns)x\(rows)")
          }
          for separator in layout.separators { #expect(take(separator), "\(columns)x\(rows)") }
          // On a narrow screen the list lies over the picture.
          if let panel = layout.panel, panel.column >= 40 { #expect(take(panel), "\(columns)x\(rows)") }
          let bottom = [layout.statusRow, layout.messageRow] + (layout.hintRow.map { [$0] } ?? [])
          #expect(bottom == Array(rows - bottom.count..<rows))
        }
      }
    }
  }

  @Test("80x24 and 200x50 show all three planes, 40x12 the active one")
  func sizes() {
    for (columns, rows, count) in [(80, 24, 3), (200, 50, 3), (40, 12, 1), (40, 60, 1), (60, 60, 3)] {
      let driver = Driver(columns: columns, rows: rows)
      #expect(driver.model.layout(columns: columns, rows: rows).panes.count == count)
    }
  }

  @Test(
    "a screen below 40x12 says what is needed, and q still quits",
    arguments: [(39, 12), (40, 11), (20, 5), (1, 1), (0, 0)])
  func tooSmall(_ size: (Int, Int)) {
    var driver = Driver(columns: size.0, rows: size.1)
    let frame = driver.frame
    #expect(frame.columns == size.0 && frame.rows == size.1)
    if size.0 >= 39, size.1 >= 3 {
      #expect(frame.text.contains("Canalis needs 40x12 cells."))
      #expect(frame.text.contains("\(size.0)x\(size.1)"))
    }
    #expect(driver.type("q").last == .quit)
  }

  @Test("what must be known of the model and the scan is on the screen at every size")
  func standingWarnings() {
    let scan = TestScan.make(orientation: nil, name: "a/very/long/path/to/the/scan/of/some/patient/jaw.nii.gz")
    for columns in stride(from: 40, through: 200, by: 7) {
      for rows in [12, 24, 50] {
        var model = ViewerModel(scan: scan, network: .test, readOnlyReason: "elsewhere", columns: columns, rows: rows)
        _ = model.update(.key(.character("c")))
        let text = model.render(columns: columns, rows: rows).text
        #expect(text.contains("orientation unknown"), "\(columns)x\(rows)")
        #expect(text.contains("untrained weights: not for clinical use"), "\(columns)x\(rows)")
        #expect(text.contains("read-only"), "\(columns)x\(rows)")
        #expect(text.contains("jaw.nii.gz"), "\(columns)x\(rows)")
      }
    }
  }

  @Test("every pane has its four edge letters; with unknown orientation they carry a question mark")
  func edgeLetters() {
    for (orientation, mark) in [(Orientation.lps, ""), (nil, "?")] as [(Orientation?, String)] {
      let driver = Driver(scan: TestScan.make(orientation: orientation))
      let frame = driver.frame
      for pane in driver.model.layout(columns: 80, rows: 24).panes {
        let rect = pane.picture
        let edges = pane.plane.edges
        func letter(_ column: Int, _ row: Int) -> String { String(Character(frame[column, row].scalar)) }
        #expect(letter(rect.column, rect.row + rect.rows / 2) == edges.left.rawValue)
        #expect(letter(rect.column + rect.columns - 1 - mark.count, rect.row + rect.rows / 2) == edges.right.rawValue)
        #expect(letter(rect.column + rect.columns / 2, rect.row) == edges.top.rawValue)
        #expect(letter(rect.column + rect.columns / 2, rect.row + rect.rows - 1) == edges.bottom.rawValue)
        if !mark.isEmpty { #expect(letter(rect.column + 1, rect.row + rect.rows / 2) == mark) }
      }
    }
    #expect(Plane.axial.edges == (.right, .left, .anterior, .posterior))
    #expect(Plane.coronal.edges == (.right, .left, .superior, .inferior))
    #expect(Plane.sagittal.edges == (.anterior, .posterior, .superior, .inferior))
  }

  @Test("control characters in names are written out")
  func escapedNames() {
    let scan = TestScan.make(name: "evil\u{1B}[2J\u{202E}.nii")
    let network = NetworkDescription(name: "m\u{7}", honestyLine: "a\nb", hasNegativeClicks: true)
    var driver = Driver(scan: scan, network: network)
    driver.send(.notice("\u{1B}]0;x\u{7}"))
    for cell in driver.frame.cells {
      #expect(cell.scalar.value >= 0x20 && cell.scalar != "\u{202E}" && cell.scalar.value != 0x7F)
    }
    #expect(driver.lines[0].contains("\\u{1b}[2J"))
  }
}
