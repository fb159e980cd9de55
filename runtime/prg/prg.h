/* A pseudo-random generator: ChaCha20 (libsodium) under a 32-byte seed with a running nonce. Randomness is an argument of
 * every protocol function; programs seed one generator per session from the operating system, tests from a constant.
 * Secret state: cn_prg_clear wipes it. One thread at a time. */
#ifndef RUNTIME_PRG_PRG_H
#define RUNTIME_PRG_PRG_H

#include <stddef.h>
#include <stdint.h>

struct cn_prg {
    unsigned char key[32];
    uint64_t nonce; /* of the next block of output */
};

void cn_prg_init(struct cn_prg *g, const unsigned char seed[32]);
void cn_prg_init_os(struct cn_prg *g); /* from randombytes_buf */
void cn_prg_clear(struct cn_prg *g);
void cn_prg_bytes(struct cn_prg *g, void *out, size_t n);
uint64_t cn_prg_u64(struct cn_prg *g);
/* An independent generator: same seed, same label and index -> same stream. label <= 16 bytes. */
void cn_prg_fork(struct cn_prg *out, const struct cn_prg *g, const char *label, uint64_t index);

#endif
