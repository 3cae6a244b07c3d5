#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "TrainingKernels.h"
#include "Pieces.h"

// MARK: Instance norm

typedef struct {
  const float *x, *residual, *y;
  float *out, *gradient;
  const float *a, *b, *mean, *inverse;
  double *sums;
  int64_t voxels, pieces;
  int32_t block;
  float slope;
} NormContext;

// Sums of x and of its squares around the channel's first value (so that a large mean costs no digits).
CANALIS_INLINE void statistics(NormContext *c, int64_t number, const int block) {
  int64_t group = number / c->pieces, first = number % c->pieces * PIECE;
  int64_t last = first + PIECE < c->voxels ? first + PIECE : c->voxels;
  const float *origin = c->x + group * c->voxels * block;
  double sum[16] = {0}, square[16] = {0};
  for (int64_t v = first; v < last; v += 64) {
    int64_t end = v + 64 < last ? v + 64 : last;
    float s[16] = {0}, q[16] = {0};
    for (int64_t w = v; w < end; w++)
      for (int i = 0; i < block; i++) {
        float d = origin[w * block + i] - origin[i];
        s[i] += d;
        q[i] += d * d;
      }
    for (int i = 0; i < block; i++) {
      sum[i] += s[i];
      square[i] += q[i];
    }
  }
  double *target = c->sums + number * 32;
  for (int i = 0; i < block; i++) {
    target[i] = sum[i];
    target[16 + i] = square[i];
  }
}

CANALIS_CLONES static void statistics_piece(void *context, int64_t number) {
  NormContext *c = context;
  if (c->block == 16) statistics(c, number, 16);
  else statistics(c, number, 8);
}

CANALIS_INLINE void apply(NormContext *c, int64_t number, const int block) {
  int64_t group = number / c->pieces, first = number % c->pieces * PIECE;
  int64_t last = first + PIECE < c->voxels ? first + PIECE : c->voxels;
  int64_t base = group * c->voxels * block;
  const float *x = c->x + base, *residual = c->residual ? c->residual + base : NULL;
  const float *a = c->a + group * block, *b = c->b + group * block;
  float *y = c->out + base;
  float slope = c->slope;
  for (int64_t v = first; v < last; v++)
    for (int i = 0; i < block; i++) {
      float value = x[v * block + i] * a[i] + b[i];
      if (residual) value += residual[v * block + i];
      y[v * block + i] = value > 0 ? value : value * slope;
    }
}

CANALIS_CLONES static void apply_piece(void *context, int64_t number) {
  NormContext *c = context;
  if (c->block == 16) apply(c, number, 16);
  else apply(c, number, 8);
}

void canalis_norm_forward(const float *x, const float *residual, const float *scale, const float *shift,
                          int64_t channels, int64_t voxels, int32_t block, float epsilon, float slope, float *mean,
                          float *inverse, float *y) {
  int64_t groups = (channels + block - 1) / block, pieces = pieces_of(voxels), padded = groups * block;
  double *sums = malloc(sizeof(double) * 32 * groups * pieces);
  float *a = calloc(2 * padded, sizeof(float)), *b = a + padded;
  NormContext c = {.x = x, .residual = residual, .out = y, .a = a, .b = b, .sums = sums, .voxels = voxels,
                   .pieces = pieces, .block = block, .slope = slope};
  canalis_for_pieces(groups * pieces, statistics_piece, &c);
  for (int64_t channel = 0; channel < padded; channel++) {
    int64_t group = channel / block, i = channel % block;
    double sum = 0, square = 0;
    for (int64_t p = 0; p < pieces; p++) {
      sum += sums[(group * pieces + p) * 32 + i];
      square += sums[(group * pieces + p) * 32 + 16 + i];
    }
    double shifted = sum / voxels, variance = square / voxels - shifted * shifted;
    if (variance < 0) variance = 0;
    mean[channel] = x[group * voxels * block + i] + shifted;
    inverse[channel] = 1 / sqrt(variance + epsilon);
    if (channel < channels) {
      a[channel] = inverse[channel] * scale[channel];
      b[channel] = shift[channel] - mean[channel] * a[channel];
    }
  }
  canalis_for_pieces(groups * pieces, apply_piece, &c);
  free(sums);
  free(a);
}

