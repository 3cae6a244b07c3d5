import CKernels

/// Gives freed memory back to the system when it goes itself: the last stored property of what holds much for a while.
///
/// The C library keeps arrays of a few megabytes that were freed for the next ones; those of a scan that was closed lie
/// between others, so that some 50 MiB more were held after each of the first scans opened in a row.
public final class FreedMemory: Sendable {
  /// Does nothing yet.
  public init() {}

  deinit { ck_trim() }
}
