#pragma once
#include <stddef.h>
#include <stdint.h>
#include "PhantomKernels.h"
#include "TrainingKernels.h"

/// Instruction sets that the kernels are compiled for, narrowest first.
enum { ck_isa_sse2 = 0, ck_isa_avx2 = 1, ck_isa_avx512 = 2 };

/// The widest instruction set of this processor.
int ck_best_isa(void);
/// Output channels that the convolution kernel computes at once: weights are packed in tiles of so many.
int ck_tile_channels(int isa);
/// Values along a row of output that the convolution kernel computes at once.
int ck_tile_run(int isa);
/// Vectors of these values.
int ck_tile_vectors(int isa);

/// Runs `body` on `threads` threads of the OpenMP pool, and returns when all have.
void ck_parallel(int threads, void (*body)(void *context), void *context);
/// Cores available to the process, or OMP_NUM_THREADS.
int ck_available_threads(void);
/// Sets the number of threads of every parallel region of the process that asks OpenMP.
void ck_set_threads(int threads);

/// Allocates zeroed memory, 64-byte aligned, on huge pages when large. NULL when there is none.
void *ck_allocate(size_t bytes);
/// Frees what ck_allocate returned; `bytes` as given there.
void ck_free(void *memory, size_t bytes);
/// Gives memory that the C library keeps for later, freed by whomever, back to the system.
void ck_trim(void);

/// A feature map that is finished while it is read:
/// `y = activate(values * scale + shift + (residual * residual_scale + residual_shift))`,
/// `activate(t) = t` for `t > 0`, else `slope * t`. Scales and shifts are per channel. NULL leaves a part out.
typedef struct {
  const float *values;
  const double *scale, *shift;
  const float *residual;
  const double *residual_scale, *residual_shift;
  float slope;
  float *write_back;  // receives y, dense, when not NULL; may be values or residual
} ck_source;

/// One tap of a convolution: the input slice relative to `depth_stride * z`, the plane of that slice, and the offset
/// inside the plane.
typedef struct {
  int32_t depth;
  int32_t plane;
  int32_t offset;
} ck_tap;

/// A set of taps with its weights, packed `[tile][input channel][tap][ck_tile_channels]`. A convolution has one
/// position, one that also upsamples has one for each position inside a coarse cell; a position has one phase, or one
/// for each term of which its rows are sums.
typedef struct {
  const ck_tap *taps;
  const float *weights;
  const float *bias;  // output_tiles * ck_tile_channels values, or NULL for zeros
  int64_t tap_count;
} ck_phase;

/// Values that are added to a box of the result before it is stored, `[output_channels][box]`; the box is in voxels of
/// the destination.
typedef struct {
  int64_t begin[3], end[3];
  const float *values;
} ck_box;

/// One slab of a layer, some rows of some slices: finish and pad the source's slices, convolve them, and store with
/// statistics.
typedef struct {
  int isa;  // that the weights are packed for
  ck_source source;
  int64_t channels, depth, height, width;  // of the source
  int64_t pool_depth, pool_height, pool_width;  // the source is averaged over such cells first; 1 for none

  // Padded slices `[channel][slot][row plane][column parity][plane_height][pitch]`. Row j of row plane p is row
  // `row_step * j + plane_start + row_starts[p]` of the source, zeros outside it. Column parities are the source's columns
  // taken apart for a strided convolution. Slice s lies in slot (s + slot_origin) mod slots.
  float *padded;
  int64_t slots, slot_origin, channel_stride, slice_stride;
  int64_t row_planes, row_step;
  const int64_t *row_starts;  // ascending; NULL for zeros
  int64_t column_stride;
  int64_t plane_start, plane_height, pitch;
  int64_t first_column;  // of the plane, at most 0, in units of the stride
  int64_t gather_begin, gather_end;  // slices to fill, those outside the source with zeros
  // The source's rows that this slab's share of the results stands on: only these are written back. Rows before them may
  // have been overwritten with the results of the rows above: the last kept_rows of these are read, finished, from `kept`,
  // `[channel][slice][kept_rows][width]`, and the last of this slab's own take their place.
  int64_t own_begin, own_end, kept_rows;
  float *kept;
  int64_t ones_channel;  // 1: one more channel that is 1 inside the source and 0 outside

  int64_t convolved_channels;  // channels of `padded` that are convolved
  int64_t depth_stride;
  int sums_in_double;  // 0: products are summed in single precision, a few at a time
  const ck_phase *phases;
  int64_t phase_depth, phase_height, phase_width;  // their product is the number of positions
  int64_t terms;  // phases of a position
  int64_t term_rows;  // rows of output from one row of the terms' results
  const float *output_factors;  // `[term_rows][terms]` of the terms in each of these rows, read if there are several
  int64_t output_channels, output_tiles;
  int64_t output_begin, output_end;  // slices of output, before upsampling
  int64_t output_height, output_width;  // before upsampling
  int64_t result_height;  // rows of a phase's result
  int64_t result_begin, result_end;  // those of them that are computed, from a block's first row on

  // Where rows are transformed, or a convolution is pointwise, a thread makes planes of its own:
  // `[channel][slot][plane][block_rows][result_pitch]`, own_slots of them. Transformed rows come from the padded ones, of
  // which there is one row plane then: `terms` planes at a time begin at the same row, and row j of plane p is the sum of
  // transform_factors[p][i] times row `term_rows * j + transform_starts[p] + i` of the source, i below `terms`. The rows of
  // a pointwise convolution come from the source, finished; nothing is gathered then.
  int64_t own_planes;  // 0: taps read `padded`
  int is_pointwise;
  const int64_t *transform_starts;
  const float *transform_factors;  // `[terms][terms]`, the same for all
  int64_t own_slots, own_channel_stride, own_slice_stride;

  int64_t block_rows;  // rows of the results that a thread convolves and then stores; 0: nothing is convolved
  // What a thread works in, little enough that it stays in its second cache: its own planes, and from result_start
  // on the results of a block, `[position][term][output_tiles * tile][result_plane]`.
  float *rooms;
  int64_t room_stride;  // from one thread's room to the next
  int64_t result_start, result_plane;
  int64_t result_pitch;  // of the planes that taps read and of the results

  const float *addend;  // added to the result, laid out as the destination, or NULL
  const ck_box *boxes;  // added in order, before the addend
  int64_t box_count;
  float *destination;  // dense `[output_channels][depth][height][width]`
  int64_t destination_depth;
  int streams;  // 1: the destination is too large to be in a cache when it is read again: it is written past the caches
  double *sums;  // `[slice][block][output_channels][2]`: sum and sum of squares of what was stored, or NULL
} ck_slab;

/// Runs one slab on the OpenMP pool.
void ck_run_slab(const ck_slab *slab, int threads);

/// Mamba2's scan (Dao & Gu 2024): per head, state S[P][N] from zero, `S = exp(dt A) S + dt x B'`, `y = S C + D x`.
/// `x` is `[tokens][row_stride]`, channels of all heads first, then B and C of `states` each; `steps` is
/// `[tokens][heads]`, after softplus; `y` is `[tokens][heads * head_width]`.
typedef struct {
  int isa;
  const double *x;
  int64_t row_stride;
  const double *steps;
  const double *decay;  // A, negative, per head
  const double *skip;  // D, per head
  double *y;
  double *state;  // `[heads][head_width][states]` of room
  int64_t tokens, heads, head_width, states;
} ck_scan;

/// Runs the scan on the OpenMP pool, heads apart.
void ck_run_scan(const ck_scan *scan, int threads);
