// Storing a block's results with their sums. A part of KernelBodies.h.

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

// Sum and sum of squares in double precision: their difference of large numbers must not cost the deviation's digits.
INLINE void NAME(store_row)(
    float *destination, const float *row, const float *addend, int64_t count, int streams, int wants_sums,
    NAME(wide) * sum, NAME(wide) * square, double *tail_sum, double *tail_square) {
  int64_t i = 0;
  // A streaming store needs aligned memory.
  streams = streams && (uintptr_t)destination % sizeof(NAME(vector)) == 0;
  for (; i + WIDTH <= count; i += WIDTH) {
    NAME(vector) v = *(const NAME(vector) *)(row + i);
    if (addend) v += *(const NAME(vector) *)(addend + i);
    if (streams) __builtin_nontemporal_store((NAME(aligned))v, (NAME(aligned) *)(destination + i));
    else *(NAME(vector) *)(destination + i) = v;
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
        if (!s->streams) __builtin_prefetch(s->destination + at + channel_size + x, 1);
      }
      NAME(store_row)(
          s->destination + at, row, s->addend ? s->addend + at : NULL, width, s->streams, s->sums != NULL, &sum, &square,
          &tail_sum, &tail_square);
    }
  // Before any other thread may read what was written past the caches.
  if (s->streams) __builtin_ia32_sfence();
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
