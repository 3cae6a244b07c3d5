import Canvas
import Foundation
import Training

/// A picture of a training's log: loss above, Dice below, over the steps.
struct TrainingPlot {
  /// The log's lines.
  let entries: [TrainingLog.Entry]

  private static let columns = 120
  private static let rows = 44
  /// Cells left of the curves, for numbers.
  private static let margin = 9
  /// The colours of what is drawn: palette numbers.
  private enum Ink {
    static let loss: UInt8 = 75
    static let training: UInt8 = 240
    static let noClick: UInt8 = 196
    static let oneClick: UInt8 = 220
    static let threeClicks: UInt8 = 46
  }

  /// The picture.
  ///
  /// - Returns: The bytes of a PNG file.
  /// - Throws: `CanvasError` if it cannot be encoded.
  func png() throws -> [UInt8] { try frame().png() }

  /// The picture on a screen's cells.
  func frame() -> Frame {
    var frame = Frame(columns: Self.columns, rows: Self.rows)
    let steps = max(1, entries.map(\.step).max() ?? 1)
    let losses = entries.map { (step: $0.step, value: $0.loss) }
    let (low, high) = (losses.map(\.value).min() ?? 0, losses.map(\.value).max() ?? 1)
    let upper = DotPanel(rows: 1..<20, margin: Self.margin, columns: Self.columns, values: low...max(high, low + 0.1))
    frame.write("loss, mean of neighbouring steps", column: Self.margin, row: 0, foreground: .palette(Ink.loss))
    upper.draw(upper.means(losses, steps: steps), color: .palette(Ink.loss), joined: true, on: &frame)
    upper.drawScale(on: &frame)

    let lower = DotPanel(rows: 22..<42, margin: Self.margin, columns: Self.columns, values: 0...1)
    var column = frame.write("Dice: training crops", column: Self.margin, row: 21, foreground: .palette(Ink.training))
    let dices = entries.compactMap { entry in entry.pseudoDice.map { (step: entry.step, value: $0) } }
    lower.draw(lower.means(dices, steps: steps), color: .palette(Ink.training), joined: false, on: &frame)
    let measured = entries.compactMap { entry in entry.measurement.map { (entry.step, $0) } }
    let curves: [(String, UInt8, (Trainer.Measurement) -> Double)] = [
      ("unseen crops, no click", Ink.noClick, { $0.diceWithoutClicks }),
      ("one click", Ink.oneClick, { $0.diceAfterOneClick }),
      ("three clicks", Ink.threeClicks, { $0.diceAfterThreeClicks }),
    ]
    for (title, color, value) in curves {
      column = frame.write(title, column: column + 3, row: 21, foreground: .palette(color))
      let points = measured.map { (x: Double($0.0) / Double(steps), y: value($0.1)) }
      lower.draw(points, color: .palette(color), joined: true, on: &frame)
    }
    lower.drawScale(on: &frame)
    frame.write("0", column: Self.margin, row: 43)
    let last = "\(steps) steps"
    frame.write(last, column: Self.columns - last.count, row: 43)
    return frame
  }
}

/// Part of a screen for curves, drawn with dots, 2 x 4 to a cell.
private struct DotPanel {
  let rows: Range<Int>
  let margin: Int
  let columns: Int
  let values: ClosedRange<Double>

  private var dotColumns: Int { (columns - margin) * 2 }
  private var dotRows: Int { rows.count * 4 }

  /// The mean of the values of each column of dots; x from 0 to 1.
  func means(_ points: [(step: Int, value: Double)], steps: Int) -> [(x: Double, y: Double)] {
    var sums = [(sum: Double, count: Int)](repeating: (0, 0), count: dotColumns)
    for point in points where point.value.isFinite {
      let at = min(dotColumns - 1, max(0, point.step * dotColumns / (steps + 1)))
      sums[at].sum += point.value
      sums[at].count += 1
    }
    return sums.enumerated().compactMap { at, sum in
      sum.count == 0 ? nil : (x: (Double(at) + 0.5) / Double(dotColumns), y: sum.sum / Double(sum.count))
    }
  }

  /// Draws points, joined by lines or not.
  func draw(_ points: [(x: Double, y: Double)], color: CellColor, joined: Bool, on frame: inout Frame) {
    var last: (Int, Int)?
    for point in points {
      let share = (point.y - values.lowerBound) / (values.upperBound - values.lowerBound)
      let column = min(dotColumns - 1, max(0, Int(point.x * Double(dotColumns))))
      let row = min(dotRows - 1, max(0, Int((1 - share) * Double(dotRows - 1) + 0.5)))
      let from = joined ? last ?? (column, row) : (column, row)
      let count = max(abs(column - from.0), abs(row - from.1), 1)
      for step in 0...count {
        dot(
          column: from.0 + (column - from.0) * step / count, row: from.1 + (row - from.1) * step / count, color: color,
          on: &frame)
      }
      last = (column, row)
    }
  }

  private func dot(column: Int, row: Int, color: CellColor, on frame: inout Frame) {
    let bits: [[UInt32]] = [[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]]
    let (cellColumn, cellRow) = (margin + column / 2, rows.lowerBound + row / 4)
    let present = frame[cellColumn, cellRow].scalar.value
    let old = (0x2800...0x28FF).contains(present) ? present : 0x2800
    guard let scalar = Unicode.Scalar(old | bits[row % 4][column % 2]) else { return }
    frame[cellColumn, cellRow] = Cell(scalar, foreground: color)
  }

  /// Writes numbers at the left.
  func drawScale(on frame: inout Frame) {
    for part in 0...4 {
      let value = values.upperBound - (values.upperBound - values.lowerBound) * Double(part) / 4
      let row = rows.lowerBound + (rows.count - 1) * part / 4
      frame.write(String(format: "%7.2f", value), column: 0, row: row)
    }
  }
}
