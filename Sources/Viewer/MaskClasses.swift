/// Turns labels under pixels into what the pixels belong to.
enum MaskClasses {
  /// The classes of a mask drawn in a style.
  ///
  /// - Parameters:
  ///   - labels: Labels 0...2 under the pixels, row by row.
  ///   - width: Pixels in a row.
  ///   - style: How the mask is drawn.
  /// - Returns: A `PixelClass` for each pixel.
  static func classes(_ labels: [UInt8], width: Int, style: ViewSettings.MaskStyle) -> [UInt8] {
    switch style {
    case .off:
      return [UInt8](repeating: 0, count: labels.count)
    case .fill:
      // Labels 1 and 2 are the classes leftFill and rightFill.
      return labels
    case .outline:
      var result = [UInt8](repeating: 0, count: labels.count)
      labels.withUnsafeBufferPointer { labels in
        for index in labels.indices where labels[index] != 0 {
          let label = labels[index]
          let column = index % width
          let isBorder =
            column == 0 || labels[index - 1] != label || column == width - 1 || labels[index + 1] != label
            || index < width || labels[index - width] != label || index + width >= labels.count
            || labels[index + width] != label
          if isBorder { result[index] = label + 2 }
        }
      }
      return result
    }
  }

  /// Marks what came and went over the classes.
  static func markChange(_ classes: inout [UInt8], from old: [UInt8], to new: [UInt8]) {
    for index in classes.indices where old[index] != new[index] {
      classes[index] = new[index] != 0 ? PixelClass.added.rawValue : PixelClass.removed.rawValue
    }
  }
}
