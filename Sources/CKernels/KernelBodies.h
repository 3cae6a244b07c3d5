// The kernels' bodies, included once for each instruction set with these macros set:
//   WIDTH   floats of a vector
//   TILE    output channels of a convolution tile
//   RUN     vectors along a row of a convolution tile
//   NAME(x) the name of x for the instruction set
// and optionally
//   MULTIPLY_ADD_3(sums, weight, x) adds weight times three vectors to three sums
#include <math.h>
#include <string.h>

#define UNROLL _Pragma("clang loop unroll(full)")
#define INLINE static inline __attribute__((always_inline))

typedef float NAME(vector) __attribute__((ext_vector_type(WIDTH), aligned(4)));
typedef double NAME(wide) __attribute__((ext_vector_type(WIDTH), aligned(8)));

// MARK: finishing and padding

typedef struct {
  double scale, shift, residual_scale, residual_shift, slope;
} NAME(affine);

INLINE NAME(affine) NAME(channel_affine)(const ck_source *source, int64_t channel) {
  NAME(affine) a;
  a.scale = source->scale ? source->scale[channel] : 1;
  a.shift = source->shift ? source->shift[channel] : 0;
  a.residual_scale = source->residual_scale ? source->residual_scale[channel] : 1;
  a.residual_shift = source->residual_shift ? source->residual_shift[channel] : 0;
  a.slope = source->slope;
  return a;
}

// In double precision, so that a finished value is rounded once: a scale or a shift in single precision would be wrong
// by the same share for a whole channel.
INLINE void NAME(finish_row)(
    float *out, const float *values, const float *residual, float *write_back, NAME(affine) a, int64_t count) {
  if (residual) {
    // The residual may be what is written back: each value is read before it is replaced.
    for (int64_t i = 0; i < count; i++) {
      double t = values[i] * a.scale + a.shift + (residual[i] * a.residual_scale + a.residual_shift);
      out[i] = (float)(t > 0 ? t : t * a.slope);
    }
  } else {
    for (int64_t i = 0; i < count; i++) {
      double t = values[i] * a.scale + a.shift;
      out[i] = (float)(t > 0 ? t : t * a.slope);
    }
  }
  if (write_back) memcpy(write_back, out, (size_t)count * sizeof(float));
}

// Averages one output row's cells of the source into `out`.
static void NAME(pool_row)(
    const ck_slab *s, float *out, int64_t channel, int64_t slice, int64_t row, NAME(affine) a) {
  double sums[ck_longest_row];
  float finished[ck_longest_row];
  const int64_t width = s->width;
  for (int64_t x = 0; x < width; x++) sums[x] = 0;
  for (int64_t d = 0; d < s->pool_depth; d++)
    for (int64_t h = 0; h < s->pool_height; h++) {
      int64_t at = ((channel * s->depth + slice * s->pool_depth + d) * s->height + row * s->pool_height + h) * width;
      const float *residual = s->source.residual ? s->source.residual + at : NULL;
      NAME(finish_row)(finished, s->source.values + at, residual, NULL, a, width);
      for (int64_t x = 0; x < width; x++) sums[x] += finished[x];
    }
  const double share = 1.0 / (double)(s->pool_depth * s->pool_height * s->pool_width);
  for (int64_t x = 0; x < width / s->pool_width; x++) {
    double sum = 0;
    for (int64_t w = 0; w < s->pool_width; w++) sum += sums[x * s->pool_width + w];
    out[x] = (float)(sum * share);
  }
}

// Writes one row of a parity plane: every `stride`-th value from `parity` on, zeros where the row has none.
INLINE void NAME(place_row)(
    float *plane_row, const float *row, int64_t width, int64_t pitch, int64_t first, int64_t stride, int64_t parity) {
  const int64_t lead = -first < pitch ? -first : pitch;
  int64_t count = parity < width ? (width - parity + stride - 1) / stride : 0;
  if (count > pitch - lead) count = pitch - lead;
  memset(plane_row, 0, (size_t)lead * sizeof(float));
  if (stride == 2)
    for (int64_t x = 0; x < count; x++) plane_row[lead + x] = row[2 * x + parity];
  else
    for (int64_t x = 0; x < count; x++) plane_row[lead + x] = row[x * stride + parity];
  memset(plane_row + lead + count, 0, (size_t)(pitch - lead - count) * sizeof(float));
}