// First pass back: through the activation, with the sums of the gradient and of gradient * normalized.
CANALIS_INLINE void gradient_sums(NormContext *c, int64_t number, const int block) {
  int64_t group = number / c->pieces, first = number % c->pieces * PIECE;
  int64_t last = first + PIECE < c->voxels ? first + PIECE : c->voxels;
  int64_t base = group * c->voxels * block;
  const float *x = c->x + base, *y = c->y + base, *mean = c->mean + group * block;
  const float *inverse = c->inverse + group * block;
  float *gradient = c->gradient + base, slope = c->slope;
  double sum[16] = {0}, product[16] = {0};
  for (int64_t v = first; v < last; v += 64) {
    int64_t end = v + 64 < last ? v + 64 : last;
    float s[16] = {0}, q[16] = {0};
    for (int64_t w = v; w < end; w++)
      for (int i = 0; i < block; i++) {
        int64_t at = w * block + i;
        float g = y[at] > 0 ? gradient[at] : gradient[at] * slope;
        gradient[at] = g;
        s[i] += g;
        q[i] += g * ((x[at] - mean[i]) * inverse[i]);
      }
    for (int i = 0; i < block; i++) {
      sum[i] += s[i];
      product[i] += q[i];
    }
  }
  double *target = c->sums + number * 32;
  for (int i = 0; i < block; i++) {
    target[i] = sum[i];
    target[16 + i] = product[i];
  }
}

CANALIS_CLONES static void gradient_sums_piece(void *context, int64_t number) {
  NormContext *c = context;
  if (c->block == 16) gradient_sums(c, number, 16);
  else gradient_sums(c, number, 8);
}

// Second pass back: dx = a * (gradient - mean gradient) - b * (x - mean), with the channel's factors.
CANALIS_INLINE void gradient_apply(NormContext *c, int64_t number, const int block) {
  int64_t group = number / c->pieces, first = number % c->pieces * PIECE;
  int64_t last = first + PIECE < c->voxels ? first + PIECE : c->voxels;
  int64_t base = group * c->voxels * block;
  const float *a = c->a + group * block, *b = c->b + group * block, *offset = c->inverse + group * block;
  float *x = c->out + base;
  const float *gradient = c->gradient + base;
  for (int64_t v = first; v < last; v++)
    for (int i = 0; i < block; i++) {
      int64_t at = v * block + i;
      x[at] = gradient[at] * a[i] - x[at] * b[i] + offset[i];
    }
}

CANALIS_CLONES static void gradient_apply_piece(void *context, int64_t number) {
  NormContext *c = context;
  if (c->block == 16) gradient_apply(c, number, 16);
  else gradient_apply(c, number, 8);
}

void canalis_norm_backward(float *gradient, const float *y, float *x, const float *scale, const float *mean,
                           const float *inverse, int64_t channels, int64_t voxels, int32_t block, float slope,
                           float *scale_gradient, float *shift_gradient) {
  int64_t groups = (channels + block - 1) / block, pieces = pieces_of(voxels), padded = groups * block;
  double *sums = malloc(sizeof(double) * 32 * groups * pieces);
  float *a = calloc(3 * padded, sizeof(float)), *b = a + padded, *offset = b + padded;
  NormContext c = {.x = x, .y = y, .gradient = gradient, .mean = mean, .inverse = inverse, .sums = sums,
                   .voxels = voxels, .pieces = pieces, .block = block, .slope = slope};
  canalis_for_pieces(groups * pieces, gradient_sums_piece, &c);
  for (int64_t channel = 0; channel < channels; channel++) {
    int64_t group = channel / block, i = channel % block;
    double sum = 0, product = 0;
    for (int64_t p = 0; p < pieces; p++) {
      sum += sums[(group * pieces + p) * 32 + i];
      product += sums[(group * pieces + p) * 32 + 16 + i];
    }
    scale_gradient[channel] += product;
    shift_gradient[channel] += sum;
    // dx = scale * inverse * (g - sum / n - normalized * product / n), normalized = (x - mean) * inverse
    double factor = (double)scale[channel] * inverse[channel];
    double slope_of_x = factor * inverse[channel] * product / voxels;
    a[channel] = factor;
    b[channel] = slope_of_x;
    offset[channel] = slope_of_x * mean[channel] - factor * sum / voxels;
  }
  c.a = a;
  c.b = b;
  c.inverse = offset;
  c.out = x;
  canalis_for_pieces(groups * pieces, gradient_apply_piece, &c);
  free(sums);
  free(a);
}

