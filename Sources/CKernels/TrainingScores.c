#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "TrainingKernels.h"
#include "Pieces.h"

// MARK: Class scores

typedef struct {
  const float *x, *weights, *bias;
  float *scores, *x_gradient;
  double *sums;
  int64_t channels, classes, voxels, pieces;
  int32_t block;
} HeadContext;

CANALIS_INLINE void head(HeadContext *c, int64_t number, const int block) {
  int64_t first = number * PIECE, last = first + PIECE < c->voxels ? first + PIECE : c->voxels;
  for (int64_t k = 0; k < c->classes; k++)
    for (int64_t v = first; v < last; v++) c->scores[k * c->voxels + v] = c->bias[k];
  for (int64_t group = 0; group * block < c->channels; group++) {
    const float *x = c->x + group * c->voxels * block;
    for (int64_t k = 0; k < c->classes; k++) {
      float weight[16] = {0};
      for (int i = 0; i < block && group * block + i < c->channels; i++)
        weight[i] = c->weights[k * c->channels + group * block + i];
      for (int64_t v = first; v < last; v++) {
        float sum = 0;
        {
#pragma clang fp reassociate(on)
          for (int i = 0; i < block; i++) sum += x[v * block + i] * weight[i];
        }
        c->scores[k * c->voxels + v] += sum;
      }
    }
  }
}

CANALIS_CLONES static void head_piece(void *context, int64_t number) {
  HeadContext *c = context;
  if (c->block == 16) head(c, number, 16);
  else head(c, number, 8);
}

void canalis_head_forward(const float *x, const float *weights, const float *bias, int64_t channels, int64_t classes,
                          int64_t voxels, int32_t block, float *scores) {
  HeadContext c = {.x = x, .weights = weights, .bias = bias, .scores = scores, .channels = channels,
                   .classes = classes, .voxels = voxels, .block = block};
  canalis_for_pieces(pieces_of(voxels), head_piece, &c);
}

CANALIS_INLINE void head_back(HeadContext *c, int64_t number, const int block) {
  int64_t first = number * PIECE, last = first + PIECE < c->voxels ? first + PIECE : c->voxels;
  int64_t groups = (c->channels + block - 1) / block;
  double *sums = c->sums + number * c->classes * (groups * 16 + 1);
  memset(sums, 0, sizeof(double) * c->classes * (groups * 16 + 1));
  for (int64_t group = 0; group < groups; group++) {
    const float *x = c->x + group * c->voxels * block;
    float *dx = c->x_gradient + group * c->voxels * block;
    for (int64_t k = 0; k < c->classes; k++) {
      const float *g = c->scores + k * c->voxels;
      float weight[16] = {0};
      for (int i = 0; i < block && group * block + i < c->channels; i++)
        weight[i] = c->weights[k * c->channels + group * block + i];
      for (int64_t v = first; v < last; v += 64) {
        int64_t end = v + 64 < last ? v + 64 : last;
        float partial[16] = {0}, total = 0;
        for (int64_t w = v; w < end; w++) {
          float value = g[w];
          total += value;
          for (int i = 0; i < block; i++) {
            partial[i] += value * x[w * block + i];
            dx[w * block + i] = (k ? dx[w * block + i] : 0) + value * weight[i];
          }
        }
        for (int i = 0; i < block; i++) sums[(k * groups + group) * 16 + i] += partial[i];
        if (group == 0) sums[c->classes * groups * 16 + k] += total;
      }
    }
  }
}

CANALIS_CLONES static void head_back_piece(void *context, int64_t number) {
  HeadContext *c = context;
  if (c->block == 16) head_back(c, number, 16);
  else head_back(c, number, 8);
}

void canalis_head_backward(const float *x, const float *weights, const float *score_gradient, int64_t channels,
                           int64_t classes, int64_t voxels, int32_t block, float *x_gradient, float *weight_gradient,
                           float *bias_gradient) {
  int64_t groups = (channels + block - 1) / block, pieces = pieces_of(voxels), width = classes * (groups * 16 + 1);
  HeadContext c = {.x = x, .weights = weights, .scores = (float *)score_gradient, .x_gradient = x_gradient,
                   .sums = malloc(sizeof(double) * width * pieces), .channels = channels, .classes = classes,
                   .voxels = voxels, .block = block};
  canalis_for_pieces(pieces, head_back_piece, &c);
  for (int64_t k = 0; k < classes; k++) {
    for (int64_t channel = 0; channel < channels; channel++) {
      double sum = 0;
      for (int64_t p = 0; p < pieces; p++)
        sum += c.sums[p * width + (k * groups + channel / block) * 16 + channel % block];
      weight_gradient[k * channels + channel] += sum;
    }
    double sum = 0;
    for (int64_t p = 0; p < pieces; p++) sum += c.sums[p * width + classes * groups * 16 + k];
    bias_gradient[k] += sum;
  }
  free(c.sums);
}