// Finishes one row of the source, pooled first where the slab says so.
INLINE void NAME(source_row)(
    const ck_slab *s, float *out, int64_t channel, int64_t slice, int64_t row, NAME(affine) a) {
  const int64_t width = s->width / s->pool_width;
  if (channel == s->channels) {
    for (int64_t x = 0; x < width; x++) out[x] = 1;
  } else if (s->pool_depth * s->pool_height * s->pool_width > 1) {
    NAME(pool_row)(s, out, channel, slice, row, a);
  } else {
    const int64_t at = ((channel * s->depth + slice) * s->height + row) * s->width;
    // The processor foresees the way to the end of a page only.
    for (int64_t x = 0; x < width; x += 16) {
      __builtin_prefetch(s->source.values + at + 2 * width + x);
      if (s->source.residual) __builtin_prefetch(s->source.residual + at + 2 * width + x);
    }
    NAME(finish_row)(
        out, s->source.values + at, s->source.residual ? s->source.residual + at : NULL,
        s->source.write_back ? s->source.write_back + at : NULL, a, width);
  }
}

// out = sum of factors[i] * rows[i].
INLINE void NAME(combine)(
    float *restrict out, const float *const *rows, const float *restrict factors, int count, int64_t width) {
  int64_t x = 0;
  while (x + WIDTH <= width) {
    NAME(vector) sum = factors[0] * *(const NAME(vector) *)(rows[0] + x);
    UNROLL for (int i = 1; i < count; i++) sum += factors[i] * *(const NAME(vector) *)(rows[i] + x);
    *(NAME(vector) *)(out + x) = sum;
    x += WIDTH;
    // The last vector reaches to the end, over values that are there already.
    if (x < width && x + WIDTH > width) x = width - WIDTH;
  }
  for (; x < width; x++) {
    float sum = factors[0] * rows[0][x];
    for (int i = 1; i < count; i++) sum += factors[i] * rows[i][x];
    out[x] = sum;
  }
}

// The lengths that transforms have, so that the compiler unrolls them.
static void NAME(combine_rows)(
    float *out, const float *const *rows, const float *factors, int64_t count, int64_t width) {
  if (count == 6) NAME(combine)(out, rows, factors, 6, width);
  else if (count == 4) NAME(combine)(out, rows, factors, 4, width);
  else NAME(combine)(out, rows, factors, (int)count, width);
}

static void NAME(gather)(const ck_slab *s, int64_t channel, int64_t slice) {
  const int64_t slot = (slice + s->slot_origin) % s->slots;
  float *const planes = s->padded + channel * s->channel_stride + slot * s->slice_stride;
  const int64_t plane_size = s->plane_height * s->pitch;
  const int64_t depth = s->depth / s->pool_depth, height = s->height / s->pool_height;
  const int64_t width = s->width / s->pool_width;
  if (slice < 0 || slice >= depth) {
    memset(planes, 0, (size_t)(s->row_planes * s->column_stride * plane_size) * sizeof(float));
    return;
  }
  const NAME(affine) a = NAME(channel_affine)(&s->source, channel == s->channels ? 0 : channel);
  float finished[ck_longest_row];
  for (int64_t p = 0; p < s->row_planes; p++)
    for (int64_t j = 0; j < s->plane_height; j++) {
      const int64_t row = s->row_step * j + (s->row_starts ? s->row_starts[p] : 0);
      float *const target = planes + (p * s->column_stride * s->plane_height + j) * s->pitch;
      if (row < 0 || row >= height) {
        for (int64_t c = 0; c < s->column_stride; c++)
          memset(target + c * plane_size, 0, (size_t)s->pitch * sizeof(float));
        continue;
      }
      // With one column parity the row is finished in its place.
      const int64_t lead = -s->first_column;
      if (s->column_stride == 1) {
        for (int64_t x = 0; x < lead; x++) target[x] = 0;
        NAME(source_row)(s, target + lead, channel, slice, row, a);
        for (int64_t x = lead + width; x < s->pitch; x++) target[x] = 0;
      } else {
        NAME(source_row)(s, finished, channel, slice, row, a);
        for (int64_t c = 0; c < s->column_stride; c++)
          NAME(place_row)(target + c * plane_size, finished, width, s->pitch, s->first_column, s->column_stride, c);
      }
    }
}

// MARK: convolution

