// Arithmetic of training on the processor's cores. Sums are taken in double precision over pieces of fixed size, in
// order: results do not depend on the number of threads.
//
// "Blocked" arrays are [channel blocks][voxels][block], block 8 or 16, unused channels of the last block zero.
#pragma once
#include <stdint.h>

// y = activation((x - mean) * deviation_inverse * scale + shift [+ residual]), channel by channel over all voxels.
// scale and shift hold `channels` values; mean and inverse receive channel_blocks * block. A slope of 1 is no activation.
void canalis_norm_forward(const float *x, const float *residual, const float *scale, const float *shift,
                          int64_t channels, int64_t voxels, int32_t block, float epsilon, float slope, float *mean,
                          float *inverse, float *y);

// The way back. `gradient` holds dL/dy and is left as the gradient before the activation (which is the residual's);
// dL/dx replaces x. Adds to the gradients of scale and shift.
void canalis_norm_backward(float *gradient, const float *y, float *x, const float *scale, const float *mean,
                           const float *inverse, int64_t channels, int64_t voxels, int32_t block, float slope,
                           float *scale_gradient, float *shift_gradient);

// Mean over boxes of `stride`; size is the input's.
void canalis_pool_forward(const float *x, int64_t blocks, const int64_t size[3], const int64_t stride[3],
                          int32_t block, float *y);
void canalis_pool_backward(const float *gradient, int64_t blocks, const int64_t size[3], const int64_t stride[3],
                           int32_t block, float *x_gradient);

void canalis_add(float *target, const float *source, int64_t count);

// Adds a bias to every voxel of a blocked array, and the sum over voxels of its gradient.
void canalis_bias_forward(float *x, const float *bias, int64_t channels, int64_t voxels, int32_t block);
void canalis_bias_backward(const float *gradient, int64_t channels, int64_t voxels, int32_t block,
                           float *bias_gradient);

// Blocked to [voxels][channels] and back.
void canalis_unblock(const float *blocked, int64_t channels, int64_t voxels, int32_t block, float *rows);
void canalis_block(const float *rows, int64_t channels, int64_t voxels, int32_t block, float *blocked);

// Class scores of every voxel: scores[class][voxel] = bias + weights[class][channel] . x. At most 16 classes a call.
void canalis_head_forward(const float *x, const float *weights, const float *bias, int64_t channels, int64_t classes,
                          int64_t voxels, int32_t block, float *scores);
// Replaces x_gradient; adds to the others.
void canalis_head_backward(const float *x, const float *weights, const float *score_gradient, int64_t channels,
                           int64_t classes, int64_t voxels, int32_t block, float *x_gradient, float *weight_gradient,
                           float *bias_gradient);

// The two parts of the segmentation loss at one resolution.
typedef struct {
  double cross_entropy;
  // Sum of the voxels' weights in the cross-entropy.
  double weight;
  // For every class, each voxel counted `emphasis` times: sum of probability where it is true, sum of probability,
  // number of true voxels.
  double common[16], predicted[16], expected[16];
} CanalisLossSums;

// Turns scores into probabilities in place and sums. `targets` is [classes][classes]: the soft target of each true class;
// `class_weights` the weight of a voxel of each true class; `emphasis` how often each voxel counts, null for once.
void canalis_loss_forward(float *scores, const uint8_t *labels, const uint8_t *emphasis, int64_t classes, int64_t voxels,
                          const float *targets, const float *class_weights, CanalisLossSums *sums);
// Turns probabilities into the gradient with respect to the scores, in place. The cross-entropy counts
// `cross_entropy_scale` (divided by the sum of weights by the caller); the probability of class c of a voxel has the
// further gradient `dice_true[c]` where c is true and `dice_false[c]` where it is not. All is taken `emphasis` times.
void canalis_loss_backward(float *probabilities, const uint8_t *labels, const uint8_t *emphasis, int64_t classes,
                           int64_t voxels, const float *targets, const float *class_weights, float cross_entropy_scale,
                           const float *dice_true, const float *dice_false);

