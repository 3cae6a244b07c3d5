// Spreads numbered pieces of work over the threads of the shared OpenMP pool.
#pragma once
#include <stdint.h>

// libgomp's entry; clang without -fopenmp does not make the call by itself.
extern void GOMP_parallel(void (*body)(void *), void *data, unsigned threads, unsigned flags);

// Voxels of a piece.
enum { PIECE = 2048 };

static inline int64_t pieces_of(int64_t voxels) { return (voxels + PIECE - 1) / PIECE; }

typedef struct {
  void (*piece)(void *context, int64_t number);
  void *context;
  int64_t count;
  int64_t next;
} CanalisPieces;

static inline void canalis_run_pieces(void *argument) {
  CanalisPieces *pieces = argument;
  for (;;) {
    int64_t number = __atomic_fetch_add(&pieces->next, 1, __ATOMIC_RELAXED);
    if (number >= pieces->count) return;
    pieces->piece(pieces->context, number);
  }
}

static inline void canalis_for_pieces(int64_t count, void (*piece)(void *, int64_t), void *context) {
  CanalisPieces pieces = {piece, context, count, 0};
  if (count <= 1) {
    canalis_run_pieces(&pieces);
  } else {
    GOMP_parallel(canalis_run_pieces, &pieces, 0, 0);
  }
}

#define CANALIS_CLONES __attribute__((target_clones("default", "arch=x86-64-v3", "arch=x86-64-v4")))
#define CANALIS_INLINE static inline __attribute__((always_inline))
