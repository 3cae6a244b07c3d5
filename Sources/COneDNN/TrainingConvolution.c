#include "TrainingConvolution.h"

#include <dnnl.h>
#include <stdlib.h>
#include <string.h>

// One primitive with the memory objects that it is run on.
typedef struct {
  dnnl_primitive_t primitive;
  // Weights in the primitive's own layout, and the way there (or, for their gradient, back).
  dnnl_memory_t weights;
  dnnl_primitive_t reorder;
} Pass;

struct CanalisTrainingConvolution {
  // Weights as oneDNN is fast at them: channels filled up with zeros to whole blocks, for which there may be no
  // compiled kernel otherwise. The caller's weights are a part of it, and of an array of their own row length.
  float *padded_weights;
  int64_t inputs, outputs, taps, row, padded_inputs, padded_outputs;
  dnnl_memory_desc_t input_layout, output_layout, plain_weights_layout;
  dnnl_memory_t input, output, plain_weights;
  dnnl_memory_desc_t weights_any;
  dnnl_dims_t strides, dilations, padding_low, padding_high;
  dnnl_primitive_desc_t forward_hint;
  // Passes are made when first used: forward, forward that adds, gradient of the input, gradient of the weights.
  Pass passes[4];
};

enum { FORWARD, FORWARD_ADDING, BACKWARD_INPUT, BACKWARD_WEIGHTS };

static dnnl_engine_t shared_engine;
static dnnl_stream_t shared_stream;

static dnnl_status_t prepare(void) {
  if (shared_stream) return dnnl_success;
  dnnl_status_t status = dnnl_engine_create(&shared_engine, dnnl_cpu, 0);
  if (status != dnnl_success) return status;
  return dnnl_stream_create(&shared_stream, shared_engine, dnnl_stream_default_flags);
}

int32_t canalis_training_block(void) {
  return dnnl_get_effective_cpu_isa() >= dnnl_cpu_isa_avx512_core ? 16 : 8;
}

static int64_t whole_blocks(int64_t channels) {
  int64_t block = canalis_training_block();
  return (channels + block - 1) / block * block;
}

static void destroy_pass(Pass *pass) {
  if (pass->reorder) dnnl_primitive_destroy(pass->reorder);
  if (pass->weights) dnnl_memory_destroy(pass->weights);
  if (pass->primitive) dnnl_primitive_destroy(pass->primitive);
}

void canalis_training_convolution_destroy(CanalisTrainingConvolution *c) {
  if (!c) return;
  for (int i = 0; i < 4; i++) destroy_pass(&c->passes[i]);
  if (c->input) dnnl_memory_destroy(c->input);
  if (c->output) dnnl_memory_destroy(c->output);
  if (c->plain_weights) dnnl_memory_destroy(c->plain_weights);
  if (c->forward_hint) dnnl_primitive_desc_destroy(c->forward_hint);
  free(c->padded_weights);
  free(c);
}

static dnnl_status_t layout(dnnl_memory_desc_t *desc, int64_t channels, const int64_t *size, int plain) {
  dnnl_dims_t dims = {1, channels, size[0], size[1], size[2]};
  dnnl_format_tag_t tag = plain ? dnnl_ncdhw : canalis_training_block() == 16 ? dnnl_nCdhw16c : dnnl_nCdhw8c;
  return dnnl_memory_desc_init_by_tag(desc, 5, dims, dnnl_f32, tag);
}

#define CHECK(call)                         \
  do {                                      \
    status = (call);                        \
    if (status != dnnl_success) goto fail;  \
  } while (0)

