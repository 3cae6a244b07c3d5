#pragma once

#include <stddef.h>
#include <stdint.h>

/// An upper bound of the bytes of a picture; 0 if it is larger than PNG allows here.
size_t png_encoded_bound(uint32_t width, uint32_t height);

/// Encodes 8-bit red, green, blue pixels, row by row from the top, as PNG.
///
/// Returns the number of bytes written to `output`; 0 on failure, with the reason in `message`.
size_t png_encode_rgb(
  const uint8_t *pixels, uint32_t width, uint32_t height, uint8_t *output, size_t capacity, char message[64]);
