#include "CPNGReader.h"

#include <png.h>
#include <string.h>

bool png_decode_rgb(
  const uint8_t *bytes, size_t count, uint8_t *pixels, size_t capacity, uint32_t *width, uint32_t *height) {
  png_image image;
  memset(&image, 0, sizeof image);
  image.version = PNG_IMAGE_VERSION;
  if (!png_image_begin_read_from_memory(&image, bytes, count)) return false;
  image.format = PNG_FORMAT_RGB;
  *width = image.width;
  *height = image.height;
  if (PNG_IMAGE_SIZE(image) > capacity) {
    png_image_free(&image);
    return false;
  }
  return png_image_finish_read(&image, NULL, pixels, 0, NULL) != 0;
}