CanalisTrainingConvolution *canalis_training_convolution_create(const CanalisTrainingConvolutionShape *s,
                                                                int32_t *result) {
  CanalisTrainingConvolution *c = calloc(1, sizeof *c);
  dnnl_status_t status = dnnl_out_of_memory;
  if (!c) goto fail;
  CHECK(prepare());
  int64_t out_size[3];
  for (int a = 0; a < 3; a++) {
    out_size[a] = (s->size[a] - 1) / s->stride[a] + 1;
    c->strides[a] = s->stride[a];
    c->dilations[a] = 0;
    c->padding_low[a] = s->padding[a];
    c->padding_high[a] = (out_size[a] - 1) * s->stride[a] + s->kernel[a] - s->size[a] - s->padding[a];
  }
  c->inputs = s->input_channels;
  c->outputs = s->output_channels;
  c->row = s->weight_row_channels;
  c->taps = s->kernel[0] * s->kernel[1] * s->kernel[2];
  c->padded_inputs = s->has_plain_input ? c->inputs : whole_blocks(c->inputs);
  c->padded_outputs = whole_blocks(c->outputs);
  c->padded_weights = calloc(c->padded_outputs * c->padded_inputs * c->taps, sizeof(float));
  status = dnnl_out_of_memory;
  if (!c->padded_weights) goto fail;
  CHECK(layout(&c->input_layout, c->padded_inputs, s->size, s->has_plain_input));
  CHECK(layout(&c->output_layout, c->padded_outputs, out_size, 0));
  dnnl_dims_t weight_dims = {c->padded_outputs, c->padded_inputs, s->kernel[0], s->kernel[1], s->kernel[2]};
  CHECK(dnnl_memory_desc_init_by_tag(&c->plain_weights_layout, 5, weight_dims, dnnl_f32, dnnl_oidhw));
  CHECK(dnnl_memory_desc_init_by_tag(&c->weights_any, 5, weight_dims, dnnl_f32, dnnl_format_tag_any));
  CHECK(dnnl_memory_create(&c->input, &c->input_layout, shared_engine, DNNL_MEMORY_NONE));
  CHECK(dnnl_memory_create(&c->output, &c->output_layout, shared_engine, DNNL_MEMORY_NONE));
  CHECK(dnnl_memory_create(&c->plain_weights, &c->plain_weights_layout, shared_engine, DNNL_MEMORY_NONE));
  dnnl_convolution_desc_t desc;
  CHECK(dnnl_dilated_convolution_forward_desc_init(
      &desc, dnnl_forward_training, dnnl_convolution_direct, &c->input_layout, &c->weights_any, NULL,
      &c->output_layout, c->strides, c->dilations, c->padding_low, c->padding_high));
  CHECK(dnnl_primitive_desc_create(&c->forward_hint, &desc, NULL, shared_engine, NULL));
  return c;
fail:
  *result = status;
  canalis_training_convolution_destroy(c);
  return NULL;
}

// Makes the reorder between plain weights and those of a pass, in the direction that the pass needs.
static dnnl_status_t make_reorder(CanalisTrainingConvolution *c, Pass *pass, const dnnl_memory_desc_t *inner,
                                  int is_gradient) {
  dnnl_primitive_desc_t reorder_desc = NULL;
  dnnl_status_t status;
  const dnnl_memory_desc_t *plain = &c->plain_weights_layout;
  CHECK(dnnl_memory_create(&pass->weights, inner, shared_engine, DNNL_MEMORY_ALLOCATE));
  CHECK(dnnl_reorder_primitive_desc_create(&reorder_desc, is_gradient ? inner : plain, shared_engine,
                                           is_gradient ? plain : inner, shared_engine, NULL));
  CHECK(dnnl_primitive_create(&pass->reorder, reorder_desc));
fail:
  if (reorder_desc) dnnl_primitive_desc_destroy(reorder_desc);
  return status;
}

static dnnl_status_t make_pass(CanalisTrainingConvolution *c, int kind) {
  Pass *pass = &c->passes[kind];
  if (pass->reorder) return dnnl_success;
  dnnl_convolution_desc_t desc;
  dnnl_primitive_desc_t primitive_desc = NULL;
  dnnl_primitive_attr_t attributes = NULL;
  dnnl_post_ops_t additions = NULL;
  dnnl_status_t status;
  dnnl_query_t weights_query = dnnl_query_weights_md;
  switch (kind) {
    case FORWARD:
    case FORWARD_ADDING:
      CHECK(dnnl_dilated_convolution_forward_desc_init(
          &desc, dnnl_forward_training, dnnl_convolution_direct, &c->input_layout, &c->weights_any, NULL,
          &c->output_layout, c->strides, c->dilations, c->padding_low, c->padding_high));
      if (kind == FORWARD_ADDING) {
        CHECK(dnnl_primitive_attr_create(&attributes));
        CHECK(dnnl_post_ops_create(&additions));
        CHECK(dnnl_post_ops_append_sum(additions, 1.0f));
        CHECK(dnnl_primitive_attr_set_post_ops(attributes, additions));
      }
      CHECK(dnnl_primitive_desc_create(&primitive_desc, &desc, attributes, shared_engine, NULL));
      break;
    case BACKWARD_INPUT:
      CHECK(dnnl_dilated_convolution_backward_data_desc_init(
          &desc, dnnl_convolution_direct, &c->input_layout, &c->weights_any, &c->output_layout, c->strides,
          c->dilations, c->padding_low, c->padding_high));
      CHECK(dnnl_primitive_desc_create(&primitive_desc, &desc, NULL, shared_engine, c->forward_hint));
      break;
    default:
      weights_query = dnnl_query_diff_weights_md;
      CHECK(dnnl_dilated_convolution_backward_weights_desc_init(
          &desc, dnnl_convolution_direct, &c->input_layout, &c->weights_any, NULL, &c->output_layout, c->strides,
          c->dilations, c->padding_low, c->padding_high));
      CHECK(dnnl_primitive_desc_create(&primitive_desc, &desc, NULL, shared_engine, c->forward_hint));
      break;
  }
  CHECK(dnnl_primitive_create(&pass->primitive, primitive_desc));
  const dnnl_memory_desc_t *inner = dnnl_primitive_desc_query_md(primitive_desc, weights_query, 0);
  CHECK(make_reorder(c, pass, inner, kind == BACKWARD_WEIGHTS));
fail:
  if (primitive_desc) dnnl_primitive_desc_destroy(primitive_desc);
  if (additions) dnnl_post_ops_destroy(additions);
  if (attributes) dnnl_primitive_attr_destroy(attributes);
  return status;
}

