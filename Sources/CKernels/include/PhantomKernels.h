#pragma once
#include <stddef.h>
#include <stdint.h>

// Adds amplitude * gradient noise (about -1 to 1, wavelength about 1) at (x, y, z) + i * step for the count numbers i
// from first.
void canalis_gradient_noise_row(
    float *_Nonnull out, ptrdiff_t count, int32_t first, float x, float y, float z, float step_x, float step_y,
    float step_z, uint32_t seed, float amplitude);

// The same noise at one place.
float canalis_gradient_noise(float x, float y, float z, uint32_t seed);

// Writes noise of mean 0 and deviation 1 for the voxels first..<first + count of a row; a function of the indices.
void canalis_white_noise_row(
    float *_Nonnull out, ptrdiff_t count, int32_t first, int32_t row, int32_t slice, uint32_t seed);

// out[i] = sum over t of taps[t] * in[i + t * stride], for i in 0..<count; tap_count is at least 1.
void canalis_filter_lines(
    const float *_Nonnull in, float *_Nonnull out, ptrdiff_t count, ptrdiff_t stride, const float *_Nonnull taps,
    ptrdiff_t tap_count);

// Adds a streak through the origin in the direction (cosine, sine) to a row of places (dx + i * step, dy), for the
// count numbers i from first.
void canalis_streak_row(
    float *_Nonnull out, ptrdiff_t count, int32_t first, float dx, float dy, float step, float cosine, float sine,
    float width, float spread, float reach, float amplitude);
