/* ChaCha20 as a generator: every request takes the next nonce, so two requests never share a block of key stream.
 * Source: Bernstein 2008 as in libsodium's crypto_stream_chacha20 (64-bit nonce, 64-bit block counter). */
#include "runtime/prg/prg.h"

#include "runtime/base/bytes.h"
#include "runtime/base/mem.h"
#include "runtime/base/misuse.h"

#include <sodium.h>
#include <string.h>

void cn_prg_init(struct cn_prg *g, const unsigned char seed[32])
{
    memcpy(g->key, seed, sizeof g->key);
    g->nonce = 0;
}

void cn_prg_init_os(struct cn_prg *g)
{
    if (sodium_init() < 0)
        cn_misuse("libsodium cannot be initialised: no source of randomness");
    randombytes_buf(g->key, sizeof g->key);
    g->nonce = 0;
}

void cn_prg_clear(struct cn_prg *g)
{
    cn_mem_wipe(g, sizeof *g);
}

void cn_prg_bytes(struct cn_prg *g, void *out, size_t n)
{
    unsigned char nonce[crypto_stream_chacha20_NONCEBYTES];
    cn_store64(nonce, g->nonce++);
    crypto_stream_chacha20(out, n, nonce, g->key);
}

uint64_t cn_prg_u64(struct cn_prg *g)
{
    unsigned char bytes[8];
    cn_prg_bytes(g, bytes, sizeof bytes);
    return cn_load64(bytes);
}

void cn_prg_fork(struct cn_prg *out, const struct cn_prg *g, const char *label, uint64_t index)
{
    unsigned char message[24] = {0};
    size_t n = strlen(label);
    cn_require(n <= 16);
    memcpy(message, label, n);
    cn_store64(message + 16, index);
    struct cn_prg forked = {.nonce = 0}; /* out may be g */
    if (crypto_generichash(forked.key, sizeof forked.key, message, sizeof message, g->key, sizeof g->key) != 0)
        cn_misuse("BLAKE2b refused its arguments");
    *out = forked;
    cn_prg_clear(&forked);
}