static dnnl_status_t point(dnnl_memory_t memory, const float *values) {
  return dnnl_memory_set_data_handle_v2(memory, (void *)values, shared_stream);
}

static dnnl_status_t reorder(dnnl_primitive_t primitive, dnnl_memory_t from, dnnl_memory_t to) {
  dnnl_exec_arg_t arguments[] = {{DNNL_ARG_FROM, from}, {DNNL_ARG_TO, to}};
  return dnnl_primitive_execute(primitive, shared_stream, 2, arguments);
}

// Copies the caller's weights into the padded ones.
static dnnl_status_t take_weights(CanalisTrainingConvolution *c, const float *weights) {
  for (int64_t o = 0; o < c->outputs; o++)
    memcpy(c->padded_weights + o * c->padded_inputs * c->taps, weights + o * c->row * c->taps,
           c->inputs * c->taps * sizeof(float));
  return point(c->plain_weights, c->padded_weights);
}

int32_t canalis_training_convolution_forward(CanalisTrainingConvolution *c, const float *input, const float *weights,
                                             float *output, int32_t accumulates) {
  int kind = accumulates ? FORWARD_ADDING : FORWARD;
  dnnl_status_t status;
  CHECK(make_pass(c, kind));
  Pass *pass = &c->passes[kind];
  CHECK(point(c->input, input));
  CHECK(point(c->output, output));
  CHECK(take_weights(c, weights));
  CHECK(reorder(pass->reorder, c->plain_weights, pass->weights));
  dnnl_exec_arg_t arguments[] = {{DNNL_ARG_SRC, c->input}, {DNNL_ARG_WEIGHTS, pass->weights}, {DNNL_ARG_DST, c->output}};
  CHECK(dnnl_primitive_execute(pass->primitive, shared_stream, 3, arguments));
  CHECK(dnnl_stream_wait(shared_stream));
fail:
  return status;
}

int32_t canalis_training_convolution_backward_input(CanalisTrainingConvolution *c, const float *output_gradient,
                                                    const float *weights, float *input_gradient) {
  dnnl_status_t status;
  CHECK(make_pass(c, BACKWARD_INPUT));
  Pass *pass = &c->passes[BACKWARD_INPUT];
  CHECK(point(c->input, input_gradient));
  CHECK(point(c->output, output_gradient));
  CHECK(take_weights(c, weights));
  CHECK(reorder(pass->reorder, c->plain_weights, pass->weights));
  dnnl_exec_arg_t arguments[] = {
      {DNNL_ARG_DIFF_SRC, c->input}, {DNNL_ARG_WEIGHTS, pass->weights}, {DNNL_ARG_DIFF_DST, c->output}};
  CHECK(dnnl_primitive_execute(pass->primitive, shared_stream, 3, arguments));
  CHECK(dnnl_stream_wait(shared_stream));
fail:
  return status;
}

int32_t canalis_training_convolution_backward_weights(CanalisTrainingConvolution *c, const float *input,
                                                      const float *output_gradient, float *weight_gradient) {
  dnnl_status_t status;
  CHECK(make_pass(c, BACKWARD_WEIGHTS));
  Pass *pass = &c->passes[BACKWARD_WEIGHTS];
  CHECK(point(c->input, input));
  CHECK(point(c->output, output_gradient));
  CHECK(point(c->plain_weights, c->padded_weights));
  dnnl_exec_arg_t arguments[] = {
      {DNNL_ARG_SRC, c->input}, {DNNL_ARG_DIFF_WEIGHTS, pass->weights}, {DNNL_ARG_DIFF_DST, c->output}};
  CHECK(dnnl_primitive_execute(pass->primitive, shared_stream, 3, arguments));
  CHECK(reorder(pass->reorder, pass->weights, c->plain_weights));
  CHECK(dnnl_stream_wait(shared_stream));
  for (int64_t o = 0; o < c->outputs; o++)
    for (int64_t i = 0; i < c->inputs * c->taps; i++)
      weight_gradient[o * c->row * c->taps + i] += c->padded_weights[o * c->padded_inputs * c->taps + i];
  memset(c->padded_weights, 0, c->padded_outputs * c->padded_inputs * c->taps * sizeof(float));
fail:
  return status;
}
