#include "SparseKernels.h"

#include "Pieces.h"

// Output cells of a piece of work.
enum { CELLS = 512 };

CANALIS_CLONES static void sparse_piece(void *context, int64_t number) {
  const ck_sparse *s = context;
  int64_t last = (number + 1) * CELLS < s->output_count ? (number + 1) * CELLS : s->output_count;
  for (int64_t at = number * CELLS; at < last; at++) {
    int64_t cell = s->outputs[at];
    int64_t z = cell / (s->height * s->width), y = cell / s->width % s->height, x = cell % s->width;
    float *sum = s->results + at * s->channels;
    for (int64_t c = 0; c < s->channels; c++) sum[c] = 0;
    int64_t tap = 0;
    for (int64_t kz = 0; kz < s->kernel_depth; kz++)
      for (int64_t ky = 0; ky < s->kernel_height; ky++)
        for (int64_t kx = 0; kx < s->kernel_width; kx++, tap++) {
          int64_t nz = z + kz - s->kernel_depth / 2, ny = y + ky - s->kernel_height / 2;
          int64_t nx = x + kx - s->kernel_width / 2;
          if (nz < 0 || nz >= s->depth || ny < 0 || ny >= s->height || nx < 0 || nx >= s->width) continue;
          int32_t slot = s->slots[(nz * s->height + ny) * s->width + nx];
          if (slot < 0) continue;
          for (int64_t m = 0; m < s->maps; m++) {
            float value = s->values[slot * s->maps + m];
            if (value == 0) continue;
            const float *weights = s->weights + (tap * s->maps + m) * s->channels;
            for (int64_t c = 0; c < s->channels; c++) sum[c] += value * weights[c];
          }
        }
  }
}

void ck_run_sparse(const ck_sparse *sparse) {
  canalis_for_pieces((sparse->output_count + CELLS - 1) / CELLS, sparse_piece, (void *)sparse);
}
