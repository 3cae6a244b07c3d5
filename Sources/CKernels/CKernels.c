#include "CKernels.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mman.h>

// The OpenMP runtime that oneDNN and OpenBLAS use: one pool of threads for all.
extern void GOMP_parallel(void (*body)(void *), void *context, unsigned threads, unsigned flags);
extern void GOMP_barrier(void);
extern int omp_get_max_threads(void);
extern void omp_set_num_threads(int threads);

// No row of a patch is longer: plans are held to it before anything is built.
enum { ck_longest_row = 4096 };
// Products of a convolution that are summed before they are added to the total.
enum { ck_summands = 64 };
// Rows of the source that one row of all planes together reads at most, where rows are transformed; a power of two.
enum { ck_most_rows = 8 };

typedef struct {
  void (*gather)(const ck_slab *slab, int64_t channel, int64_t slice);
  void (*convolve)(
      const ck_slab *slab, int64_t slice, int64_t phase, int64_t begin, int64_t end, int64_t tile_begin,
      int64_t tile_end);
  void (*scatter)(const ck_slab *slab, int64_t slice, int64_t channel);
  void (*scan_head)(const ck_scan *scan, int64_t head);
  int tile_channels, tile_run, vector;
} ck_kernels;

#define WIDTH 4
#define TILE 4
#define RUN 3
#define NAME(x) x##_sse2
#include "KernelBodies.h"
#undef WIDTH
#undef TILE
#undef RUN
#undef NAME

#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#define WIDTH 8
#define TILE 4
#define RUN 3
#define NAME(x) x##_avx2
// Twelve sums, three inputs and a weight are all sixteen registers; the compiler, left to itself, loads weights ahead and
// spills sums.
#define MULTIPLY_ADD_3(sums, weight, x) \
  do { \
    vector_avx2 scratch; \
    __asm__("vbroadcastss %[w], %[t]\n\tvfmadd231ps %[x0], %[t], %[s0]\n\t" \
            "vfmadd231ps %[x1], %[t], %[s1]\n\tvfmadd231ps %[x2], %[t], %[s2]" \
            : [s0] "+x"(sums[0]), [s1] "+x"(sums[1]), [s2] "+x"(sums[2]), [t] "=&x"(scratch) \
            : [w] "m"(weight), [x0] "x"(x[0]), [x1] "x"(x[1]), [x2] "x"(x[2])); \
  } while (0)
#include "KernelBodies.h"
#undef MULTIPLY_ADD_3
#undef WIDTH
#undef TILE
#undef RUN
#undef NAME
#pragma clang attribute pop

#pragma clang attribute push( \
    __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx2,fma"))), \
    apply_to = function)
#define WIDTH 16
#define TILE 8
#define RUN 3
#define NAME(x) x##_avx512
#include "KernelBodies.h"
#undef WIDTH
#undef TILE
#undef RUN
#undef NAME
#pragma clang attribute pop

static const ck_kernels *const all_kernels[] = {&kernels_sse2, &kernels_avx2, &kernels_avx512};

int ck_best_isa(void) {
  __builtin_cpu_init();
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq")
      && __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("fma"))
    return ck_isa_avx512;
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return ck_isa_avx2;
  return ck_isa_sse2;
}

int ck_tile_channels(int isa) { return all_kernels[isa]->tile_channels; }
int ck_tile_run(int isa) { return all_kernels[isa]->tile_run; }

void ck_parallel(int threads, void (*body)(void *context), void *context) {
  GOMP_parallel(body, context, threads < 1 ? 1u : (unsigned)threads, 0);
}

int ck_available_threads(void) { return omp_get_max_threads(); }
void ck_set_threads(int threads) { omp_set_num_threads(threads < 1 ? 1 : threads); }

void *ck_allocate(size_t bytes) {
  void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) return NULL;
  if (bytes >= (size_t)4 << 20) madvise(memory, bytes, MADV_HUGEPAGE);
  return memory;
}

void ck_free(void *memory, size_t bytes) {
  if (memory) munmap(memory, bytes);
}

typedef struct {
  const ck_slab *slab;
  const ck_kernels *kernels;
  int64_t segment, segments, tile_groups;
  int threads;
  _Atomic int64_t next_gather, next_convolve, next_scatter;
} slab_work;

static int64_t least(int64_t a, int64_t b) { return a < b ? a : b; }

static void slab_body(void *context) {
  slab_work *work = context;
  const ck_slab *s = work->slab;
  const int64_t slices = s->gather_end - s->gather_begin, channels = s->channels + s->ones_channel;
  for (int64_t i; (i = atomic_fetch_add(&work->next_gather, 1)) < slices * channels;)
    work->kernels->gather(s, i / slices, s->gather_begin + i % slices);
  const int64_t phases = s->phase_depth * s->phase_height * s->phase_width * s->terms;
  if (phases == 0) return;
  GOMP_barrier();
  const int64_t outputs = s->output_end - s->output_begin, groups = work->tile_groups;
  const int64_t run = (s->result_height - 1) * s->pitch + s->output_width;
  const int64_t tasks = outputs * work->segments * phases * groups;
  for (int64_t i; (i = atomic_fetch_add(&work->next_convolve, 1)) < tasks;) {
    const int64_t group = i % groups, phase = i / groups % phases;
    const int64_t segment = i / groups / phases % work->segments, slice = i / groups / phases / work->segments;
    const int64_t begin = segment * work->segment;
    work->kernels->convolve(
        s, s->output_begin + slice, phase, begin, least(run, begin + work->segment), group * s->output_tiles / groups,
        (group + 1) * s->output_tiles / groups);
  }
  GOMP_barrier();
  for (int64_t i; (i = atomic_fetch_add(&work->next_scatter, 1)) < outputs * s->output_channels;)
    work->kernels->scatter(s, s->output_begin + i / s->output_channels, i % s->output_channels);
}

void ck_run_slab(const ck_slab *slab, int threads) {
  slab_work work = {.slab = slab, .kernels = all_kernels[slab->isa], .threads = threads};
  const int64_t run = (slab->result_height - 1) * slab->pitch + slab->output_width;
  // Eight strips at a time, and where that leaves threads idle, the output channels in groups.
  work.segment = 16 * work.kernels->tile_run;
  work.segments = (run + work.segment - 1) / work.segment;
  const int64_t phases = slab->phase_depth * slab->phase_height * slab->phase_width * slab->terms;
  const int64_t tasks = (slab->output_end - slab->output_begin) * work.segments * phases;
  const int64_t wanted = 8 * (int64_t)threads;
  work.tile_groups = tasks > 0 && tasks < wanted ? least(slab->output_tiles, (wanted + tasks - 1) / tasks) : 1;
  if (work.tile_groups < 1) work.tile_groups = 1;
  ck_parallel(threads, slab_body, &work);
}

typedef struct {
  const ck_scan *scan;
  const ck_kernels *kernels;
  _Atomic int64_t next;
} scan_work;

static void scan_body(void *context) {
  scan_work *work = context;
  for (int64_t head; (head = atomic_fetch_add(&work->next, 1)) < work->scan->heads;)
    work->kernels->scan_head(work->scan, head);
}

void ck_run_scan(const ck_scan *scan, int threads) {
  scan_work work = {.scan = scan, .kernels = all_kernels[scan->isa]};
  ck_parallel(threads, scan_body, &work);
}
