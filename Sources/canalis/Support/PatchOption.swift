import ArgumentParser
import Volume

/// Voxels of a patch as written in an option, such as `128x256x256`: slices, rows, columns; 1 to 4096 each.
struct PatchOption: ExpressibleByArgument {
  let shape: Axes3<Int>

  init?(argument: String) {
    let parts = argument.lowercased().split(separator: "x").map { Int($0) }
    guard parts.count == 3, let axis0 = parts[0], let axis1 = parts[1], let axis2 = parts[2],
      [axis0, axis1, axis2].allSatisfy({ (1...4096).contains($0) })
    else { return nil }
    shape = Axes3(axis0, axis1, axis2)
  }
}
