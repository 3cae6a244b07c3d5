#include "CNIfTI.h"

// The library was built with zlib; its file handle shows the gzFile only when this is defined.
#define HAVE_ZLIB 1
#include <nifti/nifti1_io.h>

struct canalis_nifti_file {
  znzFile handle;
};

canalis_nifti_file *canalis_nifti_open(const char *path, int is_compressed) {
  canalis_nifti_file *file = malloc(sizeof *file);
  if (file == NULL) return NULL;
  file->handle = znzopen(path, "rb", is_compressed);
  if (znz_isnull(file->handle)) {
    free(file);
    return NULL;
  }
  if (is_compressed && file->handle->zfptr != NULL) gzbuffer(file->handle->zfptr, 1 << 18);
  return file;
}

int64_t canalis_nifti_read(canalis_nifti_file *file, void *buffer, size_t count) {
  if (count > (size_t)1 << 30) count = (size_t)1 << 30;
  // With items of one byte the result is a number of bytes; a failure of gzread comes back as (size_t)-1.
  size_t done = znzread(buffer, 1, count, file->handle);
  return done <= count ? (int64_t)done : -1;
}

void canalis_nifti_close(canalis_nifti_file *file) {
  znzclose(file->handle);
  free(file);
}

void canalis_nifti_quaternion_to_rows(const float quaternion[3], const float offset[3], const float spacing[3],
                                      float handedness, float rows[12]) {
  mat44 matrix = nifti_quatern_to_mat44(quaternion[0], quaternion[1], quaternion[2], offset[0], offset[1], offset[2],
                                        spacing[0], spacing[1], spacing[2], handedness);
  for (int row = 0; row < 3; row++)
    for (int column = 0; column < 4; column++) rows[row * 4 + column] = matrix.m[row][column];
}

void canalis_nifti_rows_to_quaternion(const float rows[12], float quaternion[3], float *handedness) {
  mat44 matrix = {0};
  for (int row = 0; row < 3; row++)
    for (int column = 0; column < 4; column++) matrix.m[row][column] = rows[row * 4 + column];
  matrix.m[3][3] = 1;
  float offset[3], spacing[3];
  nifti_mat44_to_quatern(matrix, &quaternion[0], &quaternion[1], &quaternion[2], &offset[0], &offset[1], &offset[2],
                         &spacing[0], &spacing[1], &spacing[2], handedness);
}
