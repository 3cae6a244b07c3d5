// Transforming a block's rows, and convolving it. A part of KernelBodies.h.

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

// Finishes one slice of a block's rows of a pointwise convolution.
static void NAME(finish_block)(const ck_slab *s, const ck_block *block, int64_t slice) {
  for (int64_t channel = 0; channel < s->convolved_channels; channel++) {
    const NAME(affine) a = NAME(channel_affine)(&s->source, channel);
    float *const plane = block->planes + channel * s->own_channel_stride;
    for (int64_t row = block->rows_begin; row < block->rows_end; row++)
      NAME(source_row)(s, plane + (row - block->rows_begin) * s->result_pitch, channel, slice, row, a);
  }
}

// Makes one slice of a block's planes from the padded rows.
static void NAME(transform)(const ck_slab *s, const ck_block *block, int64_t slice) {
  if (s->is_pointwise) {
    NAME(finish_block)(s, block, slice);
    return;
  }
  const int64_t slot = (slice + s->slot_origin) % s->slots, count = block->rows_end - block->rows_begin;
  const int64_t own_slot = (slice + s->slot_origin) % s->own_slots;
  const int64_t terms = s->terms, plane_stride = s->block_rows * s->result_pitch;
  for (int64_t channel = 0; channel < s->convolved_channels; channel++) {
    const float *const padded = s->padded + channel * s->channel_stride + slot * s->slice_stride;
    float *const planes =
        block->planes + channel * s->own_channel_stride + own_slot * s->own_slice_stride;
    for (int64_t p = 0; p < s->own_planes; p += terms)
      for (int64_t j = 0; j < count; j++) {
        const int64_t first = s->term_rows * (block->rows_begin + j) + s->transform_starts[p] - s->plane_start;
        const float *rows[ck_most_rows];
        for (int64_t i = 0; i < terms; i++)
          rows[i] = first + i < 0 || first + i >= s->plane_height ? ck_zeros : padded + (first + i) * s->pitch;
        // The next channel's rows are far away, where a slab is larger than the caches.
        for (int64_t i = 0; i < terms; i++)
          for (int64_t x = 0; x < s->pitch; x += 16) __builtin_prefetch(rows[i] + s->channel_stride + x, 0, 2);
        float *const out = planes + p * plane_stride + j * s->result_pitch;
        if (terms == 6) NAME(transform_rows)(out, plane_stride, rows, s->transform_factors, 6, s->result_pitch);
        else NAME(transform_rows)(out, plane_stride, rows, s->transform_factors, 4, s->result_pitch);
      }
  }
}

