#pragma once
#include <stddef.h>
#include <stdint.h>

// The parts of libnifti and its companion libznz that are safe on files from strangers. nifti_image_read is not among
// them: it allocates what the header claims, follows extension sizes, prints to stderr and drops the qform's values when
// its code is 0. So the 348 bytes are validated in Swift, and libznz then reads the voxels that they promise.

/// An open file whose bytes come decompressed when it is gzip, as they are otherwise.
typedef struct canalis_nifti_file canalis_nifti_file;

/// Opens a file for reading; NULL with errno set when it cannot be opened.
canalis_nifti_file *canalis_nifti_open(const char *path, int is_compressed);

/// Reads up to count bytes (at most 1 GiB a call). Returns how many came, fewer at the end of the file, or -1 when the
/// file cannot be read or its compressed data is damaged.
int64_t canalis_nifti_read(canalis_nifti_file *file, void *buffer, size_t count);

/// Closes the file and frees the handle.
void canalis_nifti_close(canalis_nifti_file *file);

/// The qform's matrix: quaternion b, c, d, offset x, y, z, spacing along i, j, k, and the handedness (pixdim[0]). Fills
/// three rows of four.
void canalis_nifti_quaternion_to_rows(const float quaternion[3], const float offset[3], const float spacing[3],
                                      float handedness, float rows[12]);

/// The reverse: the quaternion and handedness nearest to three rows of four.
void canalis_nifti_rows_to_quaternion(const float rows[12], float quaternion[3], float *handedness);