// Adds weights[channel][k] * values[cell][k] to the cells listed, and the way back for the weights.
void canalis_prompt_forward(float *x, const int32_t *cells, const float *values, int64_t cell_count, int64_t maps,
                            const float *weights, int64_t channels, int64_t voxels, int32_t block);
void canalis_prompt_backward(const float *gradient, const int32_t *cells, const float *values, int64_t cell_count,
                             int64_t maps, int64_t channels, int64_t voxels, int32_t block, float *weight_gradient);

// Rows of width n: normalize to mean 0 and deviation 1, then scale and shift.
void canalis_layer_norm_forward(const float *x, const float *scale, const float *shift, int64_t rows, int64_t n,
                                float epsilon, float *mean, float *inverse, float *y);
// Adds to all three.
void canalis_layer_norm_backward(const float *x, const float *gradient, const float *scale, const float *mean,
                                 const float *inverse, int64_t rows, int64_t n, float *x_gradient,
                                 float *scale_gradient, float *shift_gradient);

// Depthwise causal convolution over rows (tokens) of width n with `taps` taps, then SiLU. x rows are `stride` apart.
// `sum` keeps the value before SiLU.
void canalis_causal_forward(const float *x, int64_t stride, const float *weights, const float *bias, int64_t rows,
                            int64_t n, int64_t taps, float *sum, float *y);
// `gradient` is overwritten. Adds to the others; x_gradient's rows are `stride` apart.
void canalis_causal_backward(const float *x, int64_t stride, const float *weights, float *gradient, const float *sum,
                             int64_t rows, int64_t n, int64_t taps, float *x_gradient, float *weight_gradient,
                             float *bias_gradient);

typedef struct {
  int64_t rows, heads, width, state;
} CanalisScanShape;

// The state-space recurrence: S = exp(dt A) S + dt x B^T, y = S C + D x, head by head. `convolved` holds rows of
// [x: heads * width | B: state | C: state]; `step` is dt [rows][heads], `decay_rate` A, `skip` D [heads].
// `states` keeps S after every row, [heads][rows][width][state].
void canalis_scan_forward(CanalisScanShape shape, const float *convolved, const float *step, const float *decay_rate,
                          const float *skip, float *states, float *y);
// Replaces convolved_gradient and step_gradient; adds to those of A and D. `partial` holds heads * rows * 2 * state.
void canalis_scan_backward(CanalisScanShape shape, const float *convolved, const float *step, const float *decay_rate,
                           const float *skip, const float *states, const float *gradient, float *convolved_gradient,
                           float *step_gradient, float *decay_rate_gradient, float *skip_gradient, float *partial);

// y = normalize(x * silu(z)) * scale over rows of width n (root mean square); z rows are `stride` apart.
void canalis_gated_norm_forward(const float *x, const float *z, int64_t stride, const float *scale, int64_t rows,
                                int64_t n, float epsilon, float *inverse, float *y);
// Replaces x_gradient; adds to z_gradient (rows `stride` apart) and scale_gradient.
void canalis_gated_norm_backward(const float *x, const float *z, int64_t stride, const float *scale,
                                 const float *inverse, const float *gradient, int64_t rows, int64_t n,
                                 float *x_gradient, float *z_gradient, float *scale_gradient);

// One step of AdamW on `count` numbers; `decay` is 1 - rate * weight decay, the corrections 1 / (1 - beta^t).
void canalis_adam_step(float *values, const float *gradients, float *first, float *second, int64_t count, float scale,
                       float rate, float beta1, float beta2, float epsilon, float decay, float correction1,
                       float correction2);
// One step of stochastic gradient descent with Nesterov's momentum (PyTorch's form).
void canalis_nesterov_step(float *values, const float *gradients, float *momentum, int64_t count, float scale,
                           float rate, float momentum_factor, float weight_decay);
// average += (values - average) * share.
void canalis_average_step(float *average, const float *values, int64_t count, float share);
double canalis_sum_of_squares(const float *values, int64_t count);