// One vector of a row of each of `terms` planes, from as many rows of the source. Factors are zero for the first row but
// in the second plane, and for the last row but in the last plane.
INLINE void NAME(transform_vector)(
    float *restrict out, int64_t plane_stride, const float *const *rows, const float *restrict factors, int terms,
    int64_t x) {
  NAME(vector) values[ck_most_rows];
  UNROLL for (int i = 0; i < terms; i++) values[i] = *(const NAME(vector) *)(rows[i] + x);
  UNROLL for (int p = 0; p < terms; p++) {
    const int first = p == 1 ? 0 : 1, end = p == terms - 1 ? terms : terms - 1;
    NAME(vector) sum = factors[p * terms + first] * values[first];
    UNROLL for (int i = first + 1; i < end; i++) sum += factors[p * terms + i] * values[i];
    *(NAME(vector) *)(out + p * plane_stride + x) = sum;
  }
}

INLINE void NAME(transform_rows)(
    float *restrict out, int64_t plane_stride, const float *const *rows, const float *restrict factors, int terms,
    int64_t width) {
  int64_t x = 0;
  for (; x + WIDTH <= width; x += WIDTH) NAME(transform_vector)(out, plane_stride, rows, factors, terms, x);
  if (x == width) return;
  if (width >= WIDTH) {
    NAME(transform_vector)(out, plane_stride, rows, factors, terms, width - WIDTH);
    return;
  }
  for (; x < width; x++)
    for (int p = 0; p < terms; p++) {
      float sum = 0;
      for (int i = 0; i < terms; i++) sum += factors[p * terms + i] * rows[i][x];
      out[p * plane_stride + x] = sum;
    }
}

// Makes one slice of a block's planes from the padded rows.
static void NAME(transform)(const ck_slab *s, const ck_block *block, int64_t slice) {
  const int64_t slot = (slice + s->slot_origin) % s->slots, count = block->rows_end - block->rows_begin;
  const int64_t transform_slot = (slice + s->slot_origin) % s->transform_slots;
  const int64_t terms = s->terms, plane_stride = s->block_rows * s->result_pitch;
  for (int64_t channel = 0; channel < s->convolved_channels; channel++) {
    const float *const padded = s->padded + channel * s->channel_stride + slot * s->slice_stride;
    float *const planes =
        block->planes + channel * s->transform_channel_stride + transform_slot * s->transform_slice_stride;
    for (int64_t p = 0; p < s->transform_planes; p += terms)
      for (int64_t j = 0; j < count; j++) {
        const int64_t first = s->term_rows * (block->rows_begin + j) + s->transform_starts[p];
        const float *rows[ck_most_rows];
        for (int64_t i = 0; i < terms; i++)
          rows[i] = first + i < 0 || first + i >= s->plane_height ? ck_zeros : padded + (first + i) * s->pitch;
        float *const out = planes + p * plane_stride + j * s->result_pitch;
        if (terms == 6) NAME(transform_rows)(out, plane_stride, rows, s->transform_factors, 6, s->result_pitch);
        else NAME(transform_rows)(out, plane_stride, rows, s->transform_factors, 4, s->result_pitch);
      }
  }
}