// MARK: Pooling

typedef struct {
  const float *from;
  float *to;
  int64_t size[3], stride[3], small[3];
  int32_t block;
} PoolContext;

CANALIS_CLONES static void pool_slice(void *context, int64_t number) {
  PoolContext *c = context;
  int block = c->block;
  int64_t group = number / c->small[0], i0 = number % c->small[0];
  float scale = 1.0f / (c->stride[0] * c->stride[1] * c->stride[2]);
  for (int64_t i1 = 0; i1 < c->small[1]; i1++)
    for (int64_t i2 = 0; i2 < c->small[2]; i2++) {
      float sum[16] = {0};
      for (int64_t k0 = 0; k0 < c->stride[0]; k0++)
        for (int64_t k1 = 0; k1 < c->stride[1]; k1++)
          for (int64_t k2 = 0; k2 < c->stride[2]; k2++) {
            int64_t at = ((group * c->size[0] + i0 * c->stride[0] + k0) * c->size[1] + i1 * c->stride[1] + k1) *
                             c->size[2] + i2 * c->stride[2] + k2;
            for (int i = 0; i < block; i++) sum[i] += c->from[at * block + i];
          }
      int64_t at = ((group * c->small[0] + i0) * c->small[1] + i1) * c->small[2] + i2;
      for (int i = 0; i < block; i++) c->to[at * block + i] = sum[i] * scale;
    }
}

CANALIS_CLONES static void unpool_slice(void *context, int64_t number) {
  PoolContext *c = context;
  int block = c->block;
  int64_t group = number / c->size[0], i0 = number % c->size[0];
  float scale = 1.0f / (c->stride[0] * c->stride[1] * c->stride[2]);
  for (int64_t i1 = 0; i1 < c->size[1]; i1++)
    for (int64_t i2 = 0; i2 < c->size[2]; i2++) {
      int64_t from = ((group * c->small[0] + i0 / c->stride[0]) * c->small[1] + i1 / c->stride[1]) * c->small[2] +
                     i2 / c->stride[2];
      int64_t at = ((group * c->size[0] + i0) * c->size[1] + i1) * c->size[2] + i2;
      for (int i = 0; i < block; i++) c->to[at * block + i] = c->from[from * block + i] * scale;
    }
}

static PoolContext pool_context(const float *from, float *to, const int64_t size[3], const int64_t stride[3],
                                int32_t block) {
  PoolContext c = {.from = from, .to = to, .block = block};
  for (int a = 0; a < 3; a++) {
    c.size[a] = size[a];
    c.stride[a] = stride[a];
    c.small[a] = size[a] / stride[a];
  }
  return c;
}

void canalis_pool_forward(const float *x, int64_t blocks, const int64_t size[3], const int64_t stride[3],
                          int32_t block, float *y) {
  PoolContext c = pool_context(x, y, size, stride, block);
  canalis_for_pieces(blocks * c.small[0], pool_slice, &c);
}

void canalis_pool_backward(const float *gradient, int64_t blocks, const int64_t size[3], const int64_t stride[3],
                           int32_t block, float *x_gradient) {
  PoolContext c = pool_context(gradient, x_gradient, size, stride, block);
  canalis_for_pieces(blocks * c.size[0], unpool_slice, &c);
}

// MARK: Sums and biases

typedef struct {
  float *target;
  const float *source;
  int64_t count;
} AddContext;

CANALIS_CLONES static void add_piece(void *context, int64_t number) {
  AddContext *c = context;
  int64_t first = number << 16, last = first + (1 << 16) < c->count ? first + (1 << 16) : c->count;
  for (int64_t i = first; i < last; i++) c->target[i] += c->source[i];
}

void canalis_add(float *target, const float *source, int64_t count) {
  AddContext c = {target, source, count};
  canalis_for_pieces((count + (1 << 16) - 1) >> 16, add_piece, &c);
}

typedef struct {
  float *x;
  const float *bias, *gradient;
  double *sums;
  int64_t channels, voxels, pieces;
  int32_t block;
} BiasContext;