// MARK: Loss

typedef struct {
  float *scores;
  const uint8_t *labels, *emphasis;
  const float *targets, *class_weights, *dice_true, *dice_false;
  float scale;
  int64_t classes, voxels;
  CanalisLossSums *sums;
} LossContext;

CANALIS_CLONES static void loss_piece(void *context, int64_t number) {
  LossContext *c = context;
  int64_t first = number * PIECE, last = first + PIECE < c->voxels ? first + PIECE : c->voxels;
  CanalisLossSums *sums = c->sums + number;
  memset(sums, 0, sizeof *sums);
  for (int64_t v = first; v < last; v++) {
    float logits[16], highest = -INFINITY, total = 0;
    for (int64_t k = 0; k < c->classes; k++) {
      logits[k] = c->scores[k * c->voxels + v];
      highest = logits[k] > highest ? logits[k] : highest;
    }
    for (int64_t k = 0; k < c->classes; k++) total += expf(logits[k] - highest);
    float log_total = logf(total) + highest;
    int label = c->labels[v];
    double times = c->emphasis ? c->emphasis[v] : 1;
    float weight = c->class_weights[label], entropy = 0;
    for (int64_t k = 0; k < c->classes; k++) {
      float log_probability = logits[k] - log_total, probability = expf(log_probability);
      c->scores[k * c->voxels + v] = probability;
      float target = c->targets[label * c->classes + k];
      if (target != 0) entropy -= target * log_probability;
      sums->predicted[k] += times * probability;
      if (k == label) {
        sums->common[k] += times * probability;
        sums->expected[k] += times;
      }
    }
    sums->cross_entropy += times * weight * entropy;
    sums->weight += times * weight;
  }
}

void canalis_loss_forward(float *scores, const uint8_t *labels, const uint8_t *emphasis, int64_t classes, int64_t voxels,
                          const float *targets, const float *class_weights, CanalisLossSums *sums) {
  int64_t pieces = pieces_of(voxels);
  LossContext c = {.scores = scores, .labels = labels, .emphasis = emphasis, .targets = targets,
                   .class_weights = class_weights, .classes = classes, .voxels = voxels,
                   .sums = malloc(sizeof(CanalisLossSums) * pieces)};
  canalis_for_pieces(pieces, loss_piece, &c);
  memset(sums, 0, sizeof *sums);
  for (int64_t p = 0; p < pieces; p++) {
    sums->cross_entropy += c.sums[p].cross_entropy;
    sums->weight += c.sums[p].weight;
    for (int k = 0; k < classes; k++) {
      sums->common[k] += c.sums[p].common[k];
      sums->predicted[k] += c.sums[p].predicted[k];
      sums->expected[k] += c.sums[p].expected[k];
    }
  }
  free(c.sums);
}

CANALIS_CLONES static void loss_back_piece(void *context, int64_t number) {
  LossContext *c = context;
  int64_t first = number * PIECE, last = first + PIECE < c->voxels ? first + PIECE : c->voxels;
  for (int64_t v = first; v < last; v++) {
    int label = c->labels[v];
    float times = c->emphasis ? c->emphasis[v] : 1;
    float weight = times * c->class_weights[label] * c->scale, probability[16], direct[16], mean = 0, target_sum = 0;
    for (int64_t k = 0; k < c->classes; k++) {
      probability[k] = c->scores[k * c->voxels + v];
      direct[k] = times * (k == label ? c->dice_true[k] : c->dice_false[k]);
      mean += probability[k] * direct[k];
      target_sum += c->targets[label * c->classes + k];
    }
    for (int64_t k = 0; k < c->classes; k++)
      c->scores[k * c->voxels + v] = weight * (probability[k] * target_sum - c->targets[label * c->classes + k]) +
                                     probability[k] * (direct[k] - mean);
  }
}

void canalis_loss_backward(float *probabilities, const uint8_t *labels, const uint8_t *emphasis, int64_t classes,
                           int64_t voxels, const float *targets, const float *class_weights, float cross_entropy_scale,
                           const float *dice_true, const float *dice_false) {
  LossContext c = {.scores = probabilities, .labels = labels, .emphasis = emphasis, .targets = targets,
                   .class_weights = class_weights,
                   .dice_true = dice_true, .dice_false = dice_false, .scale = cross_entropy_scale,
                   .classes = classes, .voxels = voxels};
  canalis_for_pieces(pieces_of(voxels), loss_back_piece, &c);
}
