#include <math.h>
#include <string.h>

#include "TrainingKernels.h"
#include "Pieces.h"

CANALIS_INLINE float sigmoid(float x) { return 1 / (1 + expf(-x)); }

// MARK: Layer norm

void canalis_layer_norm_forward(const float *x, const float *scale, const float *shift, int64_t rows, int64_t n,
                                float epsilon, float *mean, float *inverse, float *y) {
  for (int64_t r = 0; r < rows; r++) {
    const float *row = x + r * n;
    double sum = 0, square = 0;
    for (int64_t i = 0; i < n; i++) sum += row[i];
    double center = sum / n;
    for (int64_t i = 0; i < n; i++) square += (row[i] - center) * (row[i] - center);
    mean[r] = center;
    inverse[r] = 1 / sqrt(square / n + epsilon);
    for (int64_t i = 0; i < n; i++) y[r * n + i] = (row[i] - mean[r]) * inverse[r] * scale[i] + shift[i];
  }
}

void canalis_layer_norm_backward(const float *x, const float *gradient, const float *scale, const float *mean,
                                 const float *inverse, int64_t rows, int64_t n, float *x_gradient,
                                 float *scale_gradient, float *shift_gradient) {
  for (int64_t r = 0; r < rows; r++) {
    const float *row = x + r * n, *g = gradient + r * n;
    double sum = 0, product = 0;
    for (int64_t i = 0; i < n; i++) {
      float normalized = (row[i] - mean[r]) * inverse[r];
      sum += g[i] * scale[i];
      product += g[i] * scale[i] * normalized;
      scale_gradient[i] += g[i] * normalized;
      shift_gradient[i] += g[i];
    }
    for (int64_t i = 0; i < n; i++) {
      float normalized = (row[i] - mean[r]) * inverse[r];
      x_gradient[r * n + i] += inverse[r] * (g[i] * scale[i] - sum / n - normalized * product / n);
    }
  }
}

// MARK: Causal convolution

CANALIS_CLONES void canalis_causal_forward(const float *x, int64_t stride, const float *weights, const float *bias,
                                           int64_t rows, int64_t n, int64_t taps, float *sum, float *y) {
  for (int64_t r = 0; r < rows; r++)
    for (int64_t i = 0; i < n; i++) {
      float total = bias[i];
      for (int64_t t = 0; t < taps; t++) {
        int64_t from = r + t - (taps - 1);
        if (from >= 0) total += weights[i * taps + t] * x[from * stride + i];
      }
      sum[r * n + i] = total;
      y[r * n + i] = total * sigmoid(total);
    }
}

CANALIS_CLONES void canalis_causal_backward(const float *x, int64_t stride, const float *weights, float *gradient,
                                            const float *sum, int64_t rows, int64_t n, int64_t taps,
                                            float *x_gradient, float *weight_gradient, float *bias_gradient) {
  for (int64_t at = 0; at < rows * n; at++) {
    float s = sigmoid(sum[at]);
    gradient[at] *= s * (1 + sum[at] * (1 - s));
  }
  for (int64_t r = 0; r < rows; r++)
    for (int64_t i = 0; i < n; i++) {
      float g = gradient[r * n + i];
      bias_gradient[i] += g;
      for (int64_t t = 0; t < taps; t++) {
        int64_t from = r + t - (taps - 1);
        if (from < 0) continue;
        weight_gradient[i * taps + t] += g * x[from * stride + i];
        x_gradient[from * stride + i] += g * weights[i * taps + t];
      }
    }
}

// MARK: Scan

typedef struct {
  CanalisScanShape shape;
  const float *convolved, *step, *decay_rate, *skip, *gradient;
  float *states, *y, *convolved_gradient, *step_gradient, *decay_rate_gradient, *skip_gradient, *partial;
} ScanContext;

