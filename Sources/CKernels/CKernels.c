#include "CKernels.h"

#include <malloc.h>
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
// Rows of the source that one row of a plane reads at most, where rows are transformed, and terms of a row of output.
enum { ck_most_rows = 8 };
// Weights, in floats, that stay in a second cache beside what they multiply.
enum { ck_most_near_weights = 1 << 17 };
// Stands for rows outside a source; a padded row has at most as many values.
static const float ck_zeros[2 * ck_longest_row];

// What a thread convolves and then stores at once: some rows of one slice's results, for some tiles of output channels.
typedef struct {
  int64_t slice, rows_begin, rows_end, tiles_begin, tiles_end;
  float *planes;   // the thread's own
  float *results;  // `[phase][tiles of the block * tile][result_plane]`
} ck_block;

typedef struct {
  void (*gather)(const ck_slab *slab, int64_t channel, int64_t slice);
  void (*transform)(const ck_slab *slab, const ck_block *block, int64_t slice);
  void (*convolve)(const ck_slab *slab, const ck_block *block, int64_t phase);
  void (*scatter)(const ck_slab *slab, const ck_block *block, int64_t channel);
  void (*scan_head)(const ck_scan *scan, int64_t head);
  int tile_channels, tile_run, tile_vectors;
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
int ck_tile_vectors(int isa) { return all_kernels[isa]->tile_vectors; }

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

void ck_trim(void) { malloc_trim(0); }

typedef struct {
  const ck_slab *slab;
  const ck_kernels *kernels;
  int64_t phases, blocks, depth_parts, tile_groups;
  _Atomic int64_t next_thread, next_gather, next_task;
} slab_work;

static int64_t least(int64_t a, int64_t b) { return a < b ? a : b; }
static int64_t most(int64_t a, int64_t b) { return a > b ? a : b; }

// A task: a block of rows through some slices, for some tiles of output channels.
static void run_task(const slab_work *work, int64_t task, float *room) {
  const ck_slab *s = work->slab;
  const int64_t group = task % work->tile_groups, number = task / work->tile_groups % work->blocks;
  const int64_t first_row = s->result_begin + number * s->block_rows;
  const int64_t part = task / work->tile_groups / work->blocks, slices = s->output_end - s->output_begin;
  const int64_t tile = work->kernels->tile_channels;
  ck_block block = {
      .rows_begin = first_row, .rows_end = least(first_row + s->block_rows, s->result_end),
      .tiles_begin = group * s->output_tiles / work->tile_groups,
      .tiles_end = (group + 1) * s->output_tiles / work->tile_groups, .planes = room,
      .results = room + s->result_start};
  const int64_t last_channel = least(block.tiles_end * tile, s->output_channels);
  const int64_t end = s->output_begin + (part + 1) * slices / work->depth_parts;
  int64_t transformed = INT64_MIN;
  for (block.slice = s->output_begin + part * slices / work->depth_parts; block.slice < end; block.slice++) {
    const int64_t first = block.slice * s->depth_stride - s->slot_origin;
    for (transformed = most(transformed, first); transformed < first + s->own_slots; transformed++)
      work->kernels->transform(s, &block, transformed);
    for (int64_t phase = 0; phase < work->phases; phase++) work->kernels->convolve(s, &block, phase);
    for (int64_t channel = block.tiles_begin * tile; channel < last_channel; channel++)
      work->kernels->scatter(s, &block, channel);
  }
}

static void slab_body(void *context) {
  slab_work *work = context;
  const ck_slab *s = work->slab;
  const int64_t slices = s->gather_end - s->gather_begin, channels = s->channels + s->ones_channel;
  for (int64_t i; (i = atomic_fetch_add(&work->next_gather, 1)) < slices * channels;)
    work->kernels->gather(s, i / slices, s->gather_begin + i % slices);
  const int64_t tasks = work->depth_parts * work->blocks * work->tile_groups;
  if (tasks == 0) return;
  GOMP_barrier();
  float *const room = s->rooms + atomic_fetch_add(&work->next_thread, 1) * s->room_stride;
  for (int64_t task; (task = atomic_fetch_add(&work->next_task, 1)) < tasks;) run_task(work, task, room);
}

void ck_run_slab(const ck_slab *s, int threads) {
  slab_work work = {.slab = s, .kernels = all_kernels[s->isa]};
  if (s->block_rows) {
    work.phases = s->phase_depth * s->phase_height * s->phase_width * s->terms;
    work.blocks = (s->result_end - s->result_begin + s->block_rows - 1) / s->block_rows;
    // Slices that are transformed for one task are transformed again for the next: few parts, where rows are.
    const int64_t slices = s->output_end - s->output_begin, wanted = 4 * (int64_t)threads;
    const int64_t most_parts = s->own_slots > 1 ? (slices + 3) / 4 : slices;
    work.depth_parts = least(most_parts, (wanted + work.blocks - 1) / work.blocks);
    // Few tasks that are not as many for each thread as for the others are halved.
    const int64_t whole = work.depth_parts * work.blocks;
    if (whole % threads && whole < wanted * 2 && slices >= 4 * work.depth_parts) work.depth_parts *= 2;
    // Where there are still so few that threads would be idle, the output channels are shared out too.
    const int64_t tasks = most(1, work.depth_parts * work.blocks);
    // Each group transforms the rows again, so there are few. A pointwise convolution's source is read once: it may be
    // written back.
    work.tile_groups = s->is_pointwise ? 1 : least(s->output_tiles, (2 * (int64_t)threads + tasks - 1) / tasks);
  }
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
