#include "CCrypto.h"

#include <openssl/evp.h>
#include <stdlib.h>

struct canalis_sha256 {
  EVP_MD_CTX *context;
};

canalis_sha256 *canalis_sha256_new(void) {
  canalis_sha256 *digest = malloc(sizeof *digest);
  if (digest == NULL) {
    return NULL;
  }
  digest->context = EVP_MD_CTX_new();
  if (digest->context == NULL || EVP_DigestInit_ex(digest->context, EVP_sha256(), NULL) != 1) {
    canalis_sha256_free(digest);
    return NULL;
  }
  return digest;
}

int canalis_sha256_update(canalis_sha256 *digest, const void *bytes, size_t count) {
  return count == 0 ? 1 : EVP_DigestUpdate(digest->context, bytes, count) == 1;
}

int canalis_sha256_final(canalis_sha256 *digest, uint8_t *result) {
  return EVP_DigestFinal_ex(digest->context, result, NULL) == 1;
}

void canalis_sha256_free(canalis_sha256 *digest) {
  if (digest != NULL) {
    EVP_MD_CTX_free(digest->context);
    free(digest);
  }
}