// One tile: TILE output channels by `vectors` vectors along a plane. Every tap of every input channel is a shifted read
// of the padded slices, so a row of output is a sum of scaled rows of input whatever the kernel and stride. About
// ck_summands products are summed at a time and then added to the total: the rounding errors of thousands of products
// in one running sum would show in the fifth digit.
INLINE void NAME(tile)(
    int vectors, const float *input, int64_t channel_stride, const int64_t *offsets, int64_t taps, int64_t channels,
    const float *weights, const float *bias, float *result, int64_t result_plane) {
  NAME(vector) totals[TILE][RUN];
  UNROLL for (int m = 0; m < TILE; m++)
    UNROLL for (int n = 0; n < vectors; n++) totals[m][n] = (NAME(vector))(bias ? bias[m] : 0);
  const int64_t wanted = taps < ck_summands ? (ck_summands + taps - 1) / taps : 1;
  const int64_t groups = channels < wanted ? 1 : (channels + wanted / 2) / wanted;
  const int64_t group = (channels + groups - 1) / groups;
  for (int64_t c = 0; c < channels;) {
    const int64_t end = c + group < channels ? c + group : channels;
    NAME(vector) sums[TILE][RUN];
    UNROLL for (int m = 0; m < TILE; m++) UNROLL for (int n = 0; n < vectors; n++) sums[m][n] = (NAME(vector))(0);
    for (; c < end; c++, input += channel_stride)
      for (int64_t t = 0; t < taps; t++, weights += TILE) {
        const float *at = input + offsets[t];
        NAME(vector) x[RUN];
        // The next channel's rows are short runs far apart, which the processor does not foresee.
        UNROLL for (int n = 0; n < vectors; n++) __builtin_prefetch(at + channel_stride + n * WIDTH, 0, 3);
        UNROLL for (int n = 0; n < vectors; n++) x[n] = *(const NAME(vector) *)(at + n * WIDTH);
        UNROLL for (int m = 0; m < TILE; m++) {
#ifdef MULTIPLY_ADD_3
          if (vectors == 3) {
            MULTIPLY_ADD_3(sums[m], weights[m], x);
            continue;
          }
#endif
          const NAME(vector) w = (NAME(vector))(weights[m]);
          UNROLL for (int n = 0; n < vectors; n++) sums[m][n] += w * x[n];
        }
      }
    UNROLL for (int m = 0; m < TILE; m++) UNROLL for (int n = 0; n < vectors; n++) totals[m][n] += sums[m][n];
  }
  UNROLL for (int m = 0; m < TILE; m++)
    UNROLL for (int n = 0; n < vectors; n++)
      *(NAME(vector) *)(result + m * result_plane + n * WIDTH) = totals[m][n];
}

// A tile of one vector with its sums in double precision, at about a third of the speed.
static void NAME(double_tile)(
    const float *input, int64_t channel_stride, const int64_t *offsets, int64_t taps, int64_t channels,
    const float *weights, const float *bias, float *result, int64_t result_plane) {
  NAME(wide) sums[TILE];
  UNROLL for (int m = 0; m < TILE; m++) sums[m] = (NAME(wide))(bias ? (double)bias[m] : 0);
  for (int64_t c = 0; c < channels; c++, input += channel_stride)
    for (int64_t t = 0; t < taps; t++, weights += TILE) {
      const NAME(wide) x = __builtin_convertvector(*(const NAME(vector) *)(input + offsets[t]), NAME(wide));
      UNROLL for (int m = 0; m < TILE; m++) sums[m] += (NAME(wide))((double)weights[m]) * x;
    }
  UNROLL for (int m = 0; m < TILE; m++)
    *(NAME(vector) *)(result + m * result_plane) = __builtin_convertvector(sums[m], NAME(vector));
}

static void NAME(convolve)(const ck_slab *s, const ck_block *block, int64_t phase_index) {
  const ck_phase *phase = &s->phases[phase_index];
  const int64_t taps = phase->tap_count;
  const int is_transformed = s->transform_planes > 0;
  const float *const input = is_transformed ? block->planes : s->padded + block->rows_begin * s->pitch;
  const int64_t slots = is_transformed ? s->transform_slots : s->slots;
  const int64_t slice_stride = is_transformed ? s->transform_slice_stride : s->slice_stride;
  const int64_t channel_stride = is_transformed ? s->transform_channel_stride : s->channel_stride;
  const int64_t plane_stride = (is_transformed ? s->block_rows : s->plane_height) * s->result_pitch;
  int64_t offsets[taps];
  for (int64_t t = 0; t < taps; t++) {
    const ck_tap *tap = &phase->taps[t];
    const int64_t slot = (block->slice * s->depth_stride + tap->depth + s->slot_origin) % slots;
    offsets[t] = slot * slice_stride + tap->plane * plane_stride + tap->offset;
  }
  const int64_t end = (block->rows_end - block->rows_begin - 1) * s->result_pitch + s->output_width;
  float *const results =
      block->results + phase_index * (block->tiles_end - block->tiles_begin) * TILE * s->result_plane;
  // A strip's input stays in the first cache while the tiles of output channels pass over it; where the weights of all
  // tiles are larger than the second cache, a longer strip reads them less often.
  const int64_t step = RUN * WIDTH, strip = s->convolved_channels * taps < 6912 ? step : 4 * step;
  for (int64_t from = 0, to; from < end; from = to) {
    to = from + strip < end ? from + strip : end;
    // One vector alone is slow: it takes one of those before it.
    if (end - to > 0 && end - to <= WIDTH) to -= WIDTH;
    for (int64_t tile = block->tiles_begin; tile < block->tiles_end; tile++) {
      const float *weights = phase->weights + tile * s->convolved_channels * taps * TILE;
      const float *bias = phase->bias ? phase->bias + tile * TILE : NULL;
      float *out = results + (tile - block->tiles_begin) * TILE * s->result_plane;
      if (s->sums_in_double) {
        for (int64_t q = from; q < to; q += WIDTH)
          NAME(double_tile)(
              input + q, channel_stride, offsets, taps, s->convolved_channels, weights, bias, out + q,
              s->result_plane);
        continue;
      }
      for (int64_t q = from; q < to;) {
        // Four vectors that are left are two and two: one alone is slow.
        const int64_t left = (to - q + WIDTH - 1) / WIDTH, vectors = left == RUN + 1 ? 2 : left < RUN ? left : RUN;
        if (vectors == RUN)
          NAME(tile)(
              RUN, input + q, channel_stride, offsets, taps, s->convolved_channels, weights, bias, out + q,
              s->result_plane);
        else if (vectors == 2)
          NAME(tile)(
              2, input + q, channel_stride, offsets, taps, s->convolved_channels, weights, bias, out + q,
              s->result_plane);
        else
          NAME(tile)(
              1, input + q, channel_stride, offsets, taps, s->convolved_channels, weights, bias, out + q,
              s->result_plane);
        q += vectors * WIDTH;
      }
    }
  }
}

