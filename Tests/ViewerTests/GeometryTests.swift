import Canvas
import Clicks
import Session
import Testing
import Volume

@testable import Viewer

@Suite("Planes and voxels")
struct GeometryTests {
  @Test(
    "a voxel's stored and patient indices are each other's inverse in all 48 orientations", arguments: Orientation.all)
  func indices(_ orientation: Orientation) {
    let scan = TestScan.make(
      shape: Axes3(3, 5, 7), spacing: Axes3(1, 2, 3), orientation: orientation, value: { _ in 0 })
    let geometry = scan.geometry
    #expect(geometry.isOrientationKnown)
    for k in 0..<3 {
      for j in 0..<5 {
        for i in 0..<7 {
          let stored = Axes3(k, j, i)
          let patient = geometry.patient(stored)
          #expect(geometry.stored(patient) == stored)
          let offset =
            geometry.base + patient.x * geometry.strides.x + patient.y * geometry.strides.y
            + patient.z * geometry.strides.z
          #expect(offset == scan.volume.grid.shape.offset(of: stored))
        }
      }
    }
  }

  @Test("patient axes grow to the left, the back and the head in millimetres too", arguments: Orientation.all)
  func directions(_ orientation: Orientation) throws {
    let scan = TestScan.make(
      shape: Axes3(4, 4, 4), spacing: Axes3(1, 2, 3), orientation: orientation, value: { _ in 0 })
    let grid = scan.volume.grid
    func position(_ voxel: SIMD3<Int>) throws -> PatientPosition {
      try #require(grid.position(ofVoxel: scan.geometry.stored(voxel)))
    }
    let start = try position([0, 0, 0])
    #expect(try position([1, 0, 0]).right < start.right)
    #expect(try position([0, 1, 0]).anterior < start.anterior)
    #expect(try position([0, 0, 1]).superior > start.superior)
  }

  @Test("the patient's left is on the right of the axial and coronal screens in all 48 orientations")
  func leftStaysLeft() throws {
    var frames: Set<String> = []
    for orientation in Orientation.all {
      // Bright on the left; shape and spacing follow the patient, so that all orientations look the same.
      let patientShape = [12, 14, 10]
      let patientSpacing = [0.5, 0.4, 0.7]
      let shape = orientation.directions.map { patientShape[$0.patientAxis] }
      let spacing = orientation.directions.map { patientSpacing[$0.patientAxis] }
      let scan = TestScan.make(shape: shape, spacing: spacing, orientation: orientation) {
        Float(($0.x > 0.5 ? 1000 : 0) + ($0.y < 0.3 ? 300 : 0) + ($0.z > 0.7 ? 150 : 0))
      }
      let driver = Driver(
        scan: scan, labels: TestScan.canals(scan, radius: 0.12),
        capabilities: DisplayCapabilities(colors: .none, isUTF8: false))
      let panes = driver.model.layout(columns: 80, rows: 24).panes.map(\.picture)
      let frame = driver.frame
      var text = ""
      for pane in panes {
        for row in pane.row..<pane.row + pane.rows {
          for column in pane.column..<pane.column + pane.columns {
            text.unicodeScalars.append(frame[column, row].scalar)
          }
          text += "\n"
        }
      }
      frames.insert(text)
    }
    #expect(frames.count == 1, "every orientation shows the same picture; there were \(frames.count)")
    let axial = try #require(frames.first).split(separator: "\n").prefix(15)
    let withLeft = axial.filter { $0.contains("l") && $0.contains("r") }
    #expect(!withLeft.isEmpty)
    for line in withLeft {
      #expect(try #require(line.lastIndex(of: "r")) < (try #require(line.firstIndex(of: "l"))))
    }
  }