CANALIS_CLONES static void scan_head(void *context, int64_t head) {
  ScanContext *c = context;
  int64_t rows = c->shape.rows, heads = c->shape.heads, width = c->shape.width, n = c->shape.state;
  int64_t row_width = heads * width + 2 * n, state_size = width * n;
  float *states = c->states + head * rows * state_size;
  for (int64_t r = 0; r < rows; r++) {
    const float *row = c->convolved + r * row_width, *x = row + head * width;
    const float *b = row + heads * width, *cc = b + n;
    float dt = c->step[r * heads + head], keep = expf(dt * c->decay_rate[head]);
    const float *previous = r ? states + (r - 1) * state_size : NULL;
    float *state = states + r * state_size;
    for (int64_t p = 0; p < width; p++) {
      float scaled = dt * x[p], sum = 0;
      for (int64_t i = 0; i < n; i++)
        state[p * n + i] = (previous ? keep * previous[p * n + i] : 0) + scaled * b[i];
      {
#pragma clang fp reassociate(on)
        for (int64_t i = 0; i < n; i++) sum += state[p * n + i] * cc[i];
      }
      c->y[r * heads * width + head * width + p] = sum + c->skip[head] * x[p];
    }
  }
}

void canalis_scan_forward(CanalisScanShape shape, const float *convolved, const float *step, const float *decay_rate,
                          const float *skip, float *states, float *y) {
  ScanContext c = {.shape = shape, .convolved = convolved, .step = step, .decay_rate = decay_rate, .skip = skip,
                   .states = states, .y = y};
  canalis_for_pieces(shape.heads, scan_head, &c);
}

// The adjoint state dS runs from the last row to the first. B and C are shared by the heads: each head writes its part
// of their gradients to `partial`.
CANALIS_CLONES static void scan_head_back(void *context, int64_t head) {
  ScanContext *c = context;
  int64_t rows = c->shape.rows, heads = c->shape.heads, width = c->shape.width, n = c->shape.state;
  int64_t row_width = heads * width + 2 * n, state_size = width * n;
  const float *states = c->states + head * rows * state_size;
  float adjoint[width * n];
  memset(adjoint, 0, sizeof adjoint);
  double rate_gradient = 0, skip_gradient = 0;
  float rate = c->decay_rate[head];
  for (int64_t r = rows - 1; r >= 0; r--) {
    const float *row = c->convolved + r * row_width, *x = row + head * width;
    const float *b = row + heads * width, *cc = b + n;
    const float *g = c->gradient + r * heads * width + head * width;
    float dt = c->step[r * heads + head], keep = expf(dt * rate);
    const float *previous = r ? states + (r - 1) * state_size : NULL, *state = states + r * state_size;
    float *db = c->partial + (head * rows + r) * 2 * n, *dc = db + n;
    memset(db, 0, sizeof(float) * 2 * n);
    double step_gradient = 0, keep_gradient = 0;
    for (int64_t p = 0; p < width; p++) {
      float *a = adjoint + p * n, through_b = 0, through_keep = 0;
      for (int64_t i = 0; i < n; i++) {
        a[i] += g[p] * cc[i];
        dc[i] += g[p] * state[p * n + i];
        db[i] += a[i] * dt * x[p];
      }
      {
#pragma clang fp reassociate(on)
        for (int64_t i = 0; i < n; i++) through_b += a[i] * b[i];
        if (previous)
          for (int64_t i = 0; i < n; i++) through_keep += a[i] * previous[p * n + i];
      }
      c->convolved_gradient[r * row_width + head * width + p] = through_b * dt + g[p] * c->skip[head];
      step_gradient += through_b * x[p];
      keep_gradient += through_keep;
      skip_gradient += g[p] * x[p];
      for (int64_t i = 0; i < n; i++) a[i] *= keep;
    }
    c->step_gradient[r * heads + head] = step_gradient + keep_gradient * keep * rate;
    rate_gradient += keep_gradient * keep * dt;
  }
  c->decay_rate_gradient[head] += rate_gradient;
  c->skip_gradient[head] += skip_gradient;
}

