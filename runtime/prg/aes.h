/* AES-128 (FIPS 197) in three implementations that give the same bits: VAES with AVX-512, AES-NI, and a bitsliced portable
 * one. None has a table or a branch that depends on a secret. The fastest that the CPU has is chosen at run time.
 * On top of them: a counter-mode generator here, the correlation-robust hash in crh.h. */
#ifndef RUNTIME_PRG_AES_H
#define RUNTIME_PRG_AES_H

#include "runtime/prg/block.h"

#include <stdbool.h>
#include <stddef.h>

/* out and in may be the same array, not overlap otherwise. */
struct cn_aes_ops {
    const char *name;
    bool wide; /* the CPU has 512-bit registers (AVX-512 F, BW, DQ, VL) */
    /* out[i] = AES(key, in[i]) */
    void (*encrypt)(cn_block *out, const cn_block *in, cn_block key, size_t n);
    /* crh.h: out[i] = H(key i, in[i]) */
    void (*hash)(cn_block *out, const cn_block *in, cn_block start, uint64_t tweak, size_t n);
    /* crh.h: out0[i] = H(key i, in[i]), out1[i] = H(key i, in[i] xor delta); out0, out1 and in are three arrays */
    void (*hash_pair)(cn_block *out0, cn_block *out1, const cn_block *in, cn_block delta, cn_block start, uint64_t tweak,
                      size_t n);
};

enum cn_aes_kind {
    CN_AES_PORTABLE, /* any CPU */
    CN_AES_NI,       /* AES-NI and AVX */
    CN_AES_VAES,     /* VAES and AVX-512 F, BW, DQ, VL */
    CN_AES_KINDS
};
bool cn_aes_supported(enum cn_aes_kind kind);               /* by this build and this CPU */
const struct cn_aes_ops *cn_aes_ops(enum cn_aes_kind kind); /* supported kinds only */

/* The one in use: the fastest supported, unless a test has asked for another. Thread-safe. */
const struct cn_aes_ops *cn_aes(void);
void cn_aes_use(enum cn_aes_kind kind); /* for the whole process, supported kinds only; the output stays the same */

/* Counter mode under a secret key: block i of the stream is AES(key, i), i as a little-endian integer. */
struct cn_aes_stream {
    cn_block key;
    uint64_t next;
};
void cn_aes_stream(struct cn_aes_stream *s, cn_block *out, size_t n); /* the next n blocks */

#endif