  @Test("head is up, the front is up in the axial and left in the sagittal plane")
  func upIsUp() {
    for (axis, edges) in [(0, "right"), (1, "front"), (2, "head")] {
      // Bright on the low side of one patient axis: right, front or feet.
      let scan = TestScan.make(shape: Axes3(20, 20, 20), spacing: Axes3(1, 1, 1)) { $0[axis] < 0.5 ? 1000 : 0 }
      let model = ViewerModel(scan: scan, capabilities: DisplayCapabilities(colors: .none), columns: 120, rows: 50)
      for pane in model.layout(columns: 120, rows: 50).panes where pane.plane.normal != axis {
        let view = model.view(of: pane)
        let greys = PlaneSampler(view: view, geometry: scan.geometry, cursor: model.cursor)
          .greys(scan.volume.voxels, window: GreyWindow(width: 1000, level: 500))
        func sum(_ include: (Int, Int) -> Bool) -> Int {
          (0..<view.height).reduce(0) { total, y in
            (0..<view.width).reduce(total) { $0 + (include($1, y) ? Int(greys[y * view.width + $1]) : 0) }
          }
        }
        let (left, right) = (sum { x, _ in x < view.width / 2 }, sum { x, _ in x >= view.width / 2 })
        let (top, bottom) = (sum { _, y in y < view.height / 2 }, sum { _, y in y >= view.height / 2 })
        switch (pane.plane, axis) {
        case (.axial, 0), (.coronal, 0), (.sagittal, 1): #expect(left > right * 3, "\(edges) in \(pane.plane)")
        case (.axial, 1): #expect(top > bottom * 3, "\(edges) in \(pane.plane)")
        default: #expect(bottom > top * 3, "\(edges) in \(pane.plane)")
        }
      }
    }
  }

  @Test("the cell in which a voxel is drawn leads back to a voxel in that cell, at every size, zoom and orientation")
  func mouseRoundTrip() throws {
    var generator = SeededGenerator(seed: 7)
    var checked = 0
    var exact = 0
    for orientation in Orientation.all {
      for _ in 0..<12 {
        let shape = Axes3(0, 0, 0).map { _ in generator.integer(1...40) }
        let spacing = Axes3(0, 0, 0).map { _ in generator.uniform(0.1...2) }
        let scan = TestScan.make(shape: shape, spacing: spacing, orientation: orientation, value: { _ in 0 })
        var settings = ViewSettings()
        settings.zoomStep = generator.integer(0...ViewerModel.mostZoomSteps)
        settings.isFullScreen = generator.integer(0...3) == 0
        settings.activePlane = Plane.allCases[generator.integer(0...2)]
        settings.showsClickPanel = generator.integer(0...2) == 0
        settings.cursor = shape.map { generator.integer(0...$0 - 1) }
        let columns = generator.integer(40...220)
        let rows = generator.integer(12...70)
        let colors = DisplayCapabilities.ColorDepth.allCases[generator.integer(0...4)]
        let model = ViewerModel(
          scan: scan, settings: settings,
          capabilities: DisplayCapabilities(colors: colors, cellAspect: generator.uniform(1.5...2.5)), columns: columns,
          rows: rows)
        for pane in model.layout(columns: columns, rows: rows).panes {
          let view = model.view(of: pane)
          for _ in 0..<20 {
            var voxel = model.cursor
            voxel[pane.plane.horizontal] = generator.integer(0...scan.geometry.shape[pane.plane.horizontal] - 1)
            voxel[pane.plane.vertical] = generator.integer(0...scan.geometry.shape[pane.plane.vertical] - 1)
            guard let cell = view.cell(of: voxel) else { continue }
            #expect(pane.picture.contains(column: cell.column, row: cell.row))
            // Along each side the voxel found covers some of the cell, so it is the one drawn or its neighbour in there.
            let found = view.nearestVoxel(
              atColumn: cell.column, row: cell.row, cursor: model.cursor, geometry: scan.geometry)
            #expect(found[pane.plane.normal] == model.cursor[pane.plane.normal])
            let place = view.slicePlace(of: found)
            let center = view.pixel(across: place.across, down: place.down)
            let half = view.voxelSize / view.pixelSize / 2
            let left = Double(cell.column - pane.picture.column)
            let top = Double((cell.row - pane.picture.row) * view.pixelsPerCell)
            #expect(center.x + half.x > left - 1e-6 && center.x - half.x < left + 1 + 1e-6)
            #expect(center.y + half.y > top - 1e-6 && center.y - half.y < top + Double(view.pixelsPerCell) + 1e-6)
            checked += 1
            if found == voxel { exact += 1 }
          }
          // The cursor is inside every pane.
          #expect(view.cell(of: model.cursor) != nil)
        }
      }
    }
    print("checked \(checked) voxels; \(exact) were the very voxel")
    #expect(checked > 5000)
  }

