#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/// Decodes a PNG file to 8-bit red, green, blue, row by row. Returns false if it is none or does not fit.
bool png_decode_rgb(
  const uint8_t *bytes, size_t count, uint8_t *pixels, size_t capacity, uint32_t *width, uint32_t *height);
