#include "CPNG.h"

#include <png.h>
#include <stdio.h>
#include <string.h>

static png_image described(uint32_t width, uint32_t height) {
  png_image image;
  memset(&image, 0, sizeof image);
  image.version = PNG_IMAGE_VERSION;
  image.width = width;
  image.height = height;
  image.format = PNG_FORMAT_RGB;
  return image;
}

size_t png_encoded_bound(uint32_t width, uint32_t height) {
  if (width == 0 || height == 0 || width > 65536 || height > 65536) return 0;
  png_image image = described(width, height);
  return PNG_IMAGE_PNG_SIZE_MAX(image);
}

size_t png_encode_rgb(
  const uint8_t *pixels, uint32_t width, uint32_t height, uint8_t *output, size_t capacity, char message[64]) {
  png_image image = described(width, height);
  png_alloc_size_t size = capacity;
  if (png_image_write_to_memory(&image, output, &size, 0, pixels, 0, NULL)) return size;
  snprintf(message, 64, "%s", image.message[0] != '\0' ? image.message : "the picture does not fit");
  return 0;
}
