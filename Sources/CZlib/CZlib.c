#include "CZlib.h"

int canalis_deflate_gzip_begin(z_stream *stream, int level) {
  // 15 bits of window, 16 more for a gzip wrapper; zlib's default header has time 0 and no name.
  return deflateInit2(stream, level, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);
}
