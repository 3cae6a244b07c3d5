// The kernels' bodies, included once for each instruction set with these macros set:
//   WIDTH   floats of a vector
//   TILE    output channels of a convolution tile
//   RUN     vectors along a row of a convolution tile
//   NAME(x) the name of x for the instruction set
// and optionally
//   MULTIPLY_ADD_3(sums, weight, x) adds weight times three vectors to three sums
#include <math.h>
#include <string.h>

#define UNROLL _Pragma("clang loop unroll(full)")
#define INLINE static inline __attribute__((always_inline))

typedef float NAME(vector) __attribute__((ext_vector_type(WIDTH), aligned(4)));
typedef float NAME(aligned) __attribute__((ext_vector_type(WIDTH)));
typedef double NAME(wide) __attribute__((ext_vector_type(WIDTH), aligned(8)));

#include "GatherBody.h"

#include "ConvolveBody.h"

#include "StoreBody.h"

#include "ScanBody.h"

static const ck_kernels NAME(kernels) = {
    .gather = NAME(gather), .transform = NAME(transform), .convolve = NAME(convolve), .scatter = NAME(scatter),
    .scan_head = NAME(scan_head),
    .tile_channels = TILE, .tile_run = RUN * WIDTH, .tile_vectors = RUN};

#undef UNROLL
#undef INLINE
