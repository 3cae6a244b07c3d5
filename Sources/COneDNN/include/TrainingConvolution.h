// A convolution of one shape with what training needs of it: forward, gradient of the input, gradient of the weights.
//
// Activations are blocked (nCdhw8c or nCdhw16c, unused channels of the last block zero), weights plain
// [output, input, axis0, axis1, axis2]. A transposed convolution whose kernel is its stride is the same object with the
// roles of forward and gradient exchanged.
#pragma once
#include <stdint.h>

typedef struct CanalisTrainingConvolution CanalisTrainingConvolution;

typedef struct {
  int64_t input_channels;
  int64_t output_channels;
  // Voxels of the input; each axis a multiple of the stride.
  int64_t size[3];
  // Odd, or equal to the stride.
  int64_t kernel[3];
  int64_t stride[3];
  // Zeros before the first voxel of each axis.
  int64_t padding[3];
  // Input channels of the array that the weights are a part of; at least input_channels.
  int64_t weight_row_channels;
  // Whether the input is plain [channels, axis0, axis1, axis2] instead of blocked.
  int32_t has_plain_input;
} CanalisTrainingConvolutionShape;

// Channels of a block on this processor: 16 with AVX-512, else 8.
int32_t canalis_training_block(void);

// Returns NULL and sets *status (a dnnl_status_t) when oneDNN has no such convolution or no memory.
CanalisTrainingConvolution *canalis_training_convolution_create(const CanalisTrainingConvolutionShape *shape,
                                                                int32_t *status);
void canalis_training_convolution_destroy(CanalisTrainingConvolution *convolution);

// Each returns a dnnl_status_t, 0 for success. `accumulates` adds to the output instead of replacing it.
int32_t canalis_training_convolution_forward(CanalisTrainingConvolution *convolution, const float *input,
                                             const float *weights, float *output, int32_t accumulates);
int32_t canalis_training_convolution_backward_input(CanalisTrainingConvolution *convolution,
                                                    const float *output_gradient, const float *weights,
                                                    float *input_gradient);
// Adds to the gradient of the weights.
int32_t canalis_training_convolution_backward_weights(CanalisTrainingConvolution *convolution, const float *input,
                                                      const float *output_gradient, float *weight_gradient);
