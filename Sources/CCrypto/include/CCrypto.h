#pragma once
#include <stddef.h>
#include <stdint.h>

/// SHA-256 over any number of pieces.
typedef struct canalis_sha256 canalis_sha256;

/// Begins a digest; NULL when there is no memory. To be given to canalis_sha256_free.
canalis_sha256 *_Nullable canalis_sha256_new(void);

/// Takes the next `count` bytes. Returns 1, or 0 on failure.
int canalis_sha256_update(canalis_sha256 *_Nonnull digest, const void *_Nullable bytes, size_t count);

/// Ends the digest and writes its 32 bytes. Returns 1, or 0 on failure. No update may follow.
int canalis_sha256_final(canalis_sha256 *_Nonnull digest, uint8_t *_Nonnull result);

/// Gives back what canalis_sha256_new returned.
void canalis_sha256_free(canalis_sha256 *_Nullable digest);