void canalis_scan_backward(CanalisScanShape shape, const float *convolved, const float *step, const float *decay_rate,
                           const float *skip, const float *states, const float *gradient, float *convolved_gradient,
                           float *step_gradient, float *decay_rate_gradient, float *skip_gradient, float *partial) {
  ScanContext c = {.shape = shape, .convolved = convolved, .step = step, .decay_rate = decay_rate, .skip = skip,
                   .states = (float *)states, .gradient = gradient, .convolved_gradient = convolved_gradient,
                   .step_gradient = step_gradient, .decay_rate_gradient = decay_rate_gradient,
                   .skip_gradient = skip_gradient, .partial = partial};
  canalis_for_pieces(shape.heads, scan_head_back, &c);
  int64_t n2 = 2 * shape.state, row_width = shape.heads * shape.width + n2;
  for (int64_t r = 0; r < shape.rows; r++) {
    float *target = convolved_gradient + r * row_width + shape.heads * shape.width;
    for (int64_t i = 0; i < n2; i++) target[i] = 0;
    for (int64_t h = 0; h < shape.heads; h++)
      for (int64_t i = 0; i < n2; i++) target[i] += partial[(h * shape.rows + r) * n2 + i];
  }
}

// MARK: Gated norm

void canalis_gated_norm_forward(const float *x, const float *z, int64_t stride, const float *scale, int64_t rows,
                                int64_t n, float epsilon, float *inverse, float *y) {
  for (int64_t r = 0; r < rows; r++) {
    double square = 0;
    for (int64_t i = 0; i < n; i++) {
      float gate = z[r * stride + i];
      float value = x[r * n + i] * gate * sigmoid(gate);
      y[r * n + i] = value;
      square += (double)value * value;
    }
    inverse[r] = 1 / sqrt(square / n + epsilon);
    for (int64_t i = 0; i < n; i++) y[r * n + i] *= inverse[r] * scale[i];
  }
}

void canalis_gated_norm_backward(const float *x, const float *z, int64_t stride, const float *scale,
                                 const float *inverse, const float *gradient, int64_t rows, int64_t n,
                                 float *x_gradient, float *z_gradient, float *scale_gradient) {
  for (int64_t r = 0; r < rows; r++) {
    double product = 0;
    for (int64_t i = 0; i < n; i++) {
      float gate = z[r * stride + i];
      float normalized = x[r * n + i] * gate * sigmoid(gate) * inverse[r];
      scale_gradient[i] += gradient[r * n + i] * normalized;
      product += (double)gradient[r * n + i] * scale[i] * normalized;
    }
    for (int64_t i = 0; i < n; i++) {
      float gate = z[r * stride + i], s = sigmoid(gate), open = gate * s, value = x[r * n + i];
      float normalized = value * open * inverse[r];
      float through = inverse[r] * (gradient[r * n + i] * scale[i] - normalized * product / n);
      x_gradient[r * n + i] = through * open;
      z_gradient[r * stride + i] += through * value * s * (1 + gate * (1 - s));
    }
  }
}

// MARK: Optimizers

CANALIS_CLONES void canalis_adam_step(float *values, const float *gradients, float *first, float *second,
                                      int64_t count, float scale, float rate, float beta1, float beta2, float epsilon,
                                      float decay, float correction1, float correction2) {
  for (int64_t i = 0; i < count; i++) {
    float g = gradients[i] * scale;
    first[i] = beta1 * first[i] + (1 - beta1) * g;
    second[i] = beta2 * second[i] + (1 - beta2) * g * g;
    values[i] = values[i] * decay - rate * (first[i] * correction1) / (sqrtf(second[i] * correction2) + epsilon);
  }
}

CANALIS_CLONES void canalis_nesterov_step(float *values, const float *gradients, float *momentum, int64_t count,
                                          float scale, float rate, float momentum_factor, float weight_decay) {
  for (int64_t i = 0; i < count; i++) {
    float g = gradients[i] * scale + weight_decay * values[i];
    momentum[i] = momentum_factor * momentum[i] + g;
    values[i] -= rate * (g + momentum_factor * momentum[i]);
  }
}

CANALIS_CLONES void canalis_average_step(float *average, const float *values, int64_t count, float share) {
  for (int64_t i = 0; i < count; i++) average[i] += (values[i] - average[i]) * share;
}

double canalis_sum_of_squares(const float *values, int64_t count) {
  double sum = 0;
  for (int64_t i = 0; i < count; i++) sum += (double)values[i] * values[i];
  return sum;
}
