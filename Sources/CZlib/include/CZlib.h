#pragma once
#include <zlib.h>

// zlib's own deflateInit2 is a macro, which Swift does not see.

/// Prepares a stream that writes gzip with no name and no time stamp. Returns Z_OK or zlib's error.
int canalis_deflate_gzip_begin(z_stream *stream, int level);
