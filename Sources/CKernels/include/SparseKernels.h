#pragma once
#include <stdint.h>

/// A convolution of a map that is zero but for some cells, for the output cells listed.
typedef struct {
  const int32_t *slots;  // for each cell of the grid its place in `values`, or -1
  const float *values;  // [places][maps]
  int64_t maps;
  int64_t depth, height, width;  // of the grid
  int64_t kernel_depth, kernel_height, kernel_width;  // odd
  const float *weights;  // [tap][map][channels]
  int64_t channels;  // a multiple of 16, at most ck_sparse_channels
  const int32_t *outputs;  // cells
  int64_t output_count;
  float *results;  // [output_count][channels]
} ck_sparse;

/// The most channels of a sparse convolution.
enum { ck_sparse_channels = 1024 };

/// Runs it on the OpenMP pool.
void ck_run_sparse(const ck_sparse *sparse);
