// Rows of hashed noise and separable filters. Every result depends on the arguments alone, not on the processor:
// products are never fused with sums, and only elementwise operations are vectorized.
#include "PhantomKernels.h"

#pragma STDC FP_CONTRACT OFF

#if defined(__x86_64__) && defined(__linux__)
#define CANALIS_CLONES __attribute__((target_clones("avx2", "default")))
#else
#define CANALIS_CLONES
#endif

#define CANALIS_INLINE static inline __attribute__((always_inline))

CANALIS_INLINE uint32_t scramble(uint32_t value) {
  value ^= value >> 16;
  value *= 0x7FEB352Du;
  value ^= value >> 15;
  value *= 0x846CA68Bu;
  value ^= value >> 16;
  return value;
}

CANALIS_INLINE uint32_t corner_hash(int32_t x, int32_t y, int32_t z, uint32_t seed) {
  return scramble((uint32_t)x * 0x9E3779B1u ^ (uint32_t)y * 0x85EBCA77u ^ (uint32_t)z * 0xC2B2AE3Du ^ seed);
}

// Scalar product of the corner's gradient, each component in [-1, 1], with the offset from the corner.
CANALIS_INLINE float corner_value(int32_t x, int32_t y, int32_t z, uint32_t seed, float dx, float dy, float dz) {
  uint32_t hash = corner_hash(x, y, z, seed);
  float gx = (float)(int32_t)(hash & 1023u) * (2.0f / 1023.0f) - 1.0f;
  float gy = (float)(int32_t)(hash >> 10 & 1023u) * (2.0f / 1023.0f) - 1.0f;
  float gz = (float)(int32_t)(hash >> 20 & 1023u) * (2.0f / 1023.0f) - 1.0f;
  return gx * dx + gy * dy + gz * dz;
}

CANALIS_INLINE float fade(float t) { return t * t * t * (t * (t * 6.0f - 15.0f) + 10.0f); }

CANALIS_INLINE float gradient_noise(float x, float y, float z, uint32_t seed) {
  // Truncation with a correction: floorf without SSE4 is a call.
  int32_t ix = (int32_t)x, iy = (int32_t)y, iz = (int32_t)z;
  ix -= (float)ix > x;
  iy -= (float)iy > y;
  iz -= (float)iz > z;
  float fx = x - (float)ix, fy = y - (float)iy, fz = z - (float)iz;
  float u = fade(fx), v = fade(fy), w = fade(fz);
  float c000 = corner_value(ix, iy, iz, seed, fx, fy, fz);
  float c100 = corner_value(ix + 1, iy, iz, seed, fx - 1, fy, fz);
  float c010 = corner_value(ix, iy + 1, iz, seed, fx, fy - 1, fz);
  float c110 = corner_value(ix + 1, iy + 1, iz, seed, fx - 1, fy - 1, fz);
  float c001 = corner_value(ix, iy, iz + 1, seed, fx, fy, fz - 1);
  float c101 = corner_value(ix + 1, iy, iz + 1, seed, fx - 1, fy, fz - 1);
  float c011 = corner_value(ix, iy + 1, iz + 1, seed, fx, fy - 1, fz - 1);
  float c111 = corner_value(ix + 1, iy + 1, iz + 1, seed, fx - 1, fy - 1, fz - 1);
  float x00 = c000 + u * (c100 - c000), x10 = c010 + u * (c110 - c010);
  float x01 = c001 + u * (c101 - c001), x11 = c011 + u * (c111 - c011);
  float y0 = x00 + v * (x10 - x00), y1 = x01 + v * (x11 - x01);
  return 3.2f * (y0 + w * (y1 - y0));
}

CANALIS_CLONES
void canalis_gradient_noise_row(
    float *restrict out, ptrdiff_t count, int32_t first, float x, float y, float z, float step_x, float step_y,
    float step_z, uint32_t seed, float amplitude) {
  for (ptrdiff_t i = 0; i < count; i++) {
    float t = (float)(first + (int32_t)i);
    out[i] += amplitude * gradient_noise(x + t * step_x, y + t * step_y, z + t * step_z, seed);
  }
}

float canalis_gradient_noise(float x, float y, float z, uint32_t seed) { return gradient_noise(x, y, z, seed); }

CANALIS_CLONES
void canalis_white_noise_row(
    float *restrict out, ptrdiff_t count, int32_t first, int32_t row, int32_t slice, uint32_t seed) {
  for (ptrdiff_t i = 0; i < count; i++) {
    uint32_t one = corner_hash(first + (int32_t)i, row, slice, seed);
    uint32_t two = scramble(one ^ 0x68E31DA4u);
    // The sum of four even draws of deviation 65536 / sqrt(12), less its mean, over its deviation.
    int32_t sum = (int32_t)(one & 0xFFFFu) + (int32_t)(one >> 16) + (int32_t)(two & 0xFFFFu) + (int32_t)(two >> 16);
    out[i] = (float)(sum - 131070) * (1.0f / 37837.5f);
  }
}

CANALIS_CLONES
void canalis_filter_lines(
    const float *restrict in, float *restrict out, ptrdiff_t count, ptrdiff_t stride, const float *restrict taps,
    ptrdiff_t tap_count) {
  for (ptrdiff_t i = 0; i < count; i++) out[i] = taps[0] * in[i];
  for (ptrdiff_t t = 1; t < tap_count; t++) {
    const float *shifted = in + t * stride;
    float tap = taps[t];
    for (ptrdiff_t i = 0; i < count; i++) out[i] += tap * shifted[i];
  }
}

CANALIS_CLONES
void canalis_streak_row(
    float *restrict out, ptrdiff_t count, int32_t first, float dx, float dy, float step, float cosine, float sine,
    float width, float spread, float reach, float amplitude) {
  for (ptrdiff_t i = 0; i < count; i++) {
    float x = dx + (float)(first + (int32_t)i) * step;
    float along = cosine * x + sine * dy;
    float across = cosine * dy - sine * x;
    float distance = along < 0 ? -along : along;
    float q = across / (width + spread * distance);
    float bell = 1.0f / (1.0f + q * q);
    out[i] += amplitude * bell * bell / (1.0f + distance / reach);
  }
}
