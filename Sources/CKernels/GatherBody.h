// Finishing a source's values while they are read, and padding its slices. A part of KernelBodies.h.

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
    float *const kept = s->kept + (channel * s->depth + slice) * s->kept_rows * width;
    if (row < s->own_begin) {
      memcpy(out, kept + (row - s->own_begin + s->kept_rows) * width, (size_t)width * sizeof(float));
      return;
    }
    // The processor foresees the way to the end of a page only.
    for (int64_t x = 0; x < width; x += 16) {
      __builtin_prefetch(s->source.values + at + 2 * width + x);
      if (s->source.residual) __builtin_prefetch(s->source.residual + at + 2 * width + x);
    }
    NAME(finish_row)(
        out, s->source.values + at, s->source.residual ? s->source.residual + at : NULL,
        s->source.write_back && row < s->own_end ? s->source.write_back + at : NULL, a, width);
    if (row < s->own_end && row >= s->own_end - s->kept_rows)
      memcpy(kept + (row - s->own_end + s->kept_rows) * width, out, (size_t)width * sizeof(float));
  }
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
      const int64_t row = s->row_step * j + s->plane_start + (s->row_starts ? s->row_starts[p] : 0);
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