// MARK: storing

// Sum and sum of squares in double precision: their difference of large numbers must not cost the deviation's digits.
INLINE void NAME(store_row)(
    float *destination, const float *row, const float *addend, int64_t count, int wants_sums, NAME(wide) * sum,
    NAME(wide) * square, double *tail_sum, double *tail_square) {
  int64_t i = 0;
  for (; i + WIDTH <= count; i += WIDTH) {
    NAME(vector) v = *(const NAME(vector) *)(row + i);
    if (addend) v += *(const NAME(vector) *)(addend + i);
    *(NAME(vector) *)(destination + i) = v;
    if (!wants_sums) continue;
    NAME(wide) w = __builtin_convertvector(v, NAME(wide));
    *sum += w;
    *square += w * w;
  }
  for (; i < count; i++) {
    float v = row[i] + (addend ? addend[i] : 0);
    destination[i] = v;
    *tail_sum += v;
    *tail_square += (double)v * v;
  }
}

// Adds the part of the boxes that lies in one row of the destination.
static void NAME(add_boxes)(const ck_slab *s, float *row, int64_t channel, int64_t slice, int64_t y) {
  for (int64_t i = 0; i < s->box_count; i++) {
    const ck_box *box = &s->boxes[i];
    if (slice < box->begin[0] || slice >= box->end[0] || y < box->begin[1] || y >= box->end[1]) continue;
    const int64_t depth = box->end[0] - box->begin[0], height = box->end[1] - box->begin[1];
    const int64_t width = box->end[2] - box->begin[2];
    const float *values =
        box->values + ((channel * depth + slice - box->begin[0]) * height + y - box->begin[1]) * width;
    float *target = row + box->begin[2];
    for (int64_t x = 0; x < width; x++) target[x] += values[x];
  }
}

// A row of one position's output: a row of the result itself, or a sum of the terms' rows.
INLINE float *NAME(output_row)(const ck_slab *s, float *room, float *results, int64_t term_step, int64_t row) {
  float *const first = results + row / s->term_rows * s->result_pitch;
  if (s->terms == 1) return first;
  const float *rows[ck_most_rows];
  for (int64_t i = 0; i < s->terms; i++) rows[i] = first + i * term_step;
  NAME(combine_rows)(room, rows, s->output_factors + row % s->term_rows * s->terms, s->terms, s->output_width);
  return room;
}