// One tile: TILE output channels by `vectors` vectors along a plane. Every tap of every input channel is a shifted read
// of the padded slices, so a row of output is a sum of scaled rows of input whatever the kernel and stride. Vector n of the
// tile is at starts[n] of the input and of the result. About
// ck_summands products are summed at a time and then added to the total: the rounding errors of thousands of products
// in one running sum would show in the fifth digit.
INLINE void NAME(tile)(
    int vectors, const float *input, const int64_t *starts, int64_t channel_stride, const int64_t *offsets, int64_t taps,
    int64_t channels, const float *weights, const float *bias, float *result, int64_t result_plane) {
  NAME(vector) totals[TILE][RUN];
  UNROLL for (int m = 0; m < TILE; m++)
    UNROLL for (int n = 0; n < vectors; n++) totals[m][n] = (NAME(vector))(bias ? bias[m] : 0);
  const float *from[RUN];
  UNROLL for (int n = 0; n < vectors; n++) from[n] = input + starts[n];
  const int64_t wanted = taps < ck_summands ? (ck_summands + taps - 1) / taps : 1;
  const int64_t groups = channels < wanted ? 1 : (channels + wanted / 2) / wanted;
  const int64_t group = (channels + groups - 1) / groups;
  for (int64_t c = 0; c < channels;) {
    const int64_t end = c + group < channels ? c + group : channels;
    NAME(vector) sums[TILE][RUN];
    UNROLL for (int m = 0; m < TILE; m++) UNROLL for (int n = 0; n < vectors; n++) sums[m][n] = (NAME(vector))(0);
    for (; c < end; c++) {
      for (int64_t t = 0; t < taps; t++, weights += TILE) {
        const int64_t offset = offsets[t], next = offset + channel_stride;
        NAME(vector) x[RUN];
        // The next channel's rows are short runs far apart, which the processor does not foresee.
        UNROLL for (int n = 0; n < vectors; n++) __builtin_prefetch(from[n] + next, 0, 3);
        UNROLL for (int n = 0; n < vectors; n++) x[n] = *(const NAME(vector) *)(from[n] + offset);
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
      UNROLL for (int n = 0; n < vectors; n++) from[n] += channel_stride;
    }
    UNROLL for (int m = 0; m < TILE; m++) UNROLL for (int n = 0; n < vectors; n++) totals[m][n] += sums[m][n];
  }
  UNROLL for (int m = 0; m < TILE; m++)
    UNROLL for (int n = 0; n < vectors; n++)
      *(NAME(vector) *)(result + m * result_plane + starts[n]) = totals[m][n];
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
  const int is_own = s->own_planes > 0;
  const float *const input = is_own ? block->planes : s->padded + (block->rows_begin - s->result_begin) * s->pitch;
  const int64_t slots = is_own ? s->own_slots : s->slots;
  const int64_t slice_stride = is_own ? s->own_slice_stride : s->slice_stride;
  const int64_t channel_stride = is_own ? s->own_channel_stride : s->channel_stride;
  const int64_t plane_stride = (is_own ? s->block_rows : s->plane_height) * s->result_pitch;
  int64_t offsets[taps];
  for (int64_t t = 0; t < taps; t++) {
    const ck_tap *tap = &phase->taps[t];
    const int64_t slot = (block->slice * s->depth_stride + tap->depth + s->slot_origin) % slots;
    offsets[t] = slot * slice_stride + tap->plane * plane_stride + tap->offset;
  }
  float *const results =
      block->results + phase_index * (block->tiles_end - block->tiles_begin) * TILE * s->result_plane;
  // Vectors lie along all rows as if they were one, with what is between two rows; or along each row by itself where those
  // are fewer. Values beyond a row's end are replaced by the next row's.
  const int64_t rows = block->rows_end - block->rows_begin, width = s->output_width;
  const int64_t of_row = (width + WIDTH - 1) / WIDTH;
  const int64_t joined = ((rows - 1) * s->result_pitch + width + WIDTH - 1) / WIDTH;
  const int64_t in_run = rows * of_row < joined ? of_row : joined, count = in_run == of_row ? rows * of_row : joined;
  // A strip's input stays in the first cache while the tiles of output channels pass over it; where the weights of all
  // tiles are larger than the second cache, a longer strip reads them less often.
  const int64_t weights_of_all = (block->tiles_end - block->tiles_begin) * TILE * s->convolved_channels * taps;
  const int64_t strip = weights_of_all < ck_most_near_weights ? RUN : 4 * RUN;
  for (int64_t from = 0, to; from < count; from = to) {
    to = from + strip < count ? from + strip : count;
    // One vector alone is slow: it takes one of those before it.
    if (count - to == 1) to--;
    for (int64_t tile = block->tiles_begin; tile < block->tiles_end; tile++) {
      const float *weights = phase->weights + tile * s->convolved_channels * taps * TILE;
      const float *bias = phase->bias ? phase->bias + tile * TILE : NULL;
      float *out = results + (tile - block->tiles_begin) * TILE * s->result_plane;
      for (int64_t v = from; v < to;) {
        // Four vectors that are left are two and two: one alone is slow.
        const int64_t left = to - v, vectors = s->sums_in_double ? 1 : left == RUN + 1 ? 2 : left < RUN ? left : RUN;
        int64_t starts[RUN];
        for (int64_t n = 0; n < vectors; n++)
          starts[n] = (v + n) / in_run * s->result_pitch + (v + n) % in_run * WIDTH;
        if (s->sums_in_double)
          NAME(double_tile)(
              input + starts[0], channel_stride, offsets, taps, s->convolved_channels, weights, bias, out + starts[0],
              s->result_plane);
        else if (vectors == RUN)
          NAME(tile)(
              RUN, input, starts, channel_stride, offsets, taps, s->convolved_channels, weights, bias, out,
              s->result_plane);
        else if (vectors == 2)
          NAME(tile)(
              2, input, starts, channel_stride, offsets, taps, s->convolved_channels, weights, bias, out,
              s->result_plane);
        else
          NAME(tile)(
              1, input, starts, channel_stride, offsets, taps, s->convolved_channels, weights, bias, out,
              s->result_plane);
        v += vectors;
      }
    }
  }
}