  @Test("what a pixel shows is the voxel that the mouse finds there, when pixels are smaller than voxels")
  func shownIsClicked() throws {
    var generator = SeededGenerator(seed: 11)
    let scan = TestScan.make(shape: Axes3(16, 16, 16), spacing: Axes3(1, 1, 1)) { _ in
      Float(generator.integer(0...255))
    }
    var settings = ViewSettings()
    settings.window = GreyWindow(width: 255, level: 127.5)
    settings.zoomStep = 5
    // One pixel a cell, so that the cell's middle is the pixel's middle.
    let model = ViewerModel(
      scan: scan, settings: settings, capabilities: DisplayCapabilities(colors: .none), columns: 120, rows: 50)
    for pane in model.layout(columns: 120, rows: 50).panes {
      let view = model.view(of: pane)
      let greys = PlaneSampler(view: view, geometry: scan.geometry, cursor: model.cursor)
        .greys(scan.volume.voxels, window: model.window)
      for row in 0..<pane.picture.rows {
        for column in 0..<pane.picture.columns {
          let voxel = view.voxel(
            atColumn: pane.picture.column + column, row: pane.picture.row + row, cursor: model.cursor,
            geometry: scan.geometry)
          let expected = voxel.map { UInt8(scan.greyValue(at: scan.geometry.stored($0))) } ?? 0
          #expect(abs(Int(greys[row * view.width + column]) - Int(expected)) <= 1)
        }
      }
    }
  }

  @Test(
    "a millimetre is as long across as down, whatever the spacing and the cell's proportions",
    arguments: [1.6, 2.0, 2.3])
  func proportions(_ aspect: Double) {
    let scan = TestScan.make(shape: Axes3(20, 30, 10), spacing: Axes3(0.5, 0.3, 1.2), value: { _ in 0 })
    for colors in DisplayCapabilities.ColorDepth.allCases {
      let model = ViewerModel(
        scan: scan, capabilities: DisplayCapabilities(colors: colors, cellAspect: aspect), columns: 100, rows: 40)
      for pane in model.layout(columns: 100, rows: 40).panes {
        let view = model.view(of: pane)
        let cellHeight = view.pixelSize.y * Double(view.pixelsPerCell)
        #expect(abs(cellHeight / view.pixelSize.x - aspect) < 1e-9)
        // The whole slice is seen and touches two edges.
        let size = view.voxelSize * SIMD2(Double(view.voxels.across), Double(view.voxels.down))
        let extent = view.halfExtent * 2
        #expect(size.x <= extent.x + 1e-9 && size.y <= extent.y + 1e-9)
        #expect(abs(size.x - extent.x) < 1e-9 || abs(size.y - extent.y) < 1e-9)
      }
    }
  }

  @Test("a scan with sizes beyond reason is laid out without harm")
  func absurdSizes() {
    for spacing in [Axes3(1e-300, 1e300, 1.0), Axes3(1e300, 1e300, 1e300), Axes3(1e-300, 1e-300, 1e-300)] {
      let grid = Grid(shape: Axes3(2, 3, 4), spacing: spacing, affine: nil)
      let scan = ViewedScan(name: "x", volume: Volume(grid: grid, voxels: Array(repeating: 1, count: 24)))
      var driver = Driver(scan: scan)
      for key in "++++hjkl][w><" { driver.type(String(key)) }
      driver.mouse(.press, 10, 10)
      driver.mouse(.release, 10, 10)
      #expect(driver.frame.text.contains("orientation unknown"))
    }
  }
}

extension AnatomicalDirection {
  /// 0 left-right, 1 front-back, 2 head-feet.
  fileprivate var patientAxis: Int {
    switch self {
    case .left, .right: 0
    case .anterior, .posterior: 1
    case .superior, .inferior: 2
    }
  }
}
