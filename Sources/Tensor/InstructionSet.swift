import CKernels

/// The instruction sets that the kernels are compiled for. Weights packed for one do not fit another.
public enum InstructionSet: Int, Sendable, CaseIterable, Comparable {
  /// What every 64-bit Intel or AMD processor has.
  case sse2 = 0
  /// 8 floats at once, with fused multiply-add.
  case avx2 = 1
  /// 16 floats at once.
  case avx512 = 2

  /// The widest one that this processor has.
  public static var best: InstructionSet { InstructionSet(rawValue: Int(ck_best_isa())) ?? .sse2 }

  /// Those that this processor has.
  public static var available: [InstructionSet] { allCases.filter { $0 <= best } }

  /// Output channels of a convolution that are computed together.
  var tileChannels: Int { Int(ck_tile_channels(Int32(rawValue))) }

  /// Values along a plane that are computed together.
  var tileRun: Int { Int(ck_tile_run(Int32(rawValue))) }

  /// Vectors of `tileRun`.
  var tileVectors: Int { Int(ck_tile_vectors(Int32(rawValue))) }

  /// Orders the sets by width.
  public static func < (left: InstructionSet, right: InstructionSet) -> Bool { left.rawValue < right.rawValue }
}