// Stores the rows of a block's results that are one output channel's, and takes their sums.
static void NAME(scatter)(const ck_slab *s, const ck_block *block, int64_t channel) {
  const int64_t height = s->output_height * s->phase_height, width = s->output_width * s->phase_width;
  const int64_t term_step = (block->tiles_end - block->tiles_begin) * TILE * s->result_plane;
  const int64_t step = s->terms * term_step, slice = block->slice;
  float *const results = block->results + (channel - block->tiles_begin * TILE) * s->result_plane;
  const int64_t channel_size = s->destination_depth * height * width;
  const int64_t first_line = block->rows_begin * s->term_rows;
  const int64_t last_line = block->rows_end * s->term_rows;
  const int64_t last = last_line < s->output_height ? last_line * s->phase_height : height;
  NAME(wide) sum = 0, square = 0;
  double tail_sum = 0, tail_square = 0;
  float room[2][ck_longest_row], interleaved[ck_longest_row];
  for (int64_t d = 0; d < s->phase_depth; d++)
    for (int64_t y = first_line * s->phase_height; y < last; y++) {
      const int64_t at =
          ((channel * s->destination_depth + slice * s->phase_depth + d) * height + y) * width;
      const int64_t position = (d * s->phase_height + y % s->phase_height) * s->phase_width;
      float *const first = results + position * step;
      const int64_t line = y / s->phase_height - first_line;
      float *row = NAME(output_row)(s, room[0], first, term_step, line);
      if (s->phase_width == 2) {
        const float *odd = NAME(output_row)(s, room[1], first + step, term_step, line);
        for (int64_t x = 0; x < s->output_width; x++) {
          interleaved[2 * x] = row[x];
          interleaved[2 * x + 1] = odd[x];
        }
        row = interleaved;
      } else if (s->phase_width > 2) {
        for (int64_t p = 0; p < s->phase_width; p++) {
          const float *part = NAME(output_row)(s, room[0], first + p * step, term_step, line);
          for (int64_t x = 0; x < s->output_width; x++) interleaved[x * s->phase_width + p] = part[x];
        }
        row = interleaved;
      }
      if (s->box_count) NAME(add_boxes)(s, row, channel, slice * s->phase_depth + d, y);
      // The next channel's rows are far away: they are fetched now.
      for (int64_t x = 0; x < width; x += 16) {
        if (s->addend) __builtin_prefetch(s->addend + at + channel_size + x);
        __builtin_prefetch(s->destination + at + channel_size + x, 1);
      }
      NAME(store_row)(
          s->destination + at, row, s->addend ? s->addend + at : NULL, width, s->sums != NULL, &sum, &square, &tail_sum,
          &tail_square);
    }
  if (s->sums) {
    for (int i = 0; i < WIDTH; i++) {
      tail_sum += sum[i];
      tail_square += square[i];
    }
    const int64_t blocks = (s->result_height + s->block_rows - 1) / s->block_rows;
    double *out =
        s->sums + ((slice * blocks + block->rows_begin / s->block_rows) * s->output_channels + channel) * 2;
    out[0] = tail_sum;
    out[1] = tail_square;
  }
}

// MARK: scan

static void NAME(scan_head)(const ck_scan *s, int64_t head) {
  const int64_t states = s->states, width = s->head_width, inner = s->heads * width;
  double *const state = s->state + head * width * states;
  memset(state, 0, (size_t)(width * states) * sizeof(double));
  for (int64_t token = 0; token < s->tokens; token++) {
    const double *row = s->x + token * s->row_stride;
    const double *x = row + head * width, *b = row + inner, *c = b + states;
    const double step = s->steps[token * s->heads + head];
    const double keep = exp(step * s->decay[head]);
    double *y = s->y + token * inner + head * width;
    for (int64_t p = 0; p < width; p++) {
      double *row_state = state + p * states;
      const double gain = step * x[p];
      NAME(wide) sums = 0;
      double sum = 0;
      int64_t n = 0;
      for (; n + WIDTH <= states; n += WIDTH) {
        NAME(wide) next = *(const NAME(wide) *)(row_state + n) * keep + gain * *(const NAME(wide) *)(b + n);
        *(NAME(wide) *)(row_state + n) = next;
        sums += next * *(const NAME(wide) *)(c + n);
      }
      for (; n < states; n++) {
        row_state[n] = row_state[n] * keep + gain * b[n];
        sum += row_state[n] * c[n];
      }
      for (int i = 0; i < WIDTH; i++) sum += sums[i];
      y[p] = sum + s->skip[head] * x[p];
    }
  }
}

static const ck_kernels NAME(kernels) = {
    .gather = NAME(gather), .transform = NAME(transform), .convolve = NAME(convolve), .scatter = NAME(scatter), .scan_head = NAME(scan_head),
    .tile_channels = TILE, .tile_run = RUN * WIDTH, .vector = WIDTH};

#undef UNROLL
#undef INLINE