CANALIS_CLONES static void bias_piece(void *context, int64_t number) {
  BiasContext *c = context;
  int block = c->block;
  int64_t group = number / c->pieces, first = number % c->pieces * PIECE;
  int64_t last = first + PIECE < c->voxels ? first + PIECE : c->voxels;
  float bias[16] = {0};
  for (int i = 0; i < block && group * block + i < c->channels; i++) bias[i] = c->bias[group * block + i];
  float *x = c->x + group * c->voxels * block;
  for (int64_t v = first; v < last; v++)
    for (int i = 0; i < block; i++) x[v * block + i] += bias[i];
}

void canalis_bias_forward(float *x, const float *bias, int64_t channels, int64_t voxels, int32_t block) {
  BiasContext c = {.x = x, .bias = bias, .channels = channels, .voxels = voxels, .pieces = pieces_of(voxels),
                   .block = block};
  canalis_for_pieces((channels + block - 1) / block * c.pieces, bias_piece, &c);
}

CANALIS_CLONES static void bias_sums_piece(void *context, int64_t number) {
  BiasContext *c = context;
  int block = c->block;
  int64_t group = number / c->pieces, first = number % c->pieces * PIECE;
  int64_t last = first + PIECE < c->voxels ? first + PIECE : c->voxels;
  const float *gradient = c->gradient + group * c->voxels * block;
  double *sum = c->sums + number * 16;
  for (int i = 0; i < 16; i++) sum[i] = 0;
  for (int64_t v = first; v < last; v++)
    for (int i = 0; i < block; i++) sum[i] += gradient[v * block + i];
}

void canalis_bias_backward(const float *gradient, int64_t channels, int64_t voxels, int32_t block,
                           float *bias_gradient) {
  int64_t groups = (channels + block - 1) / block, pieces = pieces_of(voxels);
  BiasContext c = {.gradient = gradient, .sums = malloc(sizeof(double) * 16 * groups * pieces), .channels = channels,
                   .voxels = voxels, .pieces = pieces, .block = block};
  canalis_for_pieces(groups * pieces, bias_sums_piece, &c);
  for (int64_t channel = 0; channel < channels; channel++) {
    double sum = 0;
    for (int64_t p = 0; p < pieces; p++) sum += c.sums[(channel / block * pieces + p) * 16 + channel % block];
    bias_gradient[channel] += sum;
  }
  free(c.sums);
}

void canalis_unblock(const float *blocked, int64_t channels, int64_t voxels, int32_t block, float *rows) {
  for (int64_t v = 0; v < voxels; v++)
    for (int64_t c = 0; c < channels; c++)
      rows[v * channels + c] = blocked[(c / block * voxels + v) * block + c % block];
}

void canalis_block(const float *rows, int64_t channels, int64_t voxels, int32_t block, float *blocked) {
  int64_t padded = (channels + block - 1) / block * block;
  for (int64_t v = 0; v < voxels; v++)
    for (int64_t c = 0; c < padded; c++)
      blocked[(c / block * voxels + v) * block + c % block] = c < channels ? rows[v * channels + c] : 0;
}

// MARK: Dense prompts

void canalis_prompt_forward(float *x, const int32_t *cells, const float *values, int64_t cell_count, int64_t maps,
                            const float *weights, int64_t channels, int64_t voxels, int32_t block) {
  for (int64_t channel = 0; channel < channels; channel++) {
    float *target = x + channel / block * voxels * block + channel % block;
    for (int64_t cell = 0; cell < cell_count; cell++) {
      float sum = 0;
      for (int64_t k = 0; k < maps; k++) sum += weights[channel * maps + k] * values[cell * maps + k];
      target[(int64_t)cells[cell] * block] += sum;
    }
  }
}

void canalis_prompt_backward(const float *gradient, const int32_t *cells, const float *values, int64_t cell_count,
                             int64_t maps, int64_t channels, int64_t voxels, int32_t block, float *weight_gradient) {
  for (int64_t channel = 0; channel < channels; channel++) {
    const float *source = gradient + channel / block * voxels * block + channel % block;
    for (int64_t k = 0; k < maps; k++) {
      double sum = 0;
      for (int64_t cell = 0; cell < cell_count; cell++)
        sum += (double)source[(int64_t)cells[cell] * block] * values[cell * maps + k];
      weight_gradient[channel * maps + k] += sum;
    }
  }
}
